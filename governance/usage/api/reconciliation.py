from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.api import OwnedViewSet
from accounts.access.principals import principal, sees_everything
from accounts.api.base import read_query
from accounts.api.fields import UsdField
from governance.usage.models import AwsImport, LoggedInvocation, RejectedLine
from governance.usage.selectors.drift import drift, unknown_lines, unlogged_calls
from kernel.clock import utc_now
from kernel.replica import may_be_stale


class SuperuserOnly(BasePermission):
    """One AWS account serves all teams, so what it logs and bills is no single team's."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return sees_everything(principal(request))


class PeriodParameters(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        """`from` is no name for an attribute."""
        return {
            "from": serializers.DateField(required=False, help_text="The last 31 days unless given. In UTC."),
            "to": serializers.DateField(
                required=False, help_text="Up to, not including. Tomorrow unless given."
            ),
            **super().get_fields(),
        }


class GapParameters(PeriodParameters):
    model = serializers.CharField(required=False, max_length=300)
    region = serializers.CharField(required=False, max_length=32)


class DriftSerializer(serializers.Serializer[Any]):
    """One day of one model in one region. Null: nothing to compare with."""

    day = serializers.DateField()
    model = serializers.CharField()
    region = serializers.CharField()
    calls = serializers.IntegerField()
    recorded_usd = UsdField(source="recorded")
    corrected_usd = UsdField(source="corrected")
    logged_usd = UsdField(source="logged")
    difference_usd = UsdField(source="difference")
    difference_percent = serializers.FloatField(source="per_cent", allow_null=True)
    billed_usd = UsdField(source="billed", allow_null=True)
    billed_difference_usd = UsdField(source="billed_difference", allow_null=True)
    billed_difference_percent = serializers.FloatField(source="billed_per_cent", allow_null=True)
    not_in_log = serializers.IntegerField(source="unlogged")
    not_ours = serializers.IntegerField(source="unknown")


class ReconciliationSerializer(serializers.Serializer[Any]):
    drift = DriftSerializer(many=True)


class UnloggedCallSerializer(serializers.Serializer[Any]):
    call_id = serializers.UUIDField()
    started_at = serializers.DateTimeField()
    model = serializers.CharField()
    region = serializers.CharField()
    cost_usd = UsdField(source="cost_nanos")
    is_estimated = serializers.BooleanField()


class UnknownLineSerializer(serializers.ModelSerializer[LoggedInvocation]):
    class Meta:
        model = LoggedInvocation
        fields = (
            "request_id", "at", "model", "region", "input_tokens", "output_tokens", "cache_read_tokens",
            "cache_write_tokens", "error",
        )  # fmt: skip


class GapsSerializer(serializers.Serializer[Any]):
    calls_not_in_log = UnloggedCallSerializer(many=True)
    lines_not_ours = UnknownLineSerializer(many=True)


def _period(parameters: dict[str, Any]) -> dict[str, Any]:
    until: date = parameters.get("to") or utc_now().date() + timedelta(days=1)
    return {"since": parameters.get("from") or until - timedelta(days=31), "until": until}


class ReconciliationView(APIView):
    """What was recorded beside what AWS logged and billed."""

    permission_classes = (SuperuserOnly,)

    @may_be_stale
    @extend_schema(parameters=[PeriodParameters], responses=ReconciliationSerializer)
    def get(self, request: Request) -> Response:
        """By day, model and region. For superusers."""
        rows = drift(**_period(read_query(PeriodParameters, request)))
        return Response(ReconciliationSerializer({"drift": rows}).data)


class GapsView(APIView):
    """What is on one side only."""

    permission_classes = (SuperuserOnly,)

    @may_be_stale
    @extend_schema(parameters=[GapParameters], responses=GapsSerializer)
    def get(self, request: Request) -> Response:
        """Calls that are in no log, and logged invocations that are no call: the latest 200 of each. For superusers."""
        given = read_query(GapParameters, request)
        place = {name: given.get(name, "") for name in ("model", "region")}
        found = {
            "calls_not_in_log": unlogged_calls(**_period(given), **place),
            "lines_not_ours": unknown_lines(**_period(given), **place),
        }
        return Response(GapsSerializer(found).data)


class RejectedLineSerializer(serializers.ModelSerializer[RejectedLine]):
    class Meta:
        model = RejectedLine
        fields = ("line", "reason")


class AwsImportSerializer(serializers.ModelSerializer[AwsImport]):
    corrected_usd = UsdField(source="corrected_nanos", read_only=True)

    class Meta:
        model = AwsImport
        fields = (
            "id", "kind", "source", "digest", "is_current", "lines", "taken", "duplicates", "rejected", "matched",
            "corrected", "corrected_usd", "problem", "created_at",
        )  # fmt: skip


class AwsImportDetailSerializer(AwsImportSerializer):
    rejections = RejectedLineSerializer(many=True, read_only=True)

    class Meta(AwsImportSerializer.Meta):
        fields = (*AwsImportSerializer.Meta.fields, "rejections")  # type: ignore[assignment]


class AwsImportViewSet(OwnedViewSet):
    """Objects of AWS's log and bill that were read. One of them has its rejected lines. For superusers."""

    http_method_names = ["get", "head", "options"]
    lookup_value_regex = "[^/.]+"
    queryset = AwsImport.objects.all()

    def get_serializer_class(self) -> Any:
        return AwsImportDetailSerializer if self.action == "retrieve" else AwsImportSerializer
