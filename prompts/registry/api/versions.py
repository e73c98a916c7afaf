from typing import Any, ClassVar

import msgspec
from django.contrib.admin.models import ADDITION
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.api.base import CheckedField, read
from accounts.api.fields import NumberField
from accounts.api.filters import filters_by
from accounts.policy.roles import Capability
from kernel.errors import InvalidError
from prompts.registry.models import PromptVersion, Review, ReviewComment, ReviewVerdict, VersionState
from prompts.registry.policy.document import decode_document
from prompts.registry.policy.version_diff import version_diff
from prompts.registry.selectors.reviews import review_standing
from prompts.registry.services.prompts import delete_draft, draft_problems, new_draft, save_draft
from prompts.registry.services.reviews import comment, review, submit, take_back, withdraw


class DocumentField(CheckedField):
    """What a version says: messages, variables, model, output contract, …"""

    def checked(self, data: Any) -> Any:
        try:
            return decode_document(data)
        except msgspec.ValidationError as error:
            raise InvalidError(f"It does not fit: {str(error).replace('`$.', '`')}.") from error


class ReviewSerializer(serializers.ModelSerializer[Review]):
    reviewer = serializers.StringRelatedField[Any](read_only=True)

    class Meta:
        model = Review
        fields = ("reviewer", "verdict", "comment", "is_stale", "created_at")


class RemarkSerializer(serializers.ModelSerializer[ReviewComment]):
    author = serializers.StringRelatedField[Any](read_only=True)

    class Meta:
        model = ReviewComment
        fields = ("id", "path", "line", "text", "author", "is_resolved", "created_at")
        read_only_fields = ("is_resolved",)


class PromptVersionSerializer(OwnedSerializer):
    """A version. A draft is changed with the `revision` that was read: who sends an older one is told."""

    document = DocumentField(required=False)
    author = serializers.StringRelatedField[Any](read_only=True)
    based_on = NumberField(
        write_only=True, required=False, help_text="The number of a version to begin with."
    )
    problems = serializers.SerializerMethodField(help_text="Why it can't be submitted yet.")
    missing = serializers.SerializerMethodField(help_text="What the approval rules still ask for.")
    reviews = ReviewSerializer(many=True, read_only=True)
    comments = RemarkSerializer(many=True, read_only=True)

    class Meta:
        model = PromptVersion
        fields = (
            "id", "prompt", "number", "state", "document", "digest", "revision", "note", "goal", "author", "based_on",
            "problems", "missing", "reviews", "comments", "created_at", "submitted_at", "approved_at",
        )  # fmt: skip
        read_only_fields = ("number", "state", "digest", "submitted_at", "approved_at")
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "revision": {"required": False, "min_value": 1, "max_value": 2**31 - 1}
        }

    def get_problems(self, version: PromptVersion) -> list[str]:
        return draft_problems(version) if version.is_draft else []

    def get_missing(self, version: PromptVersion) -> list[str]:
        return list(review_standing(version).missing) if version.state == VersionState.IN_REVIEW else []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None and "revision" not in attrs:
            raise serializers.ValidationError(
                {"revision": ["Send the revision that you changed: nobody's work is lost so."]}
            )
        return attrs

    def create(self, validated_data: dict[str, Any]) -> PromptVersion:
        prompt, number = validated_data["prompt"], validated_data.get("based_on")
        user = self.context["request"].user
        base = prompt.versions.filter(number=number).first() if number else None
        if number and base is None:
            raise serializers.ValidationError({"based_on": ["There is no such version."]})
        with transaction.atomic():
            version = new_draft(prompt=prompt, by=user, based_on=base)
            return self._saved(version, validated_data, version.revision)

    def update(self, instance: PromptVersion, validated_data: dict[str, Any]) -> PromptVersion:
        return self._saved(instance, validated_data, validated_data["revision"])

    def _saved(self, version: PromptVersion, values: dict[str, Any], revision: int) -> PromptVersion:
        return save_draft(
            version=version,
            document=values.get("document") or decode_document(version.document),
            revision=revision,
            by=self.context["request"].user,
            note=values.get("note"),
            goal=values.get("goal"),
        )


class VerdictSerializer(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=ReviewVerdict.choices)
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=5000)
    digest = serializers.CharField(
        required=False, default="", max_length=64, help_text="Of the document that was read."
    )


class WithdrawSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class SpanSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=("equal", "removed", "added"))
    text = serializers.CharField()


class DifferenceSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    path = serializers.CharField()
    spans = SpanSerializer(many=True)


class PromptVersionViewSet(OwnedModelViewSet):
    """Versions of prompts: drafts, those in review, those approved."""

    queryset = PromptVersion.objects.select_related("prompt__team", "author").prefetch_related(
        "reviews__reviewer", "comments__author"
    )
    serializer_class = PromptVersionSerializer
    # Whoever edits prompts may approve others' too, so that the remark of either is let in.
    capabilities = {"review": Capability.APPROVE_PROMPTS, "comment": Capability.APPROVE_PROMPTS}

    filters = filters_by(
        PromptVersion, "prompt", "state",
        number=NumberField(required=False),
    )  # fmt: skip

    def perform_destroy(self, instance: PromptVersion) -> None:
        """Drafts can be thrown away; what was submitted stays on record."""
        delete_draft(version=instance, by=self.person)

    @extend_schema(request=None, responses={200: PromptVersionSerializer})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Hands a draft to the reviewers. It never changes again."""
        submit(version=self.get_object(), by=self.person)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: PromptVersionSerializer})
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: str) -> Response:
        """Makes a version in review a draft again; its approvals count no more."""
        take_back(version=self.get_object(), by=self.person)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=WithdrawSerializer, responses={200: PromptVersionSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Takes a version out of use for good."""
        version = self.get_object()
        sent = read(WithdrawSerializer, request)
        withdraw(version=version, by=self.person, reason=sent["reason"])
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=VerdictSerializer, responses={200: PromptVersionSerializer})
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Puts a verdict on record. The author's own is refused."""
        version = self.get_object()
        values = read(VerdictSerializer, request)
        review(
            version=version, reviewer=self.person, verdict=ReviewVerdict(values["verdict"]), comment=values["comment"],
            digest=values["digest"],
        )  # fmt: skip
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=RemarkSerializer, responses={201: RemarkSerializer})
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str) -> Response:
        """Adds a remark on a place of the version."""
        version = self.get_object()
        sent = read(RemarkSerializer, request)
        with transaction.atomic():
            made = comment(version=version, by=self.person, **sent)
            self.record(version.prompt, ADDITION, f"Remarked on version {version.number} through the API.")
        return Response(RemarkSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        responses={200: DifferenceSerializer(many=True)},
        parameters=[
            OpenApiParameter(
                "to", int, required=True, description="The number of the version to compare with."
            )
        ],
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def diff(self, request: Request, pk: str) -> Response:
        """What differs from this version to another, word by word."""
        version = self.get_object()
        number = request.query_params.get("to", "")
        other = version.prompt.versions.filter(
            number=int(number) if number.isdecimal() and len(number) < 9 else 0
        ).first()
        if other is None:
            raise serializers.ValidationError({"to": ["There is no such version."]})
        changes = version_diff(decode_document(version.document), decode_document(other.document))
        return Response(DifferenceSerializer(changes, many=True).data)
