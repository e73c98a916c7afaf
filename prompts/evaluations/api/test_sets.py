from typing import Any

from django.db.models import Count, Q
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.api.base import CheckedField, read
from accounts.api.fields import signed_in
from accounts.api.filters import filters_by
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord
from prompts.evaluations.models import TestCase, TestSet
from prompts.evaluations.policy.assertions import decode_assertions
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services import test_sets
from prompts.evaluations.services.required_tests import why_not_require

MAX_CALLS = 200


class AssertionsField(CheckedField):
    """A JSON list of assertions, each checked."""

    def checked(self, data: Any) -> Any:
        decode_assertions(data)
        return data


class TestSetSerializer(OwnedSerializer):
    """A set of cases for a prompt. The team pays for its runs."""

    fixed_fields = ("prompt",)
    assertions = AssertionsField(
        required=False, help_text="For every case: [{“kind”: “contains”, “texts”: […]}, …]."
    )
    cases = serializers.IntegerField(read_only=True, source="live_cases", default=0)

    class Meta:
        model = TestSet
        fields = ("id", "team", "prompt", "name", "description", "assertions", "is_required", "pass_percent", "cases", "created_at")  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        prompt = attrs.get("prompt") or (self.instance and self.instance.prompt)
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


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class TestSetViewSet(OwnedModelViewSet):
    """Test sets of prompts."""

    queryset = TestSet.objects.select_related("team", "prompt").annotate(
        live_cases=Count("cases", filter=Q(cases__removed_at=None))
    )
    serializer_class = TestSetSerializer

    def remove(self, instance: TestSet) -> None:
        test_sets.delete_set(instance, by=self.person)

    @extend_schema(request=ImportSerializer, responses={200: ImportedSerializer, 400: ImportedSerializer})
    @action(detail=True, methods=["post"], url_path="import")
    def take(self, request: Request, pk: str) -> Response:
        """Takes cases of CSV or JSON lines: all, or where a line is wrong none. 400 with what is wrong, line by line."""
        test_set: TestSet = self.get_object()
        body = read(ImportSerializer, request)
        found = test_sets.import_cases(test_set, body["text"].encode(), kind=body["format"])
        count = 0 if found.errors else len(found.cases)
        answer = {"cases": count, "problems": found.errors, "notes": found.notes}
        code = status.HTTP_400_BAD_REQUEST if found.errors else status.HTTP_200_OK
        return Response(ImportedSerializer(answer).data, status=code)

    @extend_schema(request=FromCallsSerializer, responses=MadeSerializer)
    @action(detail=True, methods=["post"], url_path="from-calls")
    def from_calls(self, request: Request, pk: str) -> Response:
        """Makes cases of calls on record, redacted as they are stored."""
        test_set: TestSet = self.get_object()
        self.require(Capability.VIEW_CONTENT, test_set)
        body = read(FromCallsSerializer, request)
        calls = AuditRecord.objects.filter(pk__in=body["call_ids"], team=test_set.team)
        if calls.count() != len(set(body["call_ids"])):
            raise serializers.ValidationError({"call_ids": ["There are no such calls of this team."]})
        made, missing = test_sets.cases_from_calls(
            test_set, calls, variable=body["variable"], takes_answer=body["takes_answer"]
        )
        return Response(MadeSerializer({"cases": len(made), "without_content": missing}).data)


class TestCaseSerializer(OwnedSerializer):
    variables = serializers.DictField(required=False)
    assertions = AssertionsField(required=False)

    class Meta:
        model = TestCase
        fields = ("id", "test_set", "position", "variables", "expected", "assertions", "note", "source", "call_id", "created_at")  # fmt: skip
        read_only_fields = ("position", "source", "call_id")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if problem := test_sets.case_problem(attrs):
            raise serializers.ValidationError(problem)
        return attrs

    def create(self, validated_data: dict[str, Any]) -> TestCase:
        case = Case(
            **{
                "variables": {},
                **{name: value for name, value in validated_data.items() if name != "test_set"},
            }
        )
        (made,) = test_sets.add_cases(validated_data["test_set"], [case])
        return made

    def update(self, instance: TestCase, validated_data: dict[str, Any]) -> TestCase:
        changes = {name: value for name, value in validated_data.items() if name != "test_set"}
        return test_sets.change_case(instance, by=signed_in(self), **changes)


class TestCaseViewSet(OwnedModelViewSet):
    """Cases. A changed case gets a new id: results of earlier runs keep the old one."""

    queryset = TestCase.objects.filter(removed_at=None).select_related("test_set__team")
    serializer_class = TestCaseSerializer

    filters = filters_by(TestCase, "test_set")

    def perform_destroy(self, instance: TestCase) -> None:
        test_sets.remove_cases(instance.test_set, [instance.pk], by=self.person)
