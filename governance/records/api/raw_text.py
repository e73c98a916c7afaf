"""Raw text, who has read it, and the keys it is under."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedViewSet
from accounts.api.base import read, without_store
from accounts.api.pagination import LatestPages
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord, RawAccess, TeamKey
from governance.records.services import team_keys
from governance.records.services.raw_text import read_raw
from kernel.clock import utc_now
from kernel.errors import ConflictError


class LookSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(
        min_length=5, max_length=500, help_text="Why. It is kept on record with your name and the time."
    )


class RawTextSerializer(serializers.Serializer[Any]):
    """What was said before masking, in Converse's shape."""

    request = serializers.DictField()
    answer = serializers.ListField(child=serializers.DictField())


class RawTextViewSet(OwnedViewSet):
    """The raw text of a call, where a policy stores it. Every look is on record."""

    http_method_names = ["post"]
    queryset = AuditRecord.objects.all()
    lookup_field = "call_id"
    capabilities = {"look": Capability.READ_RAW}

    @extend_schema(operation_id="calls_raw", request=LookSerializer, responses=RawTextSerializer)
    def look(self, request: Request, call_id: str) -> Response:
        """Reads it. 404 where none is stored, 410 where its key has been erased, 503 where the key can't be had."""
        call = self.get_object()
        reason = read(LookSerializer, request)["reason"]
        said = read_raw(call, user=self.person, reason=reason, via=RawAccess.Via.API)
        return without_store(Response(RawTextSerializer(said).data))


class RawAccessSerializer(serializers.ModelSerializer[RawAccess]):
    class Meta:
        model = RawAccess
        fields = ("id", "call_id", "team", "email", "reason", "via", "created_at")


class RawAccessViewSet(OwnedViewSet):
    """Who has read raw text, when and why, the latest first. Nobody changes or deletes it."""

    queryset = RawAccess.objects.all()
    serializer_class = RawAccessSerializer
    pagination_class = LatestPages


class TeamKeySerializer(serializers.ModelSerializer[TeamKey]):
    is_live = serializers.BooleanField(read_only=True, help_text="Whether new text is encrypted with it.")

    class Meta:
        model = TeamKey
        fields = (
            "id", "team", "generation", "is_live", "provider", "kms_key_id", "created_at", "retired_at", "erased_at",
            "erased_by_email", "erased_reason",
        )  # fmt: skip


class EraseSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(
        min_length=5, max_length=500, help_text="Why. It is shown wherever the text was."
    )
    confirm = serializers.CharField(max_length=200, help_text="The team's name: erasing can't be taken back.")


class TeamKeyViewSet(OwnedViewSet):
    """The keys that raw text is encrypted with. A team gets its first when it is needed; none ever leaves Gatehouse."""

    queryset = TeamKey.objects.select_related("team")
    serializer_class = TeamKeySerializer

    @extend_schema(request=None, responses={201: TeamKeySerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """Makes a new key for the same team, for text from now on; the others still open what is theirs."""
        found: TeamKey = self.get_object()
        made = team_keys.rotate(found.team, now=utc_now())
        return Response(TeamKeySerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=EraseSerializer, responses=TeamKeySerializer)
    @action(detail=True, methods=["post"])
    def erase(self, request: Request, pk: str) -> Response:
        """Deletes the key, and with it, for good, all text under it. 409 where that has been done."""
        found: TeamKey = self.get_object()
        values = read(EraseSerializer, request)
        if values["confirm"] != found.team.name:
            raise serializers.ValidationError({"confirm": f"Write “{found.team.name}” to confirm."})
        erased = team_keys.erase([found], by=self.person, reason=values["reason"], now=utc_now())
        if not erased:
            raise ConflictError("This key had been erased before.")
        return Response(TeamKeySerializer(erased[0]).data)
