from typing import Any

from django.core.management.base import BaseCommand

from embedded.start import run


class Command(BaseCommand):
    help = "Runs everything: PostgreSQL, Valkey and a Bedrock simulator where none are configured, and Gatehouse."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        run()
