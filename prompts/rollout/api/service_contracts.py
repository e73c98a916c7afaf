from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer, OwnedViewSet
from accounts.api.fields import UsdField
from accounts.api.filters import filters_by
from prompts.rollout.models import ContractBreach, ServiceContract


class ServiceContractSerializer(OwnedSerializer):
    """What is null is not promised. Percentages are decimal strings."""

    max_cost_usd = UsdField(source="max_cost_nanos", required=False, allow_null=True)

    class Meta:
        model = ServiceContract
        fields = (
            "id", "prompt", "is_enabled", "p95_ms", "availability", "max_cost_usd", "format_percent", "when_unsure",
            "fallback_percent", "window_minutes", "minimum_calls", "checked_at", "measured", "seen",
            "created_at",
        )  # fmt: skip
        read_only_fields = ("checked_at", "measured", "seen")


_EXAMPLE = OpenApiExample(
    "A contract",
    value={
        "prompt": 1, "p95_ms": 3000, "availability": "99.5", "max_cost_usd": "0.01", "format_percent": "99",
        "when_unsure": "fallback", "fallback_percent": "5",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class ServiceContractViewSet(OwnedModelViewSet):
    """What prompts promise to their callers, and whether they keep it."""

    queryset = ServiceContract.objects.select_related("prompt__team")
    serializer_class = ServiceContractSerializer


class BreachSerializer(serializers.ModelSerializer[ContractBreach]):
    class Meta:
        model = ContractBreach
        fields = ("id", "contract", "term", "promised", "measured", "calls", "started_at", "ended_at")


class ContractBreachViewSet(OwnedViewSet):
    """Promises that were not kept, and from when to when."""

    queryset = ContractBreach.objects.select_related("contract__prompt__team")
    serializer_class = BreachSerializer

    filters = filters_by(ContractBreach, "contract")
