from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.principals import principal
from accounts.api.base import read_query
from accounts.api.fields import IdField, UsdField
from gateway.cache.selectors.evidence import evidence
from gateway.cache.selectors.savings import GROUPS, CacheSums, savings
from governance.usage.policy.usage import MAX_DAYS
from kernel.clock import utc_now
from kernel.replica import may_be_stale

DAYS = 30


class CacheUsageParameters(serializers.Serializer[Any]):
    """Which days, of UTC, and by what. Without them: the last 30 days."""

    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False, help_text="Up to, not including, this day.")
    group_by = serializers.CharField(
        required=False, default="", help_text=f"Separated by commas: {', '.join(GROUPS)}."
    )
    team = IdField(required=False)
    route = serializers.CharField(required=False, max_length=200)
    prompt = serializers.CharField(required=False, max_length=100, help_text="By its name.")

    def validate_group_by(self, text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in names:
            if name not in GROUPS:
                raise serializers.ValidationError(
                    f"“{name}” is an unknown group. Choose from: {', '.join(GROUPS)}."
                )
        return names

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The range, whole: up to tomorrow, and from thirty days before its end."""
        until = attrs.get("until", utc_now().date() + timedelta(days=1))
        since = attrs.get("since") or max(until, date.min + timedelta(days=DAYS)) - timedelta(days=DAYS)
        if since >= until:
            raise serializers.ValidationError(
                "The range ends before it begins: 'until' must be later than 'since'."
            )
        if until - since > timedelta(days=MAX_DAYS):
            raise serializers.ValidationError(f"A range has at most {MAX_DAYS} days.")
        return {**attrs, "since": since, "until": until}


class CacheTotalSerializer(serializers.Serializer[Any]):
    """What came of calls that a cache rule holds for."""

    lookups = serializers.IntegerField(help_text="Calls whose answer was looked for.")
    answered = serializers.IntegerField(help_text="Calls that the cache answered.")
    hit_rate = serializers.FloatField(help_text="From 0 to 1.")
    misses = serializers.IntegerField()
    shadows = serializers.IntegerField(
        help_text="Answered by a model; in shadow the answer to a similar question would have been given."
    )
    bypasses = serializers.IntegerField(
        help_text="Not looked for: by the call's header, or because a rule forbids it."
    )
    hits = serializers.DictField(child=serializers.IntegerField(), help_text="By kind.")
    saved_usd = UsdField(source="saved", help_text="What these calls would have cost.")
    saved_usd_by_kind = serializers.DictField(child=UsdField(), source="saved_nanos")


class CacheUsageRowSerializer(CacheTotalSerializer):
    """One group. A group that was not asked for is missing."""

    day = serializers.DateField(required=False)
    month = serializers.DateField(required=False, help_text="Its first day.")
    team = serializers.IntegerField(required=False)
    route = serializers.CharField(required=False)
    prompt = serializers.CharField(required=False, help_text="Empty: calls of none.")


class CacheUsageSerializer(serializers.Serializer[Any]):
    rows = CacheUsageRowSerializer(many=True)
    total = CacheTotalSerializer()


class CacheUsageView(APIView):
    """What the cache saved, and how often it had the answer."""

    @may_be_stale
    @extend_schema(
        operation_id="cache_usage", parameters=[CacheUsageParameters], responses=CacheUsageSerializer
    )
    def get(self, request: Request) -> Response:
        """Of the calls of your teams, counted some seconds after they end."""
        asked = read_query(CacheUsageParameters, request)
        groups = asked.pop("group_by")
        found = savings(principal(request), group_by=groups, **asked)
        whole = CacheSums()
        for sums in found.values():
            whole.take(sums)
        rows = [{**_members(sums), **dict(zip(groups, key, strict=True))} for key, sums in found.items()]
        return Response(CacheUsageSerializer({"rows": rows, "total": whole}).data)


def _members(sums: CacheSums) -> dict[str, Any]:
    names = (
        "lookups",
        "answered",
        "hit_rate",
        "misses",
        "shadows",
        "bypasses",
        "hits",
        "saved",
        "saved_nanos",
    )
    return {name: getattr(sums, name) for name in names}


class CacheEvidenceParameters(serializers.Serializer[Any]):
    team = IdField(required=False)


class RouteEvidenceSerializer(serializers.Serializer[Any]):
    """How right answers to similar questions were at a team's route."""

    team = serializers.IntegerField(source="team_id")
    route = serializers.CharField()
    prompt = serializers.IntegerField(source="prompt_id", allow_null=True, help_text="Null: calls of none.")
    judged = serializers.IntegerField(
        help_text="Answers that were compared with the model's own, or labelled."
    )
    wrong = serializers.IntegerField()
    unsure = serializers.IntegerField(help_text="Of which nothing could be told: they wait for a label.")
    low = serializers.FloatField(
        source="standing.low",
        help_text="Lower end of the share of wrong answers, from 0 to 1: 95 %, with the study's.",
    )
    high = serializers.FloatField(
        source="standing.high", help_text="The upper end, which must not pass the bound."
    )
    error_bound = serializers.FloatField(
        source="standing.bound", allow_null=True, help_text="Null where no cache rule holds."
    )
    serves = serializers.BooleanField(
        source="standing.serves", help_text="Whether answers to similar questions are given."
    )
    text = serializers.CharField(source="standing.text", help_text="How it stands, in words.")


class CacheEvidenceView(APIView):
    """What is known of how right answers to similar questions were."""

    @extend_schema(
        operation_id="cache_evidence",
        parameters=[CacheEvidenceParameters],
        responses=RouteEvidenceSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Of your teams' routes and prompts, the 200 with the most judged answers."""
        asked = read_query(CacheEvidenceParameters, request)
        found = evidence(principal(request), team=asked.get("team"))
        return Response(RouteEvidenceSerializer(found, many=True).data)
