from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedSerializer
from accounts.api.base import read
from accounts.api.filters import filters_by
from kernel.clock import utc_now
from kernel.errors import at
from prompts.rollout.api.traffic import (
    ChecksField,
    GuardrailsSerializer,
    SegmentField,
    TrafficReasonSerializer,
    TrafficViewSet,
    VersionField,
    version_of,
)
from prompts.rollout.models import Rollout, RolloutEvent
from prompts.rollout.policy.rollouts import share_at
from prompts.rollout.selectors.rollouts import as_json, position_of, rollout_standing, steps_of
from prompts.rollout.services import rollouts


class StepSerializer(serializers.Serializer[Any]):
    share = serializers.FloatField(help_text="Of callers, above 0 and up to 1.")
    minutes = serializers.IntegerField(min_value=0, help_text="At least so long.")
    calls = serializers.IntegerField(
        min_value=0, help_text="And until at least so many calls got the version."
    )


class EventSerializer(serializers.ModelSerializer[RolloutEvent]):
    figures = serializers.DictField(
        help_text="Of both versions, in the step before it; costs in nano-dollars."
    )

    class Meta:
        model = RolloutEvent
        fields = (
            "action", "state", "step", "share", "reason", "figures", "is_automatic", "by", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class RolloutSerializer(OwnedSerializer):
    version = VersionField()
    stable_version = VersionField(read_only=True, allow_null=True)
    plan = StepSerializer(many=True, required=False)
    segment = SegmentField(required=False)
    guardrails = GuardrailsSerializer(required=False)
    checks = ChecksField(required=False)
    share = serializers.SerializerMethodField(help_text="Of callers that get the version now, from 0 to 1.")
    events = EventSerializer(many=True, read_only=True)

    class Meta:
        model = Rollout
        fields = (
            "id", "prompt", "label", "version", "stable_version", "unit", "plan", "segment", "guardrails", "checks", "state", "step",
            "share", "reason", "created_by", "created_at", "started_at", "step_started_at", "ended_at", "events",
        )  # fmt: skip
        read_only_fields = (
            "state", "step", "reason", "created_by", "started_at", "step_started_at", "ended_at",
        )  # fmt: skip

    def get_share(self, rollout: Rollout) -> float:
        return share_at(position_of(rollout), steps_of(rollout))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        rollout = self.instance if isinstance(self.instance, Rollout) else Rollout()
        prompt = attrs.get("prompt") or rollout.prompt
        if "version" in attrs:
            attrs["version"] = version_of(prompt, attrs["version"], "version")
        if "plan" in attrs:
            attrs["plan"] = [dict(step) for step in attrs["plan"]]
        tried = Rollout(
            prompt=prompt,
            **{
                name: attrs.get(name, getattr(rollout, name))
                for name in ("plan", "segment", "guardrails", "checks")
            },
        )
        with at():
            rollouts.check_plan(tried)
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Rollout:
        return Rollout.objects.create(**validated_data, created_by=self.context["request"].user)

    def update(self, instance: Rollout, validated_data: dict[str, Any]) -> Rollout:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=tuple(validated_data))
        return instance


class FiguresSerializer(serializers.Serializer[Any]):
    """Of each version: calls, and [events, of so many] of errors, contract, failed checks and negative feedback."""

    candidate = serializers.DictField()
    stable = serializers.DictField()
    checks = serializers.ListField(child=serializers.DictField())
    seconds = serializers.IntegerField()


_EXAMPLE = OpenApiExample(
    "Version 12 to production, in Germany first",
    value={
        "prompt": 1,
        "label": "production",
        "version": 12,
        "plan": [
            {"share": 0.01, "minutes": 30, "calls": 50},
            {"share": 0.1, "minutes": 60, "calls": 200},
            {"share": 1, "minutes": 60, "calls": 500},
        ],
        "segment": {"attributes": {"country": ["de"]}},
        "guardrails": {"errors": {"most": 0.05, "times": 2}, "cost": {"most_usd": "0.02"}},
    },
    request_only=True,
)


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class RolloutViewSet(TrafficViewSet):
    """A version on its way to a label, step by step. Drafts can be changed; what has been started goes on to an end."""

    queryset = Rollout.objects.select_related("prompt__team", "version", "stable_version").prefetch_related(
        "events"
    )
    serializer_class = RolloutSerializer

    filters = filters_by(Rollout, "prompt", "state")

    @extend_schema(request=None, responses=RolloutSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Begins the first step. 409 where the version may not be given out, or the label is taken."""
        found: Rollout = self.get_object()
        return self.done(found, lambda: rollouts.start(found, by=self.person, now=utc_now()))

    @extend_schema(request=TrafficReasonSerializer, responses=RolloutSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stays at its share. 409 where it does not run."""
        return self._act(rollouts.pause)

    @extend_schema(request=TrafficReasonSerializer, responses=RolloutSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Begins the step anew. 409 where it is not paused."""
        return self._act(rollouts.resume)

    @extend_schema(request=TrafficReasonSerializer, responses=RolloutSerializer)
    @action(detail=True, methods=["post"])
    def advance(self, request: Request, pk: str) -> Response:
        """Goes to the next step before its time. 409 where it does not run, or this is the last."""
        return self._act(rollouts.advance)

    @extend_schema(request=TrafficReasonSerializer, responses=RolloutSerializer)
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: str) -> Response:
        """All callers get what the label says, for good. 409 where it has ended."""
        return self._act(rollouts.roll_back)

    @extend_schema(request=TrafficReasonSerializer, responses=RolloutSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        """Moves the label now. 409 where it has ended, or the label may not be moved there."""
        return self._act(rollouts.complete)

    @extend_schema(responses=FiguresSerializer)
    @action(detail=True, methods=["get"])
    def figures(self, request: Request, pk: str) -> Response:
        """Both versions' figures in the step so far. Empty before it has started."""
        standing = rollout_standing(self.get_object(), now=utc_now())
        return Response({} if standing is None else as_json(standing))

    def _act(self, act: Any) -> Response:
        found: Rollout = self.get_object()
        reason = read(TrafficReasonSerializer, self.request)["reason"]
        return self.done(found, lambda: act(found, by=self.person, now=utc_now(), reason=reason))
