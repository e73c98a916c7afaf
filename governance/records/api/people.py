"""The list of whom a team's placeholders stand for."""

from typing import Any, cast

from django.contrib.admin.models import ADDITION
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import FIXED, OwnedField, OwnedModelViewSet, OwnedSerializer
from accounts.api.base import read
from accounts.api.filters import filters_by
from accounts.models import Team
from accounts.policy.roles import Capability
from governance.records.models import KnownPerson
from governance.records.services.known_people import (
    MAX_LENGTH,
    MAX_LINES,
    Entry,
    entry_of,
    keep,
    kept_for,
    names_of_people,
)
from kernel.errors import at


class NameField(serializers.CharField):
    """A name that is opened to be shown; null where its key is gone."""

    def get_attribute(self, instance: KnownPerson) -> Any:
        opened = cast(dict[str, Any], self.context).setdefault("opened", {})
        return names_of_people([instance], opened)[instance.pk]


class KnownPersonSerializer(OwnedSerializer):
    team = OwnedField(queryset=Team.objects.all(), capability=Capability.KNOW_PEOPLE)
    tag = serializers.CharField(
        max_length=MAX_LENGTH,
        write_only=True,
        help_text="What clients send, or a placeholder as pages show it. It is kept as calls keep it. Given once.",
    )
    name = NameField(
        max_length=MAX_LENGTH, required=False, allow_blank=True, allow_null=False,
        help_text="Null where the key that it is encrypted with is gone. Empty when it is made: what clients send.",
    )  # fmt: skip

    class Meta:
        model = KnownPerson
        fields = ("id", "team", "tag", "placeholder", "name", "created_at")
        read_only_fields = ("placeholder",)
        validators = ()

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            if "tag" in values:
                raise serializers.ValidationError({"tag": [FIXED]})
            if "name" in values:
                with at("name"):
                    entry_of(self.instance.placeholder, values["name"])
            return values
        with at("tag"):
            entry = entry_of(values["tag"], values.get("name", ""))
        return {**values, "tag": entry.tag, "name": entry.name}

    def create(self, values: dict[str, Any]) -> KnownPerson:
        return keep(values["team"], [Entry(values["tag"], values["name"])])[0]

    def update(self, person: KnownPerson, values: dict[str, Any]) -> KnownPerson:
        if "name" not in values:
            return person
        return keep(person.team, [entry_of(person.placeholder, values["name"])])[0]


class LineSerializer(serializers.Serializer[Any]):
    tag = serializers.CharField(max_length=MAX_LENGTH)
    name = serializers.CharField(max_length=MAX_LENGTH, required=False, allow_blank=True, default="")


class PeopleImportSerializer(serializers.Serializer[Any]):
    """Many at once. Whoever is on the list gets the name given here."""

    team = OwnedField(queryset=Team.objects.all(), capability=Capability.KNOW_PEOPLE)
    people = serializers.ListField(child=LineSerializer(), allow_empty=False, max_length=MAX_LINES)


class PeopleImportedSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class KnownPersonViewSet(OwnedModelViewSet):
    """Whom a team's placeholders stand for: for its members but viewers; kept by its owners and admins."""

    queryset = KnownPerson.objects.select_related("team", "key__team")
    serializer_class = KnownPersonSerializer
    filters = filters_by(KnownPerson, "team")

    def before_create(self, values: dict[str, Any]) -> None:
        """Nobody is on a list twice. Looked at only now: who may not keep the list learns nothing of who is on it."""
        placeholder = kept_for(values["team"], values["tag"])
        if KnownPerson.objects.filter(team=values["team"], placeholder=placeholder).exists():
            raise serializers.ValidationError(
                {"tag": [f"{placeholder} is on the list: change its name there."]}
            )

    @extend_schema(request=PeopleImportSerializer, responses=PeopleImportedSerializer)
    @action(detail=False, methods=["post"], url_path="import")
    def import_people(self, request: Request) -> Response:
        """Adds many people, all or none."""
        values = read(PeopleImportSerializer, request)
        self.check_create({"team": values["team"]})
        with at("people"):
            entries = [entry_of(line["tag"], line["name"]) for line in values["people"]]
        with transaction.atomic():
            rows = keep(values["team"], entries)
            for row in rows:
                self.record(row, ADDITION, "Imported through the API.")
        return Response({"count": len(rows)})
