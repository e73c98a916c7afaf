from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedViewSet
from accounts.api.base import read
from accounts.api.filters import filters_by
from governance.limits.api.amounts import amount_text
from governance.limits.models import Grant
from governance.limits.services import limit_requests
from kernel.clock import utc_now


class ReasonSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=2000, help_text="Why. The requester is notified.")


class GrantSerializer(serializers.ModelSerializer[Grant]):
    amount = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField(help_text="The request that was approved.")

    class Meta:
        model = Grant
        fields = (
            "id", "budget", "rate_limit", "application", "model", "subject", "amount", "starts_at", "ends_at",
            "revoked_at", "revoked_by", "revoke_reason", "request",
        )  # fmt: skip

    @extend_schema_field(serializers.CharField())
    def get_amount(self, grant: Grant) -> str:
        return amount_text(grant)

    def get_request(self, grant: Grant) -> int | None:
        request = getattr(grant, "request", None)
        return request.pk if request else None


class GrantViewSet(OwnedViewSet):
    """What has been granted for a time. Grants end by themselves, or are ended early."""

    queryset = Grant.objects.select_related(
        "budget__team", "rate_limit__team", "application__team", "request"
    )
    serializer_class = GrantSerializer

    filters = filters_by(Grant, "budget", "rate_limit", "application")

    @extend_schema(request=ReasonSerializer, responses=GrantSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Ends a grant now. 409 where it has ended."""
        found: Grant = self.get_object()
        note = read(ReasonSerializer, request)["note"]
        limit_requests.revoke(found, by=self.person, now=utc_now(), reason=note)
        found.refresh_from_db()
        return Response(GrantSerializer(found).data)
