"""Documents of knowledge bases: uploaded, restricted to applications, read again, deleted."""

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedField, OwnedSerializer, OwnedViewSet
from accounts.api.base import read
from accounts.api.fields import IdField
from accounts.api.filters import filters_by
from accounts.api.parsers import JsonParser
from accounts.models import Application
from accounts.policy.roles import Capability
from kernel.errors import ConflictError
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from prompts.knowledge.services.extraction import check_size
from prompts.knowledge.services.knowledge import Incoming, delete_document, put_document, reindex, restrict


class ApplicationsField(serializers.ListField):
    """Ids of applications."""

    child = IdField()


class KnowledgeDocumentSerializer(OwnedSerializer):
    """A document. Its content is in searches alone."""

    applications = ApplicationsField(
        source="application_ids",
        help_text="The only applications that may be given what it says. Empty: all of the team's.",
    )
    version = serializers.IntegerField(source="current.number", default=None, read_only=True)
    passages = serializers.IntegerField(source="current.chunk_count", default=None, read_only=True)

    class Meta:
        model = KnowledgeDocument
        fields = (
            "id", "base", "name", "media_type", "source", "reference", "applications", "state", "error", "version",
            "passages", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = (
            "base", "name", "media_type", "source", "reference", "state", "error", "updated_at",
        )  # fmt: skip

    def validate_applications(self, ids: list[int]) -> list[int]:
        assert isinstance(self.instance, KnowledgeDocument)
        return _of_team(ids, self.instance.base)

    def update(self, instance: KnowledgeDocument, validated_data: dict[str, Any]) -> KnowledgeDocument:
        restrict(instance, application_ids=validated_data.get("application_ids", instance.application_ids))
        return instance


class UploadSerializer(serializers.Serializer[Any]):
    """One file. The name of a document that is there already makes it that document's next version."""

    base = OwnedField(queryset=KnowledgeBase.objects.all(), capability=Capability.VIEW_CONTENT)
    file = serializers.FileField(allow_empty_file=True)
    name = serializers.CharField(
        required=False, max_length=500, help_text="The file's own where it is not given."
    )
    applications = ApplicationsField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "applications" in attrs:
            attrs["applications"] = _of_team(attrs["applications"], attrs["base"])
        return attrs


def _of_team(ids: list[int], base: KnowledgeBase) -> list[int]:
    known = set(Application.objects.filter(team=base.team_id, pk__in=ids).values_list("pk", flat=True))
    if missing := sorted(set(ids) - known):
        raise serializers.ValidationError(f"The team has no application {missing[0]}.")
    return ids


class KnowledgeDocumentViewSet(
    OwnedViewSet,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Documents of knowledge bases, for those who may read the team's content."""

    parser_classes = (JsonParser, MultiPartParser)
    queryset = KnowledgeDocument.objects.select_related("base__team", "current")
    serializer_class = KnowledgeDocumentSerializer

    filters = filters_by(KnowledgeDocument, "base", "state")

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={201: KnowledgeDocumentSerializer, 200: KnowledgeDocumentSerializer},
    )
    def create(self, request: Request) -> Response:
        """Takes in a file. 201 where it will be read, 200 where it is there already as it is."""
        values = read(UploadSerializer, request)
        self.check_create(values)
        file: UploadedFile[Any] = values["file"]
        check_size(file.size or 0)
        incoming = Incoming(name=values.get("name") or file.name or "", content=file.read())
        with transaction.atomic():
            document, is_taken = put_document(
                values["base"], incoming, application_ids=values.get("applications"), by=self.person
            )
            if is_taken:
                self.record(document, ADDITION, "Uploaded through the API.")
        shown = self.get_serializer(document).data
        return Response(shown, status=status.HTTP_201_CREATED if is_taken else status.HTTP_200_OK)

    def remove(self, instance: KnowledgeDocument) -> None:
        delete_document(instance)

    @extend_schema(request=None, responses={202: KnowledgeDocumentSerializer})
    @action(detail=True, methods=["post"])
    def reindex(self, request: Request, **kwargs: Any) -> Response:
        """Cuts and embeds it anew, or goes on with it. 409 where its text is not there: upload it again."""
        document = self.get_object()
        with transaction.atomic():
            if not reindex(document):
                raise ConflictError("Its text is not kept, because it could not be read. Upload it again.")
            self.record(document, CHANGE, "To be indexed again, through the API.")
        document.refresh_from_db()
        return Response(self.get_serializer(document).data, status=status.HTTP_202_ACCEPTED)
