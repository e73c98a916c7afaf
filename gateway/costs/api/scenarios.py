"""Scenarios: from past calls or from nothing, worked out, kept."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.access.principals import principal, team_ids
from accounts.api.base import CheckedField, read, read_query
from accounts.api.fields import IdField, UsdField
from accounts.policy.roles import Capability
from gateway.costs.api.projection import BreakEvenSerializer
from gateway.costs.models import CostScenario
from gateway.costs.policy.choice import choice_from, plain_choice
from gateway.costs.policy.scenario import plain, scenario_from
from gateway.costs.selectors.past import last_days, scenario_of
from gateway.costs.services.analysis import Analysis, analyse
from kernel.clock import utc_now


class ScenarioField(CheckedField):
    """Calls a month, the kinds they are of, their peaks and growth, and what runs beside them. Decimals are texts."""

    def checked(self, data: Any) -> Any:
        return plain(scenario_from(data))


class ChoiceField(CheckedField):
    """Routes to price it at, with batch and direct lists beside them, prices of your own, and provisioned throughput."""

    def checked(self, data: Any) -> Any:
        return plain_choice(choice_from(data))


class AskedSerializer(serializers.Serializer[Any]):
    scenario = ScenarioField()
    choice = ChoiceField()


class PricedWaySerializer(serializers.Serializer[Any]):
    """One way to pay for the scenario."""

    name = serializers.CharField()
    way = serializers.CharField(help_text="on_demand, batch, direct, own or provisioned.")
    per_call_usd = UsdField(help_text="Of the first month, without infrastructure; rounded up.")
    month_usd = serializers.ListField(child=UsdField(), help_text="Each month, with infrastructure.")
    infrastructure_usd = UsdField(help_text="A month's, which is in each of them.")
    owed_after_usd = UsdField(help_text="What commitments still cost after the last month.")
    total_usd = UsdField()
    units = serializers.ListField(child=serializers.IntegerField(), help_text="Model units of each month.")
    price_source = serializers.CharField(help_text="Where the price is from.")
    note = serializers.CharField()


class CrossingSerializer(serializers.Serializer[Any]):
    """Where another way costs no more than the first that was chosen."""

    other = serializers.CharField()
    break_even = BreakEvenSerializer()
    month = serializers.IntegerField(
        allow_null=True, help_text="The month of the scenario that has so many calls."
    )
    cached_share = serializers.FloatField(
        allow_null=True,
        help_text="The part of prompts read from the cache at which both cost the same by the call.",
    )


class AnalysisSerializer(serializers.Serializer[Any]):
    """The ways to pay, the cheapest first."""

    base = serializers.CharField(help_text="What the others are held against.")
    calls = serializers.ListField(child=serializers.IntegerField(), help_text="Of each month.")
    ways = PricedWaySerializer(many=True)
    crossings = CrossingSerializer(many=True)


def analysis_data(found: Analysis) -> dict[str, Any]:
    """The answer, as the API writes it."""
    return {
        "base": found.base,
        "calls": [found.scenario.calls_in(month) for month in range(found.scenario.months)],
        "ways": [
            {
                "name": way.name, "way": way.way, "per_call_usd": -(-way.per_call.numerator // way.per_call.denominator),
                "month_usd": way.months, "infrastructure_usd": way.infrastructure, "owed_after_usd": way.owed_after,
                "total_usd": way.total, "units": way.units, "price_source": way.source, "note": way.note,
            }
            for way in found.ways
        ],
        "crossings": [
            {"other": each.other, "break_even": each.point, "month": each.month, "cached_share": each.cached_share}
            for each in found.crossings
        ],
    }  # fmt: skip


_EXAMPLE = OpenApiExample(
    "A chat that doubles in a year",
    value={
        "scenario": {
            "calls": 100000, "growth": "0.06", "months": 12, "peak_to_mean": "4",
            "kinds": [{"name": "chat", "share": "1", "input_tokens": 2600, "output_tokens": 280, "cached_share": "0.5"}],
            "infrastructure": [{"name": "Machines", "nanos": 150000000000}],
        },
        "choice": {"routes": ["claude-haiku-4-5", "nova-lite"]},
    },
    request_only=True,
)  # fmt: skip


class PastParameters(serializers.Serializer[Any]):
    """Whose calls of the last thirty days."""

    team = IdField(required=False)
    application = IdField(required=False)
    feature = serializers.CharField(required=False, max_length=200)
    route = serializers.CharField(required=False, max_length=200)


class ScenarioView(APIView):
    """A scenario from past calls, and any scenario worked out."""

    @extend_schema(parameters=[PastParameters], responses={200: dict})
    def get(self, request: Request) -> Response:
        """The calls of the last thirty days as a scenario, to be changed and sent back. 404 without calls."""
        asked = read_query(PastParameters, request)
        teams = team_ids(principal(request), Capability.VIEW_USAGE)
        query = last_days(now=utc_now(), teams=teams, filters=asked)
        found = scenario_of(query, zone=ZoneInfo(settings.TIME_ZONE))
        if found is None:
            return Response(
                {"detail": "There were no such calls in the last thirty days.", "code": "not_found"},
                status=404,
            )
        return Response(plain(found))

    @extend_schema(request=AskedSerializer, responses=AnalysisSerializer, examples=[_EXAMPLE])
    def post(self, request: Request) -> Response:
        """What a scenario costs each month at each price list, and where they cross. Nothing is kept."""
        asked = read(AskedSerializer, request)
        return Response(_worked_out(asked))


def _worked_out(asked: dict[str, Any]) -> Any:
    found = analyse(scenario_from(asked["scenario"]), choice_from(asked["choice"]), now=utc_now())
    return AnalysisSerializer(analysis_data(found)).data


class CostScenarioSerializer(OwnedSerializer):
    """A scenario that is kept."""

    scenario = ScenarioField()
    choice = ChoiceField()

    class Meta:
        model = CostScenario
        fields = ("id", "team", "name", "scenario", "choice", "created_at")
        read_only_fields = ("created_at",)


class CostScenarioViewSet(OwnedModelViewSet):
    """Scenarios of teams and of the organisation."""

    queryset = CostScenario.objects.select_related("team")
    serializer_class = CostScenarioSerializer

    @extend_schema(request=None, responses=AnalysisSerializer)
    @action(detail=True, methods=["get"], pagination_class=None)
    def analysis(self, request: Request, pk: str) -> Response:
        """What it costs, at today's prices."""
        row: CostScenario = self.get_object()
        return Response(_worked_out({"scenario": row.scenario, "choice": row.choice}))
