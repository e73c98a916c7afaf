from typing import Any

from gateway.catalogue.services.catalog import load_catalog, read_catalog
from gateway.catalogue.services.direct import offer_all
from kernel import commands


class Command(commands.Command):
    help = "Adds models of Bedrock and of accounts with other providers, deployments, prices and routes that are missing. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        made = load_catalog(read_catalog())
        self.stdout.write(
            f"Catalogue: {made.models} models, {made.deployments} deployments, {made.prices} prices "
            f"and {made.routes} routes added."
        )
        if direct := offer_all():
            self.stdout.write(f"Of accounts with other providers: {direct} deployments added.")
