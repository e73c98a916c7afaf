from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.principals import principal
from accounts.api.base import read_query
from accounts.api.fields import UsdField
from gateway.catalogue.models import Route
from gateway.decisions.asked import RULES, rules_asked, weights_asked
from gateway.decisions.by_use_case import by_use_case
from gateway.decisions.dry_run import play
from kernel.clock import utc_now


class DecisionsParameters(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=90, default=1, help_text="Back from now.")
    route = serializers.CharField(required=False, max_length=200)


class UseCaseSerializer(serializers.Serializer[Any]):
    feature = serializers.CharField()
    calls = serializers.IntegerField()
    scored = serializers.IntegerField(help_text="Calls that were decided by scores.")
    score = serializers.FloatField(allow_null=True, help_text="The mean of the first choices, from 0 to 1.")
    confidence = serializers.FloatField(allow_null=True)
    fallbacks = serializers.IntegerField(help_text="Calls that another route's model answered.")
    retried = serializers.IntegerField()
    unsuitable = serializers.IntegerField(help_text="Refused: no_suitable_model.")
    violations = serializers.IntegerField(help_text="Answers that broke an output rule.")
    rules = serializers.DictField(child=serializers.IntegerField())


class DecisionsView(APIView):
    """Decisions by use case, that is by feature: the 100 with the most calls."""

    @extend_schema(
        operation_id="routing_decisions",
        parameters=[DecisionsParameters],
        responses=UseCaseSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        asked, now = read_query(DecisionsParameters, request), utc_now()
        found = by_use_case(
            principal(request),
            since=now - timedelta(days=asked["days"]),
            until=now,
            route=asked.get("route", ""),
        )
        return Response(UseCaseSerializer(found, many=True).data)


class DryRunParameters(serializers.Serializer[Any]):
    """Which route's past calls, and what to play them by: its own weights and the rules that are enabled, unless given."""

    route = serializers.CharField(max_length=200)
    days = serializers.IntegerField(min_value=1, max_value=30, default=1, help_text="Back from now.")
    rules = serializers.ChoiceField(choices=tuple(RULES), default="enabled")
    cost = serializers.FloatField(required=False, min_value=0, max_value=1, help_text="Weight.")
    quality = serializers.FloatField(required=False, min_value=0, max_value=1, help_text="Weight.")
    latency = serializers.FloatField(required=False, min_value=0, max_value=1, help_text="Weight.")


class ShareSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    calls_before = serializers.IntegerField()
    calls_after = serializers.IntegerField()
    usd_before = UsdField(source="nanos_before")
    usd_after = UsdField(source="nanos_after")


class DryRunSerializer(serializers.Serializer[Any]):
    calls = serializers.IntegerField(help_text="The newest of the range, at most 2,000.")
    moved = serializers.IntegerField(help_text="Calls that would have gone to another deployment.")
    unsuitable = serializers.IntegerField(help_text="Calls that would have been refused.")
    confidence = serializers.FloatField()
    usd_before = UsdField(source="nanos_before")
    usd_after = UsdField(source="nanos_after")
    rules = serializers.DictField(child=serializers.IntegerField())
    deployments = ShareSerializer(many=True)


class DryRunView(APIView):
    """A route's rules and weights, played against its past calls. Nothing is asked of a model, and nothing is changed."""

    @extend_schema(operation_id="routing_dry_run", parameters=[DryRunParameters], responses=DryRunSerializer)
    def get(self, request: Request) -> Response:
        asked, now = read_query(DryRunParameters, request), utc_now()
        route = Route.objects.filter(name=asked["route"]).first()
        if route is None:
            raise ValidationError({"route": "There is no such route."})
        try:
            weights = weights_asked(*(asked.get(name) for name in ("cost", "quality", "latency")))
        except ValueError as error:
            raise ValidationError({"cost": f"Weights: {error}."}) from error
        found = play(
            principal(request),
            route,
            since=now - timedelta(days=asked["days"]),
            until=now,
            rules=rules_asked(asked["rules"]),
            weights=weights,
        )
        members = {
            name: getattr(found, name) for name in ("calls", "moved", "unsuitable", "confidence", "rules")
        }
        members |= {"nanos_before": found.nanos_before, "nanos_after": found.nanos_after}
        return Response(DryRunSerializer({**members, "deployments": list(found.shares.values())}).data)
