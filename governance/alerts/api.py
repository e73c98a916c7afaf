from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import TeamScoped
from accounts.api.fields import FixedTeam, TeamField, UsdField
from accounts.api.pagination import UuidPages
from accounts.selectors.teams import teams_with
from governance.alerts.models import Alert, AlertChannel, Delivery
from governance.alerts.services.alerts import send_test
from governance.limits.api.scoped import filtered
from kernel.clock import utc_now


class _OfTeamOrAll(TeamScoped):
    """Of one's own teams; a superuser's are all."""

    def get_queryset(self) -> QuerySet[Any]:
        if self.person.is_active and self.person.is_superuser:
            return super(TeamScoped, self).get_queryset()
        return super().get_queryset()

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        if not self.person.is_superuser:
            super().check_object_permissions(request, obj)


class AlertChannelSerializer(FixedTeam, serializers.ModelSerializer[AlertChannel]):
    team = TeamField(allow_null=True, required=False)

    class Meta:
        model = AlertChannel
        fields = ("id", "team", "name", "kind", "target", "is_enabled", "created_at")

    def validate_team(self, team: Any) -> Any:
        return None if team is None else super().validate_team(team)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        old = {name: getattr(self.instance, name) for name in ("kind", "target")} if self.instance else {}
        try:
            AlertChannel(**{**old, **attrs}).clean()
        except ModelError as error:
            raise serializers.ValidationError(error.message_dict) from error
        return attrs


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    notice = serializers.DictField(
        child=serializers.CharField(), read_only=True, allow_null=True,
        help_text="What is told, where it is not about a budget: type, text and path.",
    )  # fmt: skip

    class Meta:
        model = Delivery
        fields = (
            "id", "channel", "alert", "notice", "state", "attempts", "next_attempt_at", "last_error", "created_at", "delivered_at",
        )  # fmt: skip


_EXAMPLE = OpenApiExample(
    "A webhook",
    value={"team": 1, "name": "On call", "kind": "webhook", "target": "https://example.com/gatehouse"},
    request_only=True,
)


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class AlertChannelViewSet(
    _OfTeamOrAll,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Where alerts on budgets and rollouts go."""

    queryset = AlertChannel.objects.select_related("team")
    serializer_class = AlertChannelSerializer

    def before_create(self, values: dict[str, Any]) -> None:
        if self.person.is_superuser:
            return
        if values.get("team") is None:
            raise PermissionDenied("Choose a team: channels for all budgets are for superusers.")
        super().before_create(values)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Sends a test. Its delivery tells what becomes of it."""
        delivery = send_test(self.get_object(), now=utc_now())
        return Response(DeliverySerializer(delivery).data, status=status.HTTP_202_ACCEPTED)


class AlertSerializer(serializers.ModelSerializer[Alert]):
    budget = serializers.IntegerField(source="window.budget_id", read_only=True, allow_null=True)
    subject = serializers.CharField(source="window.subject", read_only=True, allow_null=True)
    text = serializers.CharField(source="__str__", read_only=True)
    spent_usd = UsdField(source="spent_nanos")
    limit_usd = UsdField(source="limit_nanos")

    class Meta:
        model = Alert
        fields = (
            "id",
            "kind",
            "text",
            "team",
            "budget",
            "subject",
            "threshold",
            "spent_usd",
            "limit_usd",
            "runs_out_at",
            "created_at",
        )


class AlertViewSet(_OfTeamOrAll, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Alerts: a budget's period has reached a threshold, or (threshold 0) is forecast to run out, once each; or a
    prompt's service contract is broken, or kept again."""

    team_lookup = "window__budget__team"
    queryset = Alert.objects.select_related(
        "window__budget__team", "window__budget__application", "window__budget__api_key"
    )
    serializer_class = AlertSerializer

    def get_queryset(self) -> QuerySet[Any]:
        rows = super(TeamScoped, self).get_queryset()
        if self.person.is_active and self.person.is_superuser:
            return rows
        teams = teams_with(self.person, self.view_capability)
        return rows.filter(Q(window__budget__team__in=teams) | Q(team__in=teams))


class DeliveryFilters(serializers.Serializer[Any]):
    channel = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    state = serializers.ChoiceField(required=False, choices=Delivery.State.choices)


@extend_schema_view(list=extend_schema(parameters=[DeliveryFilters]))
class DeliveryViewSet(_OfTeamOrAll, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Deliveries: what became of each alert and test."""

    team_lookup = "channel__team"
    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer
    pagination_class = UuidPages

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return filtered(self, DeliveryFilters, queryset)
