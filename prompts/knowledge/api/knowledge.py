"""Knowledge bases: what they are, searches in them, and having them read anew."""

from typing import Any, ClassVar

from django.contrib.admin.models import CHANGE, DELETION
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import Conflict, TeamScoped, without_store
from accounts.api.bodies import read
from accounts.api.fields import FixedTeam, TeamField, signed_in
from accounts.models import Application
from accounts.policy.roles import Capability
from prompts.knowledge.models import KnowledgeBase
from prompts.knowledge.policy.knowledge import Retrieved
from prompts.knowledge.services.embedding import BudgetSpentError, EmbeddingError
from prompts.knowledge.services.knowledge import (
    FIXED,
    UnusableBaseError,
    check_base,
    delete_base,
    reindex_base,
)
from prompts.knowledge.services.retrievers import RetrieverError
from prompts.knowledge.services.search import answer_elsewhere, search
from prompts.knowledge.services.syncing import ask_for_sync


class Unavailable(APIException):
    """What this takes does not answer, or refuses."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"


class BudgetSpent(APIException):
    """A budget of the team is used up."""

    status_code = status.HTTP_402_PAYMENT_REQUIRED
    default_code = "budget_exceeded"


class KnowledgeBaseSerializer(FixedTeam, serializers.ModelSerializer[KnowledgeBase]):
    team = TeamField()
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
        for name in FIXED if before is not None else ():
            if name in attrs and attrs[name] != getattr(before, name):
                raise serializers.ValidationError({name: ["This can't be changed: make another one."]})
        kept = (
            {field.attname: getattr(before, field.attname) for field in KnowledgeBase._meta.fields}
            if before
            else {}
        )
        base = KnowledgeBase(**kept)
        for name, value in attrs.items():
            setattr(base, name, value)
        try:
            check_base(base, by=signed_in(self), before=before)
        except UnusableBaseError as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
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


class KnowledgeBaseViewSet(
    TeamScoped,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Knowledge bases: documents that prompts may draw on. Deleting one deletes all that is in it."""

    change_capability: ClassVar[Capability] = Capability.EDIT_PROMPTS
    queryset = KnowledgeBase.objects.select_related("team")
    serializer_class = KnowledgeBaseSerializer

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        if self.action == "search":
            self.require(Capability.VIEW_CONTENT, obj.team)
        else:
            super().check_object_permissions(request, obj)

    def perform_destroy(self, instance: KnowledgeBase) -> None:
        with transaction.atomic():
            self.record(instance, DELETION, "Deleted through the API.")
            delete_base(instance)

    @extend_schema(request=SearchSerializer, responses=RetrievedSerializer)
    @action(detail=True, methods=["post"])
    def search(self, request: Request, **kwargs: Any) -> Response:
        """Searches, at the cost of the team: the question is turned into a vector. The texts are as in the documents."""
        base = self.get_object()
        asked = SearchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        application = values.pop("application", None)
        if (
            application is not None
            and not Application.objects.filter(pk=application, team=base.team).exists()
        ):
            raise serializers.ValidationError({"application": ["The team has no such application."]})
        try:
            found = search(base, values.pop("question"), application_id=application, **values)
        except BudgetSpentError as error:
            raise BudgetSpent(str(error)) from error
        except (EmbeddingError, RetrieverError) as error:
            raise Unavailable(str(error)) from error
        return without_store(Response(_shown(found)))

    @extend_schema(request=AnswerAskedSerializer, responses=GroundedAnswerSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, **kwargs: Any) -> Response:
        """Bedrock's own answer (RetrieveAndGenerate), to compare. AWS charges for it outside of budgets: for superusers."""
        base = self.get_object()
        if not self.person.is_superuser:
            raise PermissionDenied("AWS charges for this outside of budgets: it is for superusers.")
        asked = read(AnswerAskedSerializer, request)
        if base.is_local:
            raise Conflict("Only a knowledge base of Bedrock answers by itself.")
        try:
            made = answer_elsewhere(base, asked["question"], route=asked["model"])
        except RetrieverError as error:
            raise Unavailable(str(error)) from error
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
            raise Conflict("It has no folder or S3 address to read from.")
        ask_for_sync(base)
        return Response(status=status.HTTP_202_ACCEPTED)


def _shown(found: Retrieved) -> Any:
    return RetrievedSerializer(found).data
