from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet, OwnedSerializer, OwnedViewSet
from accounts.access.principals import principal
from accounts.api.fields import UsdField
from accounts.api.filters import filters_by
from accounts.api.pagination import UuidPages
from governance.alerts.models import Alert, AlertChannel, Delivery
from governance.alerts.services.alerts import send_test
from kernel.clock import utc_now


class AlertChannelSerializer(OwnedSerializer):
    class Meta:
        model = AlertChannel
        fields = ("id", "team", "name", "kind", "target", "is_enabled", "created_at")

    def to_representation(self, instance: AlertChannel) -> Any:
        return super().to_representation(instance) | {
            "target": instance.target_for(principal(self.context["request"]))
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.merged(attrs).clean()
        return attrs


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    notice = serializers.DictField(
        child=serializers.CharField(), read_only=True, allow_null=True,
        help_text="Type, text and path, for alerts that are not about a budget.",
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
class AlertChannelViewSet(OwnedModelViewSet):
    """Where alerts on budgets and rollouts go."""

    queryset = AlertChannel.objects.select_related("team")
    serializer_class = AlertChannelSerializer

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


class AlertViewSet(OwnedViewSet):
    """Alerts: a budget's period has reached a threshold, or (threshold 0) is forecast to run out, once each; or a
    prompt's service contract is broken, or kept again."""

    queryset = Alert.objects.select_related(
        "window__budget__team", "window__budget__application", "window__budget__api_key"
    )
    serializer_class = AlertSerializer


class DeliveryViewSet(OwnedViewSet):
    """Deliveries: what became of each alert and test."""

    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer
    pagination_class = UuidPages

    filters = filters_by(Delivery, "channel", "state")
