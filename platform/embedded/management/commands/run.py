import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from embedded.configuration import Configuration
from embedded.errors import StartError
from embedded.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[4]


class Command(BaseCommand):
    help = "Runs everything: PostgreSQL, Valkey and a Bedrock simulator where none are configured, and Gatehouse."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            configuration = Configuration.from_environment(os.environ, root=ROOT)
            Supervisor(configuration, os.environ).run()
        except StartError as error:
            self.stderr.write(f"Cannot start: {error}")
            sys.exit(1)
