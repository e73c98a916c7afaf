from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedField, OwnedViewSet
from accounts.api.base import read
from accounts.api.filters import filters_by
from accounts.api.pagination import LatestPages
from accounts.models import Team
from gateway.cache.models import CachePurge
from gateway.cache.services.purging import purge
from prompts.registry.models import Prompt


class CachePurgeSerializer(serializers.ModelSerializer[CachePurge]):
    """What ended entries. Whatever it names had to fit."""

    class Meta:
        model = CachePurge
        fields = (
            "id",
            "team",
            "prompt",
            "route",
            "end_user",
            "uses",
            "older_than",
            "reason",
            "by",
            "at",
            "ended",
        )
        read_only_fields = fields


class NewPurgeSerializer(serializers.Serializer[Any]):
    """What to end: all that fits whatever is named. Without a team it ends what fits of all teams, and is for superusers."""

    team = OwnedField(queryset=Team.objects.all(), required=False, allow_null=True, default=None)
    prompt = OwnedField(
        queryset=Prompt.objects.select_related("team"), required=False, allow_null=True, default=None
    )
    route = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
    end_user = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=200, help_text="What clients send, or a placeholder as pages show it."
    )  # fmt: skip
    uses = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=40, help_text="document:…, base:… or context:…, with its number."
    )  # fmt: skip
    older_than = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Only answers made before then."
    )
    reason = serializers.CharField(max_length=300, help_text="It is kept with the purge.")

    def to_internal_value(self, data: Any) -> Any:
        """Only what is known: a name that is spelt wrong, or is blank, would end far more than was meant."""
        sent = data if isinstance(data, Mapping) else {}
        wrong: dict[str, list[str]] = {
            str(name): [f"There is no such field. A purge takes {', '.join(self.fields)}."]
            for name in sent.keys() - self.fields.keys()
        }
        for name, value in sent.items():
            if isinstance(value, str) and value and not value.strip():
                wrong[name] = ["It is blank. Leave it out to end answers of any."]
        if wrong:
            raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


_EXAMPLE = OpenApiExample(
    "What was answered from a document",
    value={"team": 1, "uses": "document:7", "reason": "The price list was wrong."},
    request_only=True,
)


class CachePurgeViewSet(OwnedViewSet):
    """Purges, the latest first: by people, by erasure, and by documents that changed."""

    queryset = CachePurge.objects.all()
    serializer_class = CachePurgeSerializer
    pagination_class = LatestPages
    filters = filters_by(CachePurge, "team", "prompt")

    @extend_schema(request=NewPurgeSerializer, responses={201: CachePurgeSerializer}, examples=[_EXAMPLE])
    def create(self, request: Request) -> Response:
        """Ends answers. They are given to nobody from this moment on; `ended` counts those deleted so far."""
        values = read(NewPurgeSerializer, request)
        if values["team"] is None and values["prompt"] is not None:
            values["team"] = values["prompt"].team
        self.check_create({"team": values["team"], "prompt": values["prompt"]})
        made = purge(**values, by=self.person)
        return Response(CachePurgeSerializer(made).data, status=status.HTTP_201_CREATED)
