from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts.models import Team
from gateway.catalogue.models import Route, RouteTarget, TeamInferenceProfile
from gateway.providers.bedrock.profiles import account_id, ensure_profile, profile_name, source_arn
from kernel import commands


class Command(commands.Command):
    help = (
        "Makes an application inference profile in AWS for a team and each deployment of a route, tagged with the team, and "
        "sends the team's calls through it: AWS's bill then tells teams apart. Safe to run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--team", required=True, metavar="NAME")
        parser.add_argument(
            "--route", action="append", metavar="NAME", help="may be repeated; default: all routes"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be made, and make nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(name=options["team"]).first()
        if team is None:
            raise CommandError(f"There is no team “{options['team']}”.")
        names = options["route"]
        if names and (missing := set(names) - set(Route.objects.values_list("name", flat=True))):
            raise CommandError(f"There is no route “{sorted(missing)[0]}”.")
        targets = RouteTarget.objects.filter(
            deployment__is_enabled=True, deployment__arn="", deployment__provider_account=None
        )
        targets = targets.filter(route__name__in=names) if names else targets
        deployments = {target.deployment for target in targets.select_related("deployment__model")}
        self._make(team, sorted(deployments, key=lambda each: each.pk), dry_run=options["dry_run"])

    def _make(self, team: Team, deployments: list[Any], *, dry_run: bool) -> None:
        endpoint = settings.BEDROCK_ENDPOINT_URL
        account = account_id(endpoint)
        for deployment in deployments:
            name = profile_name(team.name, team.pk, deployment.invoke_id)
            if dry_run:
                self.stdout.write(f"{deployment.region}: would make {name}")
                continue
            arn, is_new = ensure_profile(
                region=deployment.region,
                endpoint_url=endpoint,
                name=name,
                copy_from=source_arn(
                    region=deployment.region,
                    invoke_id=deployment.invoke_id,
                    profile=deployment.profile,
                    account=account,
                ),
                team=team.name,
            )
            TeamInferenceProfile.objects.update_or_create(
                team=team, deployment=deployment, defaults={"arn": arn}
            )
            self.stdout.write(f"{deployment.region}: {'made' if is_new else 'found'} {arn}")
        if not dry_run:
            self.stdout.write(
                "Calls of the team go through these now. In AWS's Billing console, activate the cost allocation tag "
                "gatehouse:team; it shows on the bill from then on."
            )
