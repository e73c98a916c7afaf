from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gateway.catalogue.services.catalog import load_catalog, read_catalog


class Command(BaseCommand):
    help = "Adds Bedrock's models, deployments, prices and routes where they are missing. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = load_catalog(read_catalog())
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Catalogue: {made.models} models, {made.deployments} deployments, {made.prices} prices "
            f"and {made.routes} routes added."
        )
