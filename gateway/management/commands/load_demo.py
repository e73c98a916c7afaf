from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from gateway.demo.load import load_demo
from kernel import commands
from kernel.clock import utc_now


class Command(commands.Command):
    help = "Loads the demonstration once: an organisation, its people, a key, and a month of calls marked as demo."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data-dir",
            required=True,
            type=Path,
            metavar="PATH",
            help="where demo.json, with the password and the key, is written",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            calls = load_demo(data_dir=options["data_dir"], now=utc_now())
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        if calls is None:
            self.stdout.write("The demonstration is loaded already.")
        else:
            self.stdout.write(f"The demonstration is loaded, with {calls} calls.")
