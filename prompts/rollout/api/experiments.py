from dataclasses import asdict
from math import isfinite
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
from prompts.rollout.api.traffic import ChecksField, TrafficViewSet, VersionField, version_of
from prompts.rollout.models import Arm, Experiment
from prompts.rollout.models.experiment import METRICS
from prompts.rollout.policy.experiments import check_arms, check_metrics
from prompts.rollout.policy.verdicts import Comparison
from prompts.rollout.selectors.experiments import ArmResult, experiment_results
from prompts.rollout.services import experiments
from prompts.rollout.services.traffic import check_model


class ArmSerializer(serializers.ModelSerializer[Arm]):
    version = VersionField()

    class Meta:
        model = Arm
        fields = ("id", "name", "version", "model", "weight")


class ExperimentSerializer(OwnedSerializer):
    metrics = serializers.ListField(
        child=serializers.ChoiceField(choices=METRICS), min_length=1, required=False,
        help_text="The first is what it is about; the others must not suffer.",
    )  # fmt: skip
    checks = ChecksField(
        required=False, help_text="What answers must be like, for the metric `checks`: assertions on their text."
    )  # fmt: skip
    arms = ArmSerializer(many=True, help_text="From 2 to 5. The first is the control.")

    class Meta:
        model = Experiment
        fields = (
            "id", "prompt", "name", "hypothesis", "label", "unit", "minimum", "metrics", "checks", "arms", "state",
            "winner", "created_by", "created_at", "started_at", "stopped_at", "stop_reason",
        )  # fmt: skip
        read_only_fields = ("state", "winner", "created_by", "started_at", "stopped_at", "stop_reason")

    def validate_metrics(self, metrics: list[str]) -> list[str]:
        if len(set(metrics)) < len(metrics):
            raise serializers.ValidationError("Name each once.")
        return metrics

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self._check_metrics(attrs)
        if "arms" not in attrs:
            return attrs
        prompt: Any = attrs.get("prompt") or (self.instance and self.instance.prompt)
        arms = [dict(arm) for arm in attrs["arms"]]
        with at("arms"):
            check_arms(
                [(arm["name"], arm["version"], arm.get("model", ""), arm.get("weight", 1)) for arm in arms]
            )
            for arm in arms:
                check_model(arm.get("model", ""))
        attrs["arms"] = [arm | {"version": version_of(prompt, arm["version"], "arms")} for arm in arms]
        return attrs

    def _check_metrics(self, attrs: dict[str, Any]) -> None:
        now = self.instance if isinstance(self.instance, Experiment) else Experiment()
        with at("metrics"):
            check_metrics(attrs.get("metrics", now.metrics), has_checks=bool(attrs.get("checks", now.checks)))

    def create(self, validated_data: dict[str, Any]) -> Experiment:
        arms = validated_data.pop("arms")
        experiment = Experiment.objects.create(**validated_data, created_by=self.context["request"].user)
        return self._with_arms(experiment, arms)

    def update(self, instance: Experiment, validated_data: dict[str, Any]) -> Experiment:
        arms = validated_data.pop("arms", None)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=tuple(validated_data))
        if arms is None:
            return instance
        instance.arms.all().delete()
        return self._with_arms(instance, arms)

    def _with_arms(self, experiment: Experiment, arms: list[dict[str, Any]]) -> Experiment:
        for position, arm in enumerate(arms):
            Arm.objects.create(experiment=experiment, position=position, **arm)
        return Experiment.objects.prefetch_related("arms__version").get(pk=experiment.pk)


class StopSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, help_text="Kept with the history.")
    winner = serializers.CharField(
        required=False, max_length=50, help_text="The name of an arm: the label is moved to its version."
    )


class ComparisonSerializer(serializers.Serializer[Any]):
    metric = serializers.ChoiceField(choices=METRICS)
    verdict = serializers.CharField()
    estimate = serializers.FloatField(
        allow_null=True,
        help_text="The difference to the control: of shares in parts of 1, of cost and duration as a part of the control's.",
    )
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    missing = serializers.IntegerField(
        help_text="So many end users, sessions or calls are still to come before anything is said."
    )
    needed = serializers.IntegerField(
        help_text="About how many an arm must have for a small difference to be found."
    )


class ArmResultSerializer(serializers.Serializer[Any]):
    arm = serializers.CharField()
    calls = serializers.IntegerField()
    units = serializers.IntegerField(help_text="End users, sessions or calls.")
    unchecked = serializers.IntegerField(
        help_text="Answers that could not be checked, such as those of over a million characters."
    )
    outcome = serializers.CharField(allow_null=True, help_text="Null for the control.")
    comparisons = ComparisonSerializer(many=True)


class ResultsSerializer(serializers.Serializer[Any]):
    is_decided = serializers.BooleanField()
    is_lopsided = serializers.BooleanField(
        help_text="Arms got other parts of the calls than their weights say: don't trust these figures."
    )
    arms = ArmResultSerializer(many=True)


_EXAMPLE = OpenApiExample(
    "Version 12 against 11",
    value={
        "prompt": 1,
        "name": "Shorter answers",
        "label": "production",
        "unit": "end_user",
        "metrics": ["helpful", "errors", "cost"],
        "arms": [{"name": "as it is", "version": 11}, {"name": "shorter", "version": 12}],
    },
    request_only=True,
)


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class ExperimentViewSet(TrafficViewSet):
    """Versions, or models, compared on the calls of a label. Drafts can be changed; a stopped one stays as it was."""

    queryset = Experiment.objects.select_related("prompt__team").prefetch_related("arms__version")
    serializer_class = ExperimentSerializer

    filters = filters_by(Experiment, "prompt", "state")

    @extend_schema(request=None, responses=ExperimentSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Shares the label's calls out. 409 where an arm may not be given out, or the label is taken."""
        found: Experiment = self.get_object()
        return self.done(found, lambda: experiments.start(found, by=self.person, now=utc_now()))

    @extend_schema(request=StopSerializer, responses=ExperimentSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Ends it for good, with a winner or without. 409 where it does not run, or the label may not be moved."""
        found: Experiment = self.get_object()
        body = read(StopSerializer, request)
        winner = None
        if "winner" in body:
            winner = found.arms.select_related("version").filter(name=body["winner"]).first()
            if winner is None:
                raise serializers.ValidationError({"winner": ["The experiment has no such arm."]})
        return self.done(
            found,
            lambda: experiments.stop(
                found, by=self.person, now=utc_now(), reason=body["reason"], winner=winner
            ),
        )

    @extend_schema(responses=ResultsSerializer)
    @action(detail=True, methods=["get"])
    def results(self, request: Request, pk: str) -> Response:
        """What it has found. It may be looked at as often as one likes: that makes nothing less sure."""
        found = experiment_results(self.get_object(), now=utc_now())
        if found is None:
            return Response({"is_decided": False, "is_lopsided": False, "arms": []})
        arms = [_arm_json(each) for each in found.arms]
        return Response({"is_decided": found.is_decided, "is_lopsided": found.is_lopsided, "arms": arms})


def _arm_json(result: ArmResult) -> dict[str, Any]:
    return {
        "arm": result.arm.name,
        "calls": result.calls,
        "units": result.units,
        "unchecked": result.unchecked,
        "outcome": result.outcome,
        "comparisons": [_comparison_json(each) for each in result.comparisons],
    }


def _comparison_json(found: Comparison) -> dict[str, Any]:
    bounds = {name: value if isfinite(value) else None for name, value in asdict(found.interval).items()}
    return {
        "metric": found.metric, "verdict": found.verdict, **bounds, "missing": found.missing, "needed": found.needed,
    }  # fmt: skip
