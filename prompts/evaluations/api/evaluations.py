from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedSerializer, OwnedViewSet
from accounts.api.base import read, read_query, without_store
from accounts.api.fields import NumberField, UsdField
from accounts.api.filters import filters_by
from kernel.errors import ConflictError, at
from prompts.evaluations.models import Evaluation, EvaluationResult
from prompts.evaluations.policy.grid import Weights
from prompts.evaluations.selectors.evaluations import changes_since, flakiness_for, grid_for, previous_run
from prompts.evaluations.services import evaluations


class CandidateSerializer(serializers.Serializer[Any]):
    """A version of the prompt, with its own model or with another route."""

    version = NumberField()
    model = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class WeightsSerializer(serializers.Serializer[Any]):
    """How much each counts; they come to 1."""

    cost = serializers.FloatField(min_value=0, max_value=1)
    quality = serializers.FloatField(min_value=0, max_value=1)
    latency = serializers.FloatField(min_value=0, max_value=1)


class EvaluationSerializer(OwnedSerializer):
    candidates = CandidateSerializer(many=True)
    weights = WeightsSerializer(required=False)
    cap_usd = UsdField(
        source="budget_nanos", help_text="The run stops before it exceeds the cap; then it can be resumed."
    )
    spent_usd = UsdField(source="spent_nanos", read_only=True)
    repeats = serializers.IntegerField(required=False, min_value=1, max_value=evaluations.MAX_REPEATS)
    concurrency = serializers.IntegerField(required=False, min_value=1, max_value=evaluations.MAX_AT_ONCE)

    class Meta:
        model = Evaluation
        fields = (
            "id", "test_set", "candidates", "repeats", "weights", "cap_usd", "concurrency", "state", "reason", "detail",
            "total", "done", "passed", "spent_usd", "started_by", "created_at", "started_at", "finished_at",
        )  # fmt: skip
        read_only_fields = ("state", "reason", "detail", "total", "done", "passed", "started_by", "started_at", "finished_at")  # fmt: skip

    def create(self, validated_data: dict[str, Any]) -> Evaluation:
        with at():
            return evaluations.start(**validated_data, by=self.context["request"].user)


class ResumeSerializer(serializers.Serializer[Any]):
    cap_usd = UsdField(required=False, help_text="A higher cap than before.")


class GridRowSerializer(serializers.Serializer[Any]):
    """One candidate. Shares and points are from 0 to 1; null where there is nothing to go by."""

    name = serializers.CharField()
    runs = serializers.IntegerField()
    passed = serializers.IntegerField()
    unjudged = serializers.IntegerField()
    unanswered = serializers.IntegerField()
    contract_failures = serializers.IntegerField()
    accuracy = serializers.FloatField(allow_null=True)
    accuracy_low = serializers.FloatField()
    accuracy_high = serializers.FloatField()
    p50_ms = serializers.FloatField(allow_null=True)
    p95_ms = serializers.FloatField(allow_null=True)
    cost_per_call_usd = UsdField(allow_null=True)
    cost_per_1000_tokens_usd = UsdField(allow_null=True)
    points = serializers.FloatField(allow_null=True)
    is_efficient = serializers.BooleanField(
        help_text="No other is as good at a lower cost, or better at the same."
    )


class GridSerializer(serializers.Serializer[Any]):
    rows = GridRowSerializer(many=True)
    best = serializers.IntegerField(allow_null=True, help_text="The place of the recommended one.")
    recommendation = serializers.CharField()
    flakiness = serializers.CharField()


class SpanSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["equal", "removed", "added"])
    text = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    verdict = serializers.CharField()
    message = serializers.CharField()
    score = serializers.FloatField(allow_null=True)


