from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import UsdField
from governance.selectors.drift import billed, drift
from kernel.clock import utc_now


class SuperuserOnly(BasePermission):
    """One AWS account serves all teams, so what it logs and bills is no single team's."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


class DriftParameters(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        """`from` is no name for an attribute."""
        return {
            name: serializers.DateField(required=False, help_text="The last 31 days unless given. In UTC.")
            for name in ("from", "to")
        }


class DriftSerializer(serializers.Serializer[Any]):
    """One day of one model in one region."""

    day = serializers.DateField()
    model = serializers.CharField()
    region = serializers.CharField()
    calls = serializers.IntegerField()
    recorded_usd = UsdField(source="recorded")
    corrected_usd = UsdField(source="corrected")
    logged_usd = UsdField(source="logged")
    difference_usd = UsdField(source="difference")
    not_in_log = serializers.IntegerField(source="unlogged")
    not_ours = serializers.IntegerField(source="unknown")


class BilledSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    billed_usd = UsdField()


class ReconciliationSerializer(serializers.Serializer[Any]):
    drift = DriftSerializer(many=True)
    bill = BilledSerializer(many=True)


class ReconciliationView(APIView):
    """What was recorded beside what AWS logged and billed."""

    permission_classes = (SuperuserOnly,)

    @extend_schema(parameters=[DriftParameters], responses=ReconciliationSerializer)
    def get(self, request: Request) -> Response:
        """By day, model and region, and the bill by day. For superusers."""
        parameters = DriftParameters(data=request.query_params)
        parameters.is_valid(raise_exception=True)
        until: date = parameters.validated_data.get("to") or utc_now().date() + timedelta(days=1)
        since: date = parameters.validated_data.get("from") or until - timedelta(days=31)
        bill = [{"day": day, "billed_usd": cost} for day, cost in billed(since=since, until=until).items()]
        found = {"drift": drift(since=since, until=until), "bill": bill}
        return Response(ReconciliationSerializer(found).data)
