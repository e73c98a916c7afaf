from typing import Any

from gateway.catalogue.services.catalog import load_catalog, read_catalog
from kernel import commands


class Command(commands.Command):
    help = "Adds Bedrock's models, deployments, prices and routes where they are missing. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        made = load_catalog(read_catalog())
        self.stdout.write(
            f"Catalogue: {made.models} models, {made.deployments} deployments, {made.prices} prices "
            f"and {made.routes} routes added."
        )
