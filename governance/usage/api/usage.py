from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

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
from governance.usage.models import Tip
from governance.usage.policy.usage import GROUPS, INTERVALS, UsageQuery
from governance.usage.policy.usage_limits import MINUTES
from governance.usage.selectors.rows import figures, row_data
from governance.usage.selectors.usage import MAX_ROWS, total, usage_rows
from kernel.replica import may_be_stale


class UsageParameters(serializers.Serializer[Any]):
    """What to sum up. Times without an offset are in `time_zone`."""

    interval = serializers.ChoiceField(required=False, choices=INTERVALS, default="none")
    time_zone = serializers.CharField(
        required=False, default="", help_text="Where days and months begin. Empty: the installation's zone."
    )
    group_by = serializers.CharField(
        required=False, default="", help_text=f"Separated by commas: {', '.join(GROUPS)}."
    )
    team = IdField(required=False, min_value=0)
    application = IdField(required=False, min_value=0)
    api_key = IdField(required=False, min_value=0)
    feature = serializers.CharField(required=False, allow_blank=True, max_length=200)
    route = serializers.CharField(
        required=False, allow_blank=True, max_length=200,
        help_text="The model as callers name it; empty: calls that named none there is.",
    )  # fmt: skip
    model = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="Bedrock's ID.")
    region = serializers.CharField(required=False, max_length=32)
    end_user = serializers.CharField(required=False, allow_blank=True, max_length=200)
    prompt = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="By its name; empty: calls of none."
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name for an attribute."""
        on = f"On {MINUTES} minutes, such as 12:00 or 12:15."
        bounds = {"from": f"From this moment on. {on}", "to": f"Up to, not including, this moment. {on}"}
        times = {name: serializers.DateTimeField(help_text=text) for name, text in bounds.items()}
        return {**times, **super().get_fields()}

    def validate_time_zone(self, name: str) -> str:
        if name and name not in available_timezones():
            raise serializers.ValidationError("Unknown time zone. Try one such as Europe/Berlin.")
        return name or settings.TIME_ZONE

    def validate_group_by(self, text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in names:
            if name not in GROUPS:
                raise serializers.ValidationError(
                    f"“{name}” is an unknown group. Choose from: {', '.join(GROUPS)}."
                )
        return names


class TotalSerializer(serializers.Serializer[Any]):
    """Figures of some calls."""

    calls = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Failed, and expired.")
    refused = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cache_read_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    cost_usd = UsdField()
    failed_cost_usd = UsdField()
    cancelled_cost_usd = UsdField()
    cache_saved_usd = UsdField(
        help_text="What reads from the prompt cache saved, less what writes to it cost above plain input; below 0 where they cost more."
    )
    cached_share = serializers.FloatField(
        help_text="Of the tokens of prompts, those read from the cache: 0 to 1."
    )
    mean_ms = serializers.FloatField()


class UsageRowSerializer(TotalSerializer):
    """Figures of one group in one interval. A group that was not asked for is missing; 0 is a call of none."""

    starts_at = serializers.DateTimeField(required=False)
    team = serializers.IntegerField(required=False)
    application = serializers.IntegerField(required=False)
    api_key = serializers.IntegerField(required=False)
    feature = serializers.CharField(required=False)
    route = serializers.CharField(required=False)
    model = serializers.CharField(required=False)
    region = serializers.CharField(required=False)
    end_user = serializers.CharField(required=False)
    prompt = serializers.CharField(required=False)


class UsageSerializer(serializers.Serializer[Any]):
    rows = UsageRowSerializer(many=True)
    is_cut = serializers.BooleanField(
        help_text="Whether there are more than the 20,000 rows given. The total is of all."
    )
    total = TotalSerializer()


_EXAMPLE = OpenApiExample(
    "Cost by feature and day",
    value={
        "rows": [
            {"starts_at": "2026-11-20T00:00:00Z", "feature": "search", "calls": 120, "cost_usd": "1.25"}
        ],
        "total": {"calls": 120, "cost_usd": "1.25"},
    },
    response_only=True,
)


class UsageView(APIView):
    """Usage and cost, exact to the last call that has ended."""

    @may_be_stale
    @extend_schema(parameters=[UsageParameters], responses=UsageSerializer, examples=[_EXAMPLE])
    def get(self, request: Request) -> Response:
        """Figures of the calls of your teams, by interval and group. 20,000 rows at most."""
        asked = read_query(UsageParameters, request)
        zone = ZoneInfo(asked.pop("time_zone"))
        teams = team_ids(principal(request), Capability.VIEW_USAGE)
        query = UsageQuery(
            since=asked.pop("from"),
            until=asked.pop("to"),
            interval=asked.pop("interval"),
            group_by=asked.pop("group_by"),
            teams=teams,
            filters=asked,
        )
        rows = usage_rows(query, zone=zone, at_most=MAX_ROWS + 1)
        return Response(
            {
                "rows": [row_data(query, row) for row in rows[:MAX_ROWS]],
                "is_cut": len(rows) > MAX_ROWS,
                "total": figures(total(replace(query, interval="none", group_by=()), zone=zone)),
            }
        )


class TipSerializer(serializers.Serializer[Any]):
    team = serializers.IntegerField(source="team_id")
    kind = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    how = serializers.CharField(help_text="What to do about it.")
    link = serializers.CharField(help_text="The page of the admin where it is done.")
    calls = serializers.IntegerField(help_text="So many calls show it.")
    is_shown = serializers.BooleanField(
        help_text="Shown to do as well, by a test set, by feedback or by the calls themselves. Otherwise it is worth a try."
    )
    saving_usd = UsdField(source="saving_nanos", help_text="About what it saves in a month.")


class TipsSerializer(serializers.Serializer[Any]):
    tips = TipSerializer(many=True)


class TipsView(APIView):
    """What would save money."""

    @may_be_stale
    @extend_schema(responses=TipsSerializer)
    def get(self, request: Request) -> Response:
        """Tips from your teams' own calls of the last 30 days, found anew every hour, the greatest savings first."""
        found = Tip.objects.visible_to(principal(request))
        return Response(TipsSerializer({"tips": found}).data)
