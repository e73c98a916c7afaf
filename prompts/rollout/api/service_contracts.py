from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.api.base import TeamScoped
from accounts.api.fields import UsdField
from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from governance.limits.api.scoped import filtered
from prompts.evaluations.api.test_sets import MAX_ID, PromptField
from prompts.registry.models import Prompt
from prompts.rollout.models import ContractBreach, ServiceContract


class _OfTeamOrShared(TeamScoped):
    """Of prompts of one's own teams; those of shared prompts everybody sees, and superusers change."""

    def get_queryset(self) -> QuerySet[Any]:
        rows = super(TeamScoped, self).get_queryset()
        if self.person.is_active and self.person.is_superuser:
            return rows
        teams = teams_with(self.person, self.view_capability)
        shared = Q(**{self.team_lookup: None}) if teams.exists() else Q(pk__in=())
        return rows.filter(Q(**{f"{self.team_lookup}__in": teams}) | shared)

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        if self.person.is_superuser:
            return
        if self.team_of(obj) is None and request.method not in ("GET", "HEAD", "OPTIONS"):
            raise PermissionDenied("Shared prompts are for superusers to change.")
        if self.team_of(obj) is not None:
            super().check_object_permissions(request, obj)


class ServiceContractSerializer(serializers.ModelSerializer[ServiceContract]):
    """What is null is not promised. Percentages are decimal strings."""

    prompt = PromptField()
    max_cost_usd = UsdField(source="max_cost_nanos", required=False, allow_null=True)

    class Meta:
        model = ServiceContract
        fields = (
            "id", "prompt", "is_enabled", "p95_ms", "availability", "max_cost_usd", "format_percent", "when_unsure",
            "fallback_percent", "window_minutes", "minimum_calls", "checked_at", "measured", "seen",
            "created_at",
        )  # fmt: skip
        read_only_fields = ("checked_at", "measured", "seen")

    def validate_prompt(self, prompt: Prompt) -> Prompt:
        if self.instance is not None and prompt != self.instance.prompt:
            raise serializers.ValidationError("This can't be changed.")
        return prompt


_EXAMPLE = OpenApiExample(
    "A contract",
    value={
        "prompt": 1, "p95_ms": 3000, "availability": "99.5", "max_cost_usd": "0.01", "format_percent": "99",
        "when_unsure": "fallback", "fallback_percent": "5",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class ServiceContractViewSet(
    _OfTeamOrShared,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """What prompts promise to their callers, and whether they keep it."""

    team_lookup = "prompt__team"
    change_capability = Capability.EDIT_PROMPTS
    queryset = ServiceContract.objects.select_related("prompt__team")
    serializer_class = ServiceContractSerializer

    def before_create(self, values: dict[str, Any]) -> None:
        team = values["prompt"].team
        if team is None and not self.person.is_superuser:
            raise PermissionDenied("Shared prompts are for superusers to change.")
        if team is not None:
            self.require(self.change_capability, team)


class BreachSerializer(serializers.ModelSerializer[ContractBreach]):
    class Meta:
        model = ContractBreach
        fields = ("id", "contract", "term", "promised", "measured", "calls", "started_at", "ended_at")


class BreachFilters(serializers.Serializer[Any]):
    contract = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)


@extend_schema_view(list=extend_schema(parameters=[BreachFilters]))
class ContractBreachViewSet(_OfTeamOrShared, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Promises that were not kept, and from when to when."""

    http_method_names = ["get", "head"]
    team_lookup = "contract__prompt__team"
    queryset = ContractBreach.objects.select_related("contract__prompt__team")
    serializer_class = BreachSerializer

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return filtered(self, BreachFilters, queryset)
