"""`manage.py publish_privacy_policy`: puts a policy in force from a file, for those who keep theirs in version control."""

import json
from argparse import ArgumentParser, FileType
from typing import Any

import msgspec
from django.core.management.base import CommandError
from django.db import transaction

from accounts.models import Application, Team
from governance.privacy.models import PrivacyPolicy
from governance.privacy.policy.privacy import decode_policy
from governance.privacy.selectors import Policies
from governance.privacy.services.privacy import policy_document_from, publish, take_up
from kernel import commands


class Command(commands.Command):
    help = "Puts a privacy policy in force as a new version, from a JSON document like `draft` of the management API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=FileType("r"), help="the document; - reads it from standard input")
        parser.add_argument("--team", default="", help="the team it is for; without: the whole organisation")
        parser.add_argument("--application", default="", help="the application of that team it is for")
        parser.add_argument("--reason", required=True, help="why; it stays on record with the version")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        team, application = self._owner(options["team"], options["application"])
        policy, _ = PrivacyPolicy.objects.get_or_create(team=team, application=application)
        try:
            take_up(policy, policy_document_from(json.load(options["file"])))
            version = publish(policy, by=None, reason=options["reason"])
        except (ValueError, msgspec.ValidationError) as error:  # of the JSON, of its shape, of a rule
            raise CommandError(f"The document can't be used: {error}") from error
        self.stdout.write(f"Version {version.number} of {policy} is in force.")
        for line in Policies().overruled(policy, decode_policy(version.document)):
            self.stderr.write(line)

    def _owner(self, team: str, application: str) -> tuple[Team | None, Application | None]:
        if not team:
            if application:
                raise CommandError("Say with --team whose application it is.")
            return None, None
        found = Team.objects.filter(name=team).first()
        if found is None:
            raise CommandError(f"There is no team {team}.")
        if not application:
            return found, None
        its = found.applications.filter(name=application).first()
        if its is None:
            raise CommandError(f"The team {team} has no application {application}.")
        return found, its
