"""Knowledge bases: what they are, searches in them, and having them read anew."""

from typing import Any

from django.contrib.admin.models import CHANGE
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.access.principals import may_manage_shared
from accounts.api.base import read, without_store
from accounts.api.fields import signed_in
from accounts.models import Application
from accounts.policy.roles import Capability
from kernel.errors import ConflictError
from prompts.knowledge.models import KnowledgeBase
from prompts.knowledge.services.knowledge import FIXED, ask_for_sync, check_base, delete_base, reindex_base
from prompts.knowledge.services.search import answer_elsewhere, search


class KnowledgeBaseSerializer(OwnedSerializer):
    fixed_fields = FIXED
    is_indexed = serializers.BooleanField(
        read_only=True, help_text="Whether it is large enough to have search indexes of its own."
    )

    class Meta:
        model = KnowledgeBase
        fields = (
            "id", "team", "name", "description", "kind", "route", "dimensions", "bedrock_id", "region", "language",
            "top_k", "floor", "max_tokens", "chunk_tokens", "overlap_tokens", "source", "synced_at", "sync_error",
            "is_indexed", "created_at",
        )  # fmt: skip
        read_only_fields = ("synced_at", "sync_error")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        before = self.instance if isinstance(self.instance, KnowledgeBase) else None
        check_base(self.merged(attrs), by=signed_in(self), before=before)
        return attrs


class SearchSerializer(serializers.Serializer[Any]):
    """A question, and how to search; what is not said is as the base says."""

    question = serializers.CharField(max_length=10_000)
    application = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="Search as this application of the team: with what it may be given.",
    )
    top_k = serializers.IntegerField(required=False, min_value=1, max_value=50)
    floor = serializers.FloatField(required=False, min_value=0, max_value=1)
    max_tokens = serializers.IntegerField(required=False, min_value=1, max_value=100_000)


class PassageSerializer(serializers.Serializer[Any]):
    """A passage and where it is from."""

    chunk_id = serializers.IntegerField(allow_null=True)
    document_id = serializers.IntegerField(allow_null=True)
    document = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    headings = serializers.CharField()
    text = serializers.CharField()
    tokens = serializers.IntegerField()
    similarity = serializers.FloatField()
    score = serializers.FloatField()


class RetrievedSerializer(serializers.Serializer[Any]):
    """What was found, the best first; below it, the best of what was less similar than asked for."""

    confidence = serializers.FloatField(help_text="From 0 to 1: how close the passages are to the question.")
    passages = PassageSerializer(many=True)
    left_out = PassageSerializer(many=True)


class AnswerAskedSerializer(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=10_000)
    model = serializers.CharField(max_length=200, help_text="A route with a deployment in the base's region.")


class CitedSerializer(serializers.Serializer[Any]):
    document = serializers.CharField()
    text = serializers.CharField()


class GroundedAnswerSerializer(serializers.Serializer[Any]):
    """What Bedrock made of its knowledge base, and what it cites."""

    text = serializers.CharField()
    cited = CitedSerializer(many=True)


class CountSerializer(serializers.Serializer[Any]):
    documents = serializers.IntegerField(help_text="How many will be read again.")


class KnowledgeBaseViewSet(OwnedModelViewSet):
    """Knowledge bases: documents that prompts may draw on. Deleting one deletes all that is in it."""

    capabilities = {"search": Capability.VIEW_CONTENT}
    queryset = KnowledgeBase.objects.select_related("team")
    serializer_class = KnowledgeBaseSerializer

    def remove(self, instance: KnowledgeBase) -> None:
        delete_base(instance)

    @extend_schema(request=SearchSerializer, responses=RetrievedSerializer)
    @action(detail=True, methods=["post"])
    def search(self, request: Request, **kwargs: Any) -> Response:
        """Searches, at the cost of the team: the question is turned into a vector. The texts are as in the documents."""
        base = self.get_object()
        values = read(SearchSerializer, request)
        application = values.pop("application", None)
        if (
            application is not None
            and not Application.objects.filter(pk=application, team=base.team).exists()
        ):
            raise serializers.ValidationError({"application": ["The team has no such application."]})
        found = search(base, values.pop("question"), application_id=application, **values)
        return without_store(Response(RetrievedSerializer(found).data))

    @extend_schema(request=AnswerAskedSerializer, responses=GroundedAnswerSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, **kwargs: Any) -> Response:
        """Bedrock's own answer (RetrieveAndGenerate), to compare. AWS charges for it outside of budgets: for superusers."""
        base = self.get_object()
        if not may_manage_shared(self.who):
            raise PermissionDenied("AWS charges for this outside of budgets: it is for superusers.")
        asked = read(AnswerAskedSerializer, request)
        if base.is_local:
            raise ConflictError("Only a knowledge base of Bedrock answers by itself.")
        made = answer_elsewhere(base, asked["question"], route=asked["model"])
        self.record(base, CHANGE, f"Had Bedrock answer a question with {asked['model']}.")
        return without_store(Response(GroundedAnswerSerializer(made).data))

    @extend_schema(request=None, responses={202: CountSerializer})
    @action(detail=True, methods=["post"])
    def reindex(self, request: Request, **kwargs: Any) -> Response:
        """Cuts and embeds all documents anew, as the base now says. What stays the same is not embedded again."""
        return Response({"documents": reindex_base(self.get_object())}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: None})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, **kwargs: Any) -> Response:
        """Reads what is new or changed in its folder or S3 address, soon. 409 where it has none."""
        base = self.get_object()
        if not base.source:
            raise ConflictError("It has no folder or S3 address to read from.")
        ask_for_sync(base)
        return Response(status=status.HTTP_202_ACCEPTED)
