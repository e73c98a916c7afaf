from typing import Any
from zoneinfo import available_timezones

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import TeamScoped
from accounts.api.fields import FixedTeam, TeamField, UsdField
from governance.models import Budget, BudgetWindow
from governance.selectors.budgets import current_windows, state_of
from kernel.clock import utc_now


class WindowSerializer(serializers.ModelSerializer[BudgetWindow]):
    """One period of a budget. The ledger counts it."""

    spent_usd = UsdField(source="spent_nanos", read_only=True)
    reserved_usd = UsdField(source="reserved_nanos", read_only=True)

    class Meta:
        model = BudgetWindow
        fields = ("id", "starts_at", "ends_at", "spent_usd", "reserved_usd")


class StateSerializer(serializers.Serializer[Any]):
    """A budget in its current period."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    spent_usd = UsdField(source="spent")
    reserved_usd = UsdField(source="reserved")
    left_usd = UsdField(source="left")


class BudgetSerializer(FixedTeam, serializers.ModelSerializer[Budget]):
    team = TeamField()
    limit_usd = UsdField(source="limit_nanos")
    current = serializers.SerializerMethodField()

    class Meta:
        model = Budget
        fields = ("id", "team", "limit_usd", "period", "time_zone", "created_at", "current")

    @extend_schema_field(StateSerializer)
    def get_current(self, budget: Budget) -> Any:
        now = utc_now()
        found = getattr(budget, "current_windows", None)
        if found is None:  # one just made or changed
            found = budget.windows.filter(starts_at__lte=now, ends_at__gt=now)
        return StateSerializer(state_of(budget, found, now=now)).data

    def validate_team(self, team: Any) -> Any:
        team = super().validate_team(team)
        if self.instance is None and Budget.objects.filter(team=team).exists():
            raise serializers.ValidationError("This team has a budget already.")
        return team

    def validate_time_zone(self, name: str) -> str:
        if name not in available_timezones():
            raise serializers.ValidationError("This is no time zone. Try one such as Europe/Berlin.")
        return name


class BudgetViewSet(
    TeamScoped,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Budgets: a team's limit on cost for each calendar period."""

    queryset = Budget.objects.select_related("team")
    serializer_class = BudgetSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related(current_windows(now=utc_now()))

    @extend_schema(responses=WindowSerializer(many=True))
    @action(detail=True)
    def windows(self, request: Request, pk: str) -> Response:
        """The budget's periods so far."""
        rows = BudgetWindow.objects.filter(budget=self.get_object())
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(WindowSerializer(page or [], many=True).data)
