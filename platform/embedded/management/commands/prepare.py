from pathlib import Path
from time import sleep
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from kernel.services_file import read_services


class Command(BaseCommand):
    help = "Migrates the databases, then loads the demonstration once, in one process: what `run` does before it serves."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data-dir", required=True, type=Path, metavar="PATH")
        parser.add_argument("--no-demo", action="store_true")
        parser.add_argument(
            "--wait",
            action="store_true",
            help="begin when the supervisor of the data folder says that its services run",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        while options["wait"] and read_services(options["data_dir"]) is None:
            sleep(0.05)
        for database in connections:
            call_command("migrate", interactive=False, database=database)
        if not options["no_demo"]:
            call_command("load_demo", data_dir=options["data_dir"])
