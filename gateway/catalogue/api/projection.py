from datetime import datetime
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
        return attrs


class ProjectionSerializer(serializers.Serializer[Any]):
    calls = serializers.IntegerField()
    was_usd = UsdField(help_text="What these calls cost.")
    cost_usd = UsdField(help_text="What they would have cost.")
    per_call_usd = UsdField()
    month_usd = UsdField(help_text="At the same pace, in 30 days.")
    was_month_usd = UsdField()
    break_even_calls = serializers.IntegerField(
        allow_null=True,
        help_text="Calls in 30 days from which provisioned throughput costs no more than paying by token.",
    )


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
        fixed = asked.get("provisioned_units", 0) * asked.get("provisioned_hourly_usd", 0)
        found = project(
            past, _price(asked), cache_hit_rate=asked.get("cache_hit_rate"), fixed_hourly_nanos=fixed
        )
        return Response(
            ProjectionSerializer(
                {
                    "calls": past.calls, "was_usd": past.cost_nanos, "cost_usd": found.cost_nanos,
                    "per_call_usd": found.per_call_nanos, "month_usd": found.month_nanos,
                    "was_month_usd": found.was_month_nanos, "break_even_calls": found.break_even_calls,
                }
            ).data
        )  # fmt: skip


def _price(asked: dict[str, Any]) -> PriceEntry:
    now: datetime = utc_now()
    if "route" not in asked:
        rates = Rates(
            input=asked["input_usd"], output=asked["output_usd"], cache_read=asked.get("cache_read_usd")
        )
        return PriceEntry(valid_from=now, valid_until=None, rates=rates)
    route = Route.objects.filter(name=asked["route"]).first()
    targets = route.targets.filter(deployment__is_enabled=True).order_by("position", "id") if route else ()
    for target in targets:
        rows = Price.objects.filter(deployment=target.deployment_id, tier="", valid_from__lte=now)
        for price in rows.order_by("-valid_from"):
            if price.valid_until is None or price.valid_until > now:
                return price_entry(price)
    raise serializers.ValidationError({"route": ["There is no route of this name with a price."]})
