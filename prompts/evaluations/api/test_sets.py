from typing import Any

from django.contrib.admin.models import DELETION
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import TeamScoped
from accounts.api.bodies import read
from accounts.api.fields import FixedTeam, TeamField, signed_in
from accounts.models import Team
from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from governance.limits.api.scoped import filtered
from governance.records.models import AuditRecord
from prompts.evaluations.models import TestCase, TestSet
from prompts.evaluations.policy.assertions import BadAssertionError, decoded
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services import test_sets
from prompts.evaluations.services.required_tests import RequiredTestError, why_not_require
from prompts.registry.models import Prompt

MAX_ID = 2**63 - 1
MAX_CALLS = 200


class PromptField(serializers.PrimaryKeyRelatedField[Prompt]):
    """A prompt of a team the person may see, or a shared one: any other does not exist."""

    queryset = Prompt.objects.all()

    def get_queryset(self) -> QuerySet[Prompt]:
        teams = teams_with(signed_in(self), Capability.VIEW_USAGE)
        return Prompt.objects.filter(Q(team__in=teams) | Q(team=None)).select_related("team")


class AssertionsField(serializers.JSONField):
    """A JSON list of assertions, each checked."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            decoded(data)
        except BadAssertionError as error:
            raise serializers.ValidationError(str(error)) from error
        return data


class TestSetSerializer(FixedTeam, serializers.ModelSerializer[TestSet]):
    """A set of cases for a prompt. The team pays for its runs."""

    team = TeamField()
    prompt = PromptField()
    assertions = AssertionsField(
        required=False, help_text="For every case: [{“kind”: “contains”, “texts”: […]}, …]."
    )
    cases = serializers.IntegerField(read_only=True, source="live_cases", default=0)

    class Meta:
        model = TestSet
        fields = ("id", "team", "prompt", "name", "description", "assertions", "is_required", "pass_percent", "cases", "created_at")  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        prompt = attrs.get("prompt") or (self.instance and self.instance.prompt)
        team = attrs.get("team") or (self.instance and self.instance.team)
        if self.instance is not None and prompt != self.instance.prompt:
            raise serializers.ValidationError({"prompt": ["This can't be changed."]})
        if prompt is not None and team is not None and prompt.team_id not in (None, team.pk):
            raise serializers.ValidationError({"prompt": ["This is a prompt of another team."]})
        if prompt is not None and attrs.get("is_required"):
            reason = why_not_require(signed_in(self), prompt=prompt)
            if reason:
                raise serializers.ValidationError({"is_required": [reason]})
        return attrs

    def create(self, validated_data: dict[str, Any]) -> TestSet:
        return test_sets.save_set(TestSet(**validated_data), by=signed_in(self))

    def update(self, instance: TestSet, validated_data: dict[str, Any]) -> TestSet:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        return test_sets.save_set(instance, by=signed_in(self))


class ImportSerializer(serializers.Serializer[Any]):
    """A file's text."""

    format = serializers.ChoiceField(choices=["csv", "jsonl"])
    text = serializers.CharField(max_length=10 * 1024 * 1024, trim_whitespace=False)


class ImportedSerializer(serializers.Serializer[Any]):
    """How many cases were taken; with problems none."""

    cases = serializers.IntegerField()
    problems = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())


class FromCallsSerializer(serializers.Serializer[Any]):
    """Calls on record, and the variable that the user's last words go into."""

    call_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_CALLS)
    variable = serializers.CharField(max_length=100)
    takes_answer = serializers.BooleanField(
        default=True,
        help_text="Whether the recorded answer is what is expected, or what a reviewer says it should have been; nothing where one only found it wrong.",
    )


class MadeSerializer(serializers.Serializer[Any]):
    """How many cases were made, and of how many calls nothing is stored, or a reviewer found personal data in it."""

    cases = serializers.IntegerField()
    without_content = serializers.IntegerField()


_EXAMPLE = OpenApiExample(
    "Questions about refunds",
    value={
        "team": 1, "prompt": 1, "name": "Refunds", "is_required": True, "pass_percent": 90,
        "assertions": [{"kind": "contains", "texts": ["refund"]}, {"kind": "latency", "at_most_ms": 3000}],
    },
    request_only=True,
)  # fmt: skip


