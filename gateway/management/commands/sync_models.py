from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from gateway.catalogue.models import Deployment
from gateway.catalogue.services.offers import sync_region
from gateway.catalogue.services.quotas import sync_quotas
from gateway.providers.bedrock.offers import ControlPlaneError, list_offers
from gateway.providers.bedrock.quotas import list_quotas
from kernel import commands


class Command(commands.Command):
    help = (
        "Asks Bedrock what its regions offer (ListFoundationModels, ListInferenceProfiles) and adds the models and "
        "deployments that are new. New ones have no price: calls to them are refused until you enter one. Quotas are "
        "those of Service Quotas, where you have entered none."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--region", action="append", metavar="REGION", help="may be repeated; default: all regions in use"
        )
        parser.add_argument(
            "--disable-gone", action="store_true", help="disable deployments that a region no longer offers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        in_use = Deployment.objects.order_by("region").values_list("region", flat=True).distinct()
        regions = options["region"] or list(in_use)
        if not regions:
            raise CommandError("There are no deployments yet: name a region with --region.")
        for region in regions:
            offers = list_offers(region=region, endpoint_url=settings.BEDROCK_ENDPOINT_URL)
            found = sync_region(region=region, offers=offers, disable_gone=options["disable_gone"])
            self.stdout.write(
                f"{region}: {len(offers)} models offered, {len(found.new_models)} new models, "
                f"{len(found.new_deployments)} new deployments, {len(found.gone)} no longer offered."
            )
            for title, names in (
                ("new model, without limits and price", found.new_models),
                ("new deployment, without price", found.new_deployments),
                ("disabled" if options["disable_gone"] else "no longer offered", found.gone),
            ):
                for name in names:
                    self.stdout.write(f"  {title}: {name}")
            self._quotas(region)

    def _quotas(self, region: str) -> None:
        try:
            quotas = list_quotas(region=region, endpoint_url=settings.BEDROCK_ENDPOINT_URL)
        except ControlPlaneError as error:
            self.stderr.write(f"  quotas can't be listed: {error}")
            return
        changed = sync_quotas(region=region, quotas=quotas)
        self.stdout.write(f"  {len(quotas)} quotas listed; {changed} deployments have others now.")
