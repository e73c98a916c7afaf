from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedField, OwnedSerializer, OwnedViewSet
from accounts.api.base import read, without_store
from accounts.api.fields import UsdField
from accounts.models import Team
from kernel.clock import utc_now
from prompts.registry.models import Prompt
from prompts.registry.services.files import exported, imported
from prompts.registry.services.prompts import archive, check_prompt_tags, create_prompt, restore, switch
from prompts.registry.services.proposals import proposal_for, propose


class PromptSerializer(OwnedSerializer):
    """A prompt. What it says is in its versions."""

    team = OwnedField(
        queryset=Team.objects.all(), allow_null=True, required=False, help_text="Null: shared by all teams."
    )
    labels = serializers.SerializerMethodField(help_text="Numbers of versions by label.")
    created_by = serializers.StringRelatedField[Any](read_only=True)

    class Meta:
        model = Prompt
        fields = (
            "id", "team", "name", "description", "tags", "is_enabled", "fallback", "labels", "archived_at", "created_by",
            "created_at",
        )  # fmt: skip
        read_only_fields = ("is_enabled", "archived_at")
        validators = ()  # the model has them

    def validate_name(self, name: str) -> str:
        if self.instance is not None and name != self.instance.name:
            raise serializers.ValidationError("Applications call it by this name: it can't be changed.")
        return name

    def get_labels(self, prompt: Prompt) -> dict[str, int]:
        return {label.name: label.version.number for label in prompt.labels.all()}

    def create(self, validated_data: dict[str, Any]) -> Prompt:
        validated_data.setdefault("team", None)
        return create_prompt(**validated_data, by=self.context["request"].user)


class SwitchSerializer(serializers.Serializer[Any]):
    on = serializers.BooleanField()
    reason = serializers.CharField(required=False, default="", max_length=2000)


class FileSerializer(serializers.Serializer[Any]):
    """A prompt as a YAML file."""

    text = serializers.CharField(trim_whitespace=False, max_length=1_000_000)


class PromptFileSerializer(FileSerializer):
    team = OwnedField(queryset=Team.objects.all())


class TakenInSerializer(serializers.Serializer[Any]):
    prompt = serializers.IntegerField()
    version = serializers.IntegerField(
        allow_null=True, help_text="The draft that was made; null: nothing differs."
    )


class CutSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="passage, example, history, json or blanks.")
    where = serializers.CharField()
    text = serializers.CharField(help_text="How it begins.")
    characters = serializers.IntegerField()


class ProposalSerializer(serializers.Serializer[Any]):
    """What could be left out of a version without changing what it says."""

    version = serializers.IntegerField(source="version.number")
    tokens = serializers.IntegerField(source="found.tokens", help_text="About so many less a call.")
    calls = serializers.IntegerField(help_text="Of the last thirty days.")
    saving_usd = UsdField(
        source="saving_nanos", allow_null=True, help_text="What it would have saved in them."
    )
    cuts = CutSerializer(many=True, source="found.cuts")


class PromptViewSet(
    OwnedViewSet,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Prompts: what applications call by name."""

    queryset = Prompt.objects.select_related("team", "created_by").prefetch_related("labels__version")
    serializer_class = PromptSerializer

    def before_update(self, serializer: Any) -> None:
        if "tags" in serializer.validated_data:
            check_prompt_tags(
                prompt=serializer.instance, tags=serializer.validated_data["tags"], by=self.person
            )

    @extend_schema(request=SwitchSerializer, responses={200: PromptSerializer})
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, pk: str) -> Response:
        """Switches it on or off: off, every call gets the fallback answer within a second."""
        prompt = self.get_object()
        sent = read(SwitchSerializer, request)
        switch(prompt=prompt, by=self.person, **sent)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: PromptSerializer})
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """Takes it out of use. Its labels must be taken away first."""
        archive(prompt=self.get_object(), by=self.person)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: PromptSerializer})
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Brings an archived prompt back."""
        restore(prompt=self.get_object(), by=self.person)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: ProposalSerializer, 404: None})
    @action(detail=True, methods=["get", "post"], url_path="shorter", pagination_class=None)
    def shorter(self, request: Request, pk: str) -> Response:
        """What the version that applications call could leave out; posted to, it is proposed as a draft. 404: nothing."""
        prompt = self.get_object()
        if request.method == "POST":
            draft = propose(prompt=prompt, by=self.person, now=utc_now())
            return Response(
                {"draft": draft.number, "id": draft.pk, "note": draft.note}, status=status.HTTP_201_CREATED
            )
        proposal = proposal_for(prompt, now=utc_now())
        if proposal is None:
            return Response(
                {"detail": "There is nothing that could be left out.", "code": "not_found"}, status=404
            )
        return Response(ProposalSerializer(proposal).data)

    @extend_schema(
        responses={200: FileSerializer},
        parameters=[OpenApiParameter("version", int, description="Left out: the last one.")],
    )
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: str) -> Response:
        """A version as a YAML file, for teams that keep prompts in git."""
        prompt = self.get_object()
        number = request.query_params.get("version", "")
        versions = prompt.versions.all()
        if number:
            versions = versions.filter(number=int(number) if number.isdecimal() and len(number) < 9 else 0)
        version = versions.first()
        if version is None:
            raise serializers.ValidationError({"version": ["There is no such version."]})
        return without_store(Response({"text": exported(version)}))

    @extend_schema(request=PromptFileSerializer, responses={201: TakenInSerializer})
    @action(detail=False, methods=["post"], url_path="import", url_name="import")
    def take_in(self, request: Request) -> Response:
        """Makes a draft of a YAML file, and the prompt, if there is none of its name. Nothing where nothing differs."""
        sent = read(PromptFileSerializer, request)
        team = sent["team"]
        self.check_create({"team": team})
        with transaction.atomic():
            prompt, version = imported(text=sent["text"], team=team, by=self.person)
        data = {"prompt": prompt.pk, "version": version.number if version else None}
        return Response(data, status=status.HTTP_201_CREATED)