class RequiredTests(TeamScoped):
    """Where required tests could be weakened: who may not is told who can."""

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(
            PermissionDenied(str(exc)) if isinstance(exc, RequiredTestError) else exc
        )


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class TestSetViewSet(
    RequiredTests,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Test sets of prompts."""

    view_capability = Capability.VIEW_CONTENT
    change_capability = Capability.EDIT_PROMPTS
    queryset = TestSet.objects.select_related("team", "prompt").annotate(
        live_cases=Count("cases", filter=Q(cases__removed_at=None))
    )
    serializer_class = TestSetSerializer

    def perform_destroy(self, instance: TestSet) -> None:
        with transaction.atomic():
            self.record(instance, DELETION, "Deleted through the API.")
            test_sets.delete_set(instance, by=self.person)

    @extend_schema(request=ImportSerializer, responses={200: ImportedSerializer, 400: ImportedSerializer})
    @action(detail=True, methods=["post"], url_path="import")
    def take(self, request: Request, pk: str) -> Response:
        """Takes cases of CSV or JSON lines: all, or where a line is wrong none. 400 with what is wrong, line by line."""
        test_set: TestSet = self.get_object()
        body = read(ImportSerializer, request)
        try:
            found = test_sets.import_cases(test_set, body["text"].encode(), kind=body["format"])
        except test_sets.TooManyCasesError as error:
            raise serializers.ValidationError(str(error)) from error
        count = 0 if found.errors else len(found.cases)
        answer = {"cases": count, "problems": found.errors, "notes": found.notes}
        code = status.HTTP_400_BAD_REQUEST if found.errors else status.HTTP_200_OK
        return Response(ImportedSerializer(answer).data, status=code)

    @extend_schema(request=FromCallsSerializer, responses=MadeSerializer)
    @action(detail=True, methods=["post"], url_path="from-calls")
    def from_calls(self, request: Request, pk: str) -> Response:
        """Makes cases of calls on record, redacted as they are stored."""
        test_set: TestSet = self.get_object()
        self.require(Capability.VIEW_CONTENT, test_set.team)
        body = read(FromCallsSerializer, request)
        calls = AuditRecord.objects.filter(pk__in=body["call_ids"], team=test_set.team)
        if calls.count() != len(set(body["call_ids"])):
            raise serializers.ValidationError({"call_ids": ["There are no such calls of this team."]})
        try:
            made, missing = test_sets.cases_from_calls(
                test_set, calls, variable=body["variable"], takes_answer=body["takes_answer"]
            )
        except test_sets.TooManyCasesError as error:
            raise serializers.ValidationError(str(error)) from error
        return Response(MadeSerializer({"cases": len(made), "without_content": missing}).data)


class TestSetField(serializers.PrimaryKeyRelatedField[TestSet]):
    """A test set of a team whose content the person may see: any other does not exist."""

    queryset = TestSet.objects.all()

    def get_queryset(self) -> QuerySet[TestSet]:
        teams = teams_with(signed_in(self), Capability.VIEW_CONTENT)
        return TestSet.objects.filter(team__in=teams).select_related("team", "prompt")


class TestCaseSerializer(serializers.ModelSerializer[TestCase]):
    test_set = TestSetField()
    variables = serializers.DictField(required=False)
    assertions = AssertionsField(required=False)

    class Meta:
        model = TestCase
        fields = ("id", "test_set", "position", "variables", "expected", "assertions", "note", "source", "call_id", "created_at")  # fmt: skip
        read_only_fields = ("position", "source", "call_id")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (
            self.instance is not None
            and attrs.get("test_set", self.instance.test_set) != self.instance.test_set
        ):
            raise serializers.ValidationError({"test_set": ["This can't be changed."]})
        if problem := test_sets.problem_of(attrs):
            raise serializers.ValidationError(problem)
        return attrs

    def create(self, validated_data: dict[str, Any]) -> TestCase:
        case = Case(
            **{
                "variables": {},
                **{name: value for name, value in validated_data.items() if name != "test_set"},
            }
        )
        try:
            (made,) = test_sets.add_cases(validated_data["test_set"], [case])
        except test_sets.TooManyCasesError as error:
            raise serializers.ValidationError(str(error)) from error
        return made

    def update(self, instance: TestCase, validated_data: dict[str, Any]) -> TestCase:
        changes = {name: value for name, value in validated_data.items() if name != "test_set"}
        return test_sets.change_case(instance, by=signed_in(self), **changes)


class CaseFilters(serializers.Serializer[Any]):
    test_set = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)


@extend_schema_view(list=extend_schema(parameters=[CaseFilters]))
class TestCaseViewSet(
    RequiredTests,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Cases. A changed case gets a new id: results of earlier runs keep the old one."""

    team_lookup = "test_set__team"
    view_capability = Capability.VIEW_CONTENT
    change_capability = Capability.EDIT_PROMPTS
    queryset = TestCase.objects.filter(removed_at=None).select_related("test_set__team")
    serializer_class = TestCaseSerializer

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return filtered(self, CaseFilters, queryset)

    def team_in(self, values: dict[str, Any]) -> Team:
        test_set = values.get("test_set")
        if not isinstance(test_set, TestSet):
            raise PermissionDenied
        return test_set.team

    def perform_destroy(self, instance: TestCase) -> None:
        test_sets.remove_cases(instance.test_set, [instance.pk], by=self.person)
