from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedViewSet
from accounts.api.base import without_store
from accounts.api.bodies import read
from accounts.api.pagination import IdPages
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord, RawAccess
from governance.records.services.raw_text import read_raw


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


class LatestPages(IdPages):
    """The latest first."""

    ordering = "-id"


class RawAccessViewSet(OwnedViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Who has read raw text, when and why, the latest first. Nobody changes or deletes it."""

    http_method_names = ["get", "head"]
    queryset = RawAccess.objects.all()
    serializer_class = RawAccessSerializer
    pagination_class = LatestPages
