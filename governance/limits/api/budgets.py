from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet
from accounts.api.fields import UsdField
from accounts.api.filters import filters_by
from governance.limits.api.scoped import SCOPE_FIELDS, ScopedSerializer
from governance.limits.models import Budget, BudgetWindow
from governance.limits.selectors.budgets import current_state, with_state
from kernel.clock import utc_now


class WindowSerializer(serializers.ModelSerializer[BudgetWindow]):
    """One period of a budget. The ledger counts it."""

    spent_usd = UsdField(source="spent_nanos", read_only=True)
    reserved_usd = UsdField(source="reserved_nanos", read_only=True)

    class Meta:
        model = BudgetWindow
        fields = ("id", "subject", "starts_at", "ends_at", "spent_usd", "reserved_usd")


class StateSerializer(serializers.Serializer[Any]):
    """A budget in its current period."""

    subject = serializers.CharField(help_text="Whose counter, where each value is counted by itself.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    limit_usd = UsdField(source="limit", help_text="With what is granted for a time.")
    spent_usd = UsdField(source="spent")
    reserved_usd = UsdField(source="reserved")
    left_usd = UsdField(source="left")


class BudgetSerializer(ScopedSerializer):
    limit_usd = UsdField(source="limit_nanos")
    current = serializers.SerializerMethodField(
        help_text="The current period; where each value is counted by itself, of the fullest."
    )

    fixed_fields = (*ScopedSerializer.fixed_fields, "period", "time_zone")

    class Meta:
        model = Budget
        fields = (
            "id",
            "name",
            "limit_usd",
            "period",
            "time_zone",
            "is_hard",
            "when_exceeded",
            "cheaper_model",
            "wait_seconds",
            "alert_thresholds",
            "alert_on_forecast",
            *SCOPE_FIELDS,
            "created_at",
            "current",
        )

    @extend_schema_field(StateSerializer)
    def get_current(self, budget: Budget) -> Any:
        return StateSerializer(current_state(budget, now=utc_now())).data


_EXAMPLE = OpenApiExample(
    "A feature's budget within a team",
    value={"limit_usd": "250.00", "period": "month", "team": 1, "feature": "search", "is_hard": True},
    request_only=True,
)


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class BudgetViewSet(OwnedModelViewSet):
    """Budgets: what some calls may cost in each calendar period."""

    queryset = Budget.objects.select_related("team", "application__team", "api_key")
    serializer_class = BudgetSerializer
    filters = filters_by(Budget, "team", "period", "is_hard")

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related(*with_state(now=utc_now()))

    @extend_schema(responses=WindowSerializer(many=True))
    @action(detail=True)
    def windows(self, request: Request, pk: str) -> Response:
        """The budget's periods so far, each subject's counter by itself."""
        rows = BudgetWindow.objects.filter(budget=self.get_object())
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(WindowSerializer(page or [], many=True).data)
