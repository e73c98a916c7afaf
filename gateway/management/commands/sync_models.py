from typing import Any

from django.core.management.base import CommandError, CommandParser

from gateway.discovering import RegionRead, read, regions
from gateway.discovery.services.news import tell_endings
from kernel import commands
from kernel.clock import utc_now


class Command(commands.Command):
    help = (
        "Asks Bedrock what its regions have: foundation, custom and imported models, inference profiles, provisioned "
        "throughput, guardrails and knowledge bases; and adds the models and deployments that are new. New ones have no "
        "price: calls to them are refused until you enter one. Quotas are those of Service Quotas, where you have entered none. "
        "Each day the same is looked up by itself, and nothing added."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--region", action="append", metavar="REGION", help="may be repeated; default: all regions in use"
        )
        parser.add_argument(
            "--disable-gone", action="store_true", help="disable deployments that a region no longer offers"
        )
        parser.add_argument(
            "--look-only", action="store_true", help="add no models and deployments: note what is there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["region"] or regions()
        if not wanted:
            raise CommandError("There are no deployments yet: name a region with --region.")
        out: list[str] = []
        for region in wanted:
            found = read(
                region, now=utc_now(), adds=not options["look_only"], disable_gone=options["disable_gone"]
            )
            self._tell(found, disables=options["disable_gone"])
            if found.is_out:
                out.append(f"{region}: {found.noted.problems[0]}")
        tell_endings(now=utc_now())
        if out:
            raise CommandError("Not all regions could be read. " + " ".join(out))

    def _tell(self, found: RegionRead, *, disables: bool) -> None:
        region = found.region
        if found.synced is not None:
            synced = found.synced
            self.stdout.write(
                f"{region}: {len(found.offers)} models offered, {len(synced.new_models)} new models, "
                f"{len(synced.new_deployments)} new deployments, {len(synced.gone)} no longer offered."
            )
            for title, names in (
                ("new model, without limits and price", synced.new_models),
                ("new deployment, without price", synced.new_deployments),
                ("disabled" if disables else "no longer offered", synced.gone),
            ):
                for name in names:
                    self.stdout.write(f"  {title}: {name}")
        self.stdout.write(f"  {region}: {found.noted.number} things listed, {len(found.noted.gone)} gone.")
        if found.quotas:
            self.stdout.write(
                f"  {found.quotas} quotas listed; {found.quotas_changed} deployments have others now."
            )
        for problem in found.noted.problems:
            self.stderr.write(f"  {region}: {problem}")
