"""Runs the Bedrock simulator alone."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from embedded.simulator.cli import add_arguments, to_options
from embedded.simulator.server import Options, PortTaken, serve


class Command(BaseCommand):
    help = "Runs a simulator of AWS Bedrock: signed requests, event streams, faults on demand."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        # Django reports a CommandError in one line only from `handle` on, so a wrong variable waits for it.
        self._wrong_variable: ValueError | None = None
        defaults = Options()
        try:
            defaults = Options.from_environment(os.environ)
        except ValueError as error:
            self._wrong_variable = error
        add_arguments(parser, defaults)

    def handle(self, *args: Any, **options: Any) -> None:
        if self._wrong_variable is not None:
            raise CommandError(str(self._wrong_variable))
        try:
            serve(
                to_options(
                    options["host"],
                    options["port"],
                    options["pace"],
                    options["time_to_first_token_ms"],
                    lenient=options["lenient"],
                )
            )
        except PortTaken as error:
            raise CommandError(str(error)) from None
