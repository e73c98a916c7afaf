import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from accounts.models import Application, Team
from accounts.services.api_keys import create_key


class Command(BaseCommand):
    help = "Creates an API key, and the team and application when they are missing; prints the key once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--team", required=True, metavar="NAME")
        parser.add_argument("--application", required=True, metavar="NAME")
        parser.add_argument("--name", default="", help="what the key is for")
        parser.add_argument("--json", action="store_true", help='print {"key": …}')

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            team, _ = Team.objects.get_or_create(name=options["team"])
            application, _ = Application.objects.get_or_create(team=team, name=options["application"])
            text = create_key(application=application, name=options["name"]).text
        self.stdout.write(json.dumps({"key": text}) if options["json"] else text)