class ResultSerializer(serializers.ModelSerializer[EvaluationResult]):
    cost_usd = UsdField(source="cost_nanos", read_only=True, help_text="Of the answer alone.")
    total_usd = UsdField(source="total_nanos", read_only=True, help_text="With judges and embeddings.")
    outcomes = OutcomeSerializer(many=True, read_only=True)

    class Meta:
        model = EvaluationResult
        fields: tuple[str, ...] = (
            "id", "evaluation", "case", "candidate", "repeat", "is_done", "verdict", "call_id", "output", "outcomes",
            "error", "cost_usd", "total_usd", "duration_ms", "tokens", "contract", "finished_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class ResultDetailSerializer(ResultSerializer):
    changes = serializers.SerializerMethodField(
        help_text="Against the run before; null where it had no such case."
    )

    class Meta(ResultSerializer.Meta):
        fields = (*ResultSerializer.Meta.fields, "changes")
        read_only_fields = fields

    @extend_schema(responses=SpanSerializer(many=True))
    def get_changes(self, result: EvaluationResult) -> list[dict[str, Any]] | None:
        change = changes_since(result.evaluation, previous_run(result.evaluation), [result]).get(result.pk)
        return None if change is None else msgspec.to_builtins(change.spans)


_EXAMPLE = OpenApiExample(
    "Two models over one set",
    value={
        "test_set": 1, "candidates": [{"version": 3}, {"version": 3, "model": "nova-pro"}], "repeats": 2,
        "cap_usd": "2.00", "weights": {"cost": 0.3, "quality": 0.4, "latency": 0.3},
    },
    request_only=True,
)  # fmt: skip
_WEIGHTS = [
    OpenApiParameter(name, float, description="Weighs anew; all three together.") for name in ("cost", "quality", "latency")
]  # fmt: skip


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class EvaluationViewSet(
    OwnedViewSet, mixins.CreateModelMixin, mixins.DestroyModelMixin
):  # fmt: skip
    """Runs of test sets over versions and models."""

    queryset = Evaluation.objects.select_related("test_set__team", "test_set__prompt")
    serializer_class = EvaluationSerializer

    filters = filters_by(Evaluation, "test_set", "state")

    def before_destroy(self, instance: Evaluation) -> None:
        if instance.is_open:
            raise ConflictError("Cancel the run first.")

    @extend_schema(request=None, responses={202: EvaluationSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Begins no more calls. What is done is kept. 409 where it has ended."""
        return self._acted(lambda found: evaluations.cancel(found))

    @extend_schema(request=ResumeSerializer, responses={202: EvaluationSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Goes on where it stopped: nothing that is done is done, or charged, again. 409 where it can't."""
        self.get_object()
        cap = read(ResumeSerializer, request).get("cap_usd")
        return self._acted(lambda found: evaluations.resume(found, budget_nanos=cap))

    @extend_schema(parameters=_WEIGHTS, responses=GridSerializer)
    @action(detail=True, methods=["get"])
    def grid(self, request: Request, pk: str) -> Response:
        """The decision grid: candidates compared, and which to take."""
        evaluation: Evaluation = self.get_object()
        found = grid_for(evaluation, weights=_weights(request))
        rows = [
            {
                **{name: getattr(row.summary, name) for name in ("name", "runs", "passed", "unjudged", "contract_failures", "accuracy", "p50_ms", "p95_ms")},
                "unanswered": row.summary.errors, "accuracy_low": row.summary.low, "accuracy_high": row.summary.high, "points": row.points,
                "cost_per_call_usd": row.summary.nanos_per_call, "is_efficient": row.is_efficient,
                "cost_per_1000_tokens_usd": row.summary.nanos_per_1000_tokens,
            }
            for row in found.rows
        ]  # fmt: skip
        answer = {"rows": rows, "best": found.best, "recommendation": found.text, "flakiness": flakiness_for(evaluation).text}  # fmt: skip
        return Response(GridSerializer(answer).data)

    def _acted(self, act: Any) -> Response:
        found: Evaluation = self.get_object()
        act(found)
        found = Evaluation.objects.get(pk=found.pk)
        data = EvaluationSerializer(found, context=self.get_serializer_context()).data
        return Response(data, status=status.HTTP_202_ACCEPTED)


def _weights(request: Request) -> Weights | None:
    """The weights of the query; None where it has none."""
    names = [name for name in ("cost", "quality", "latency") if name in request.query_params]
    if not names:
        return None
    return Weights(**read_query(WeightsSerializer, request))


class ResultViewSet(OwnedViewSet):
    """Results, one for each case, candidate and repeat."""

    queryset = EvaluationResult.objects.select_related("evaluation", "case")
    serializer_class = ResultSerializer

    filters = filters_by(
        EvaluationResult, "evaluation", "verdict",
        candidate=serializers.IntegerField(required=False, min_value=0, max_value=evaluations.MAX_CANDIDATES),
    )  # fmt: skip

    @extend_schema(responses=ResultDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One result, and how it differs from that of the run before."""
        data = ResultDetailSerializer(self.get_object(), context=self.get_serializer_context()).data
        return without_store(Response(data))
