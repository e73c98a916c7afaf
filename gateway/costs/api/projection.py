"""What usage would have cost elsewhere. By sums: a scenario (`scenarios.py`) knows more."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.principals import principal, team_ids
from accounts.api.base import read_query
from accounts.api.fields import IdField, UsdField
from accounts.policy.roles import Capability
from gateway.catalogue.models import Price, Route
from gateway.catalogue.policy import Past, PriceEntry, Rates, project
from gateway.catalogue.selectors import price_entry
from gateway.costs.policy.break_even import Line, between
from gateway.costs.policy.scenario import MAX_COMPLEXITY
from governance.usage.policy.usage import UsageQuery
from governance.usage.selectors.usage import total
from kernel.clock import utc_now


class ProjectionParameters(serializers.Serializer[Any]):
    """Which calls, and what to price them at: a route's price, or one's own, or provisioned throughput."""

    team = IdField(required=False)
    feature = serializers.CharField(required=False, max_length=200)
    used_route = serializers.CharField(required=False, max_length=200, help_text="Only calls of this model.")
    route = serializers.CharField(
        required=False, max_length=200, help_text="The model to price the calls at."
    )
    input_usd = UsdField(required=False, help_text="Instead of a route: dollars per million tokens of input.")
    output_usd = UsdField(required=False, help_text="And of output.")
    cache_read_usd = UsdField(required=False, help_text="And read from the prompt cache.")
    cache_hit_rate = serializers.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        help_text="The part of prompts read from the cache. As it was unless given.",
    )
    provisioned_units = serializers.IntegerField(required=False, min_value=1, max_value=10_000)
    provisioned_hourly_usd = UsdField(required=False, help_text="Dollars per model unit and hour.")
    fixed_usd = UsdField(required=False, help_text="What this price costs a month, whatever is called.")
    against = serializers.CharField(
        required=False, max_length=200, help_text="Another model, whose price the first is held against."
    )
    against_input_usd = UsdField(required=False, help_text="Or another price: dollars per million tokens.")
    against_output_usd = UsdField(required=False)
    against_cache_read_usd = UsdField(required=False)
    against_fixed_usd = UsdField(required=False, help_text="What that one costs a month, whatever is called.")
    complexity = serializers.DecimalField(
        required=False, max_digits=8, decimal_places=3, min_value=Decimal("0.1"), max_value=MAX_COMPLEXITY,
        help_text="What the tokens are multiplied by: of calls that will take more than these did.",
    )  # fmt: skip
    infrastructure_usd = UsdField(
        required=False, help_text="What runs beside the calls, in dollars a month: machines, a database."
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name for an attribute."""
        times = {name: serializers.DateTimeField() for name in ("from", "to")}
        return {**times, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        own = "input_usd" in attrs and "output_usd" in attrs
        if own == ("route" in attrs):
            raise serializers.ValidationError(
                "Say what to price the calls at: 'route', or 'input_usd' and 'output_usd'."
            )
        if ("provisioned_units" in attrs) != ("provisioned_hourly_usd" in attrs):
            raise serializers.ValidationError(
                "Provisioned throughput takes both its units and its price an hour."
            )
        typed = {"against_input_usd", "against_output_usd"} & attrs.keys()
        if len(typed) == 1 or (typed and "against" in attrs):
            raise serializers.ValidationError(
                "Say what to hold it against: 'against', or 'against_input_usd' and 'against_output_usd'."
            )
        if "against_fixed_usd" in attrs and not typed and "against" not in attrs:
            raise serializers.ValidationError(
                {
                    "against_fixed_usd": [
                        "Say whose: 'against', or 'against_input_usd' and 'against_output_usd'."
                    ]
                }
            )
        return attrs


class BreakEvenSerializer(serializers.Serializer[Any]):
    """Where the price asked for costs no more than the one it is held against."""

    when = serializers.ChoiceField(choices=("always", "from", "up_to", "never"))
    calls = serializers.IntegerField(allow_null=True, help_text="In 30 days; null for always and never.")
    why = serializers.CharField()


class ProjectionSerializer(serializers.Serializer[Any]):
    calls = serializers.IntegerField()
    was_usd = UsdField(help_text="What these calls cost.")
    cost_usd = UsdField(help_text="What they would have cost.")
    per_call_usd = UsdField()
    month_usd = UsdField(help_text="At the same pace, in 30 days.")
    was_month_usd = UsdField()
    break_even_calls = serializers.IntegerField(
        allow_null=True,
        help_text="Calls in 30 days from which provisioned throughput costs no more than paying by token; or from, or up to, which the "
        "price costs no more than the one it is held against.",
    )
    break_even = BreakEvenSerializer(
        allow_null=True, help_text="The same in words; null where nothing is compared."
    )
    against_month_usd = UsdField(allow_null=True, help_text="What the other price comes to in 30 days.")
    month_with_infrastructure_usd = UsdField()


class ProjectionView(APIView):
    """What usage would have cost."""

    @extend_schema(
        parameters=[ProjectionParameters],
        responses=ProjectionSerializer,
        examples=[
            OpenApiExample(
                "A cheaper model",
                value={"calls": 1200, "was_usd": "12.5", "cost_usd": "2.1"},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """The calls of a range, priced otherwise. Sums know no single call, so the usual rates are taken, not those of long prompts."""
        asked = read_query(ProjectionParameters, request)
        teams = team_ids(principal(request), Capability.VIEW_USAGE)
        filters: dict[str, Any] = {name: asked[name] for name in ("team", "feature") if name in asked}
        if "used_route" in asked:
            filters["route"] = asked["used_route"]
        query = UsageQuery(since=asked["from"], until=asked["to"], teams=teams, filters=filters)
        sums = total(query, zone=ZoneInfo(settings.TIME_ZONE))
        past = Past(
            days=(query.until - query.since).total_seconds() / 86_400,
            calls=sums.calls - sums.refused,
            prompt_tokens=sums.prompt_tokens,
            cache_read_tokens=sums.cache_read_tokens,
            output_tokens=sums.output_tokens,
            cost_nanos=sums.cost_nanos,
        )
        found = _projected(past, asked)
        return Response(ProjectionSerializer(found).data)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of two prices: what all of the calls cost by it, and what it costs a month besides, in nano-dollars."""

    by_call: int
    fixed: int

    def line(self, calls: int) -> Line:
        return Line(self.fixed, Fraction(self.by_call, max(1, calls)))


def _projected(past: Past, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer, whole."""
    hit = asked.get("cache_hit_rate")
    hourly = asked.get("provisioned_units", 0) * asked.get("provisioned_hourly_usd", 0)
    times = _multiplied(past, Fraction(asked.get("complexity", 1)))
    price = _price(asked, "")
    found = project(times, price, cache_hit_rate=hit, fixed_hourly_nanos=hourly)
    own = _Side(project(times, price, cache_hit_rate=hit).cost_nanos, asked.get("fixed_usd", 0))
    month = found.month_nanos + own.fixed
    point, other_month = None, None
    if "against" in asked or "against_input_usd" in asked:
        at_other = project(times, _price(asked, "against_"), cache_hit_rate=hit)
        other = _Side(at_other.cost_nanos, asked.get("against_fixed_usd", 0))
        other_month = at_other.month_nanos + other.fixed
        if past.calls:
            fixed_line = Line(hourly * 720 + own.fixed, Fraction(0)) if hourly else own.line(past.calls)
            point = between(other.line(past.calls), fixed_line)
    elif hourly and past.calls:
        point = between(Line(0, Fraction(own.by_call, past.calls)), Line(hourly * 720, Fraction(0)))
    return {
        "calls": past.calls, "was_usd": past.cost_nanos, "cost_usd": found.cost_nanos,
        "per_call_usd": found.per_call_nanos, "month_usd": month, "was_month_usd": found.was_month_nanos,
        "break_even_calls": point.calls if point else found.break_even_calls, "break_even": point,
        "against_month_usd": other_month, "month_with_infrastructure_usd": month + asked.get("infrastructure_usd", 0),
    }  # fmt: skip


def _multiplied(past: Past, complexity: Fraction) -> Past:
    return replace(
        past,
        prompt_tokens=round(past.prompt_tokens * complexity),
        cache_read_tokens=round(past.cache_read_tokens * complexity),
        output_tokens=round(past.output_tokens * complexity),
    )


def _price(asked: dict[str, Any], side: str) -> PriceEntry:
    """The price that is asked for, or the one `against_` which it is held."""
    now: datetime = utc_now()
    field = "against" if side else "route"
    if field not in asked:
        rates = Rates(
            input=asked[f"{side}input_usd"],
            output=asked[f"{side}output_usd"],
            cache_read=asked.get(f"{side}cache_read_usd"),
        )
        return PriceEntry(valid_from=now, valid_until=None, rates=rates)
    route = Route.objects.filter(name=asked[field]).first()
    targets = route.targets.filter(deployment__is_enabled=True).order_by("position", "id") if route else ()
    for target in targets:
        rows = Price.objects.filter(deployment=target.deployment_id, tier="", valid_from__lte=now)
        for price in rows.order_by("-valid_from"):
            if price.valid_until is None or price.valid_until > now:
                return price_entry(price)
    raise serializers.ValidationError({field: ["There is no route of this name with a price."]})
