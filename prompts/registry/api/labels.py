from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedSerializer, OwnedViewSet
from accounts.api.base import read
from accounts.api.fields import NumberField
from accounts.api.filters import filters_by
from accounts.policy.roles import Capability
from prompts.registry.models import Label, LabelMove
from prompts.registry.services.labels import move_label, protect, roll_back, take_away


class PromptLabelSerializer(OwnedSerializer):
    """A label. To make one that is there already is to move it."""

    version = NumberField(source="version.number")
    reason = serializers.CharField(write_only=True, required=False, default="", max_length=2000)

    class Meta:
        model = Label
        fields = ("id", "prompt", "name", "version", "is_protected", "reason", "moved_at")
        read_only_fields = ("is_protected",)
        validators = ()  # to make one that is there is to move it

    def create(self, validated_data: dict[str, Any]) -> Label:
        prompt = validated_data["prompt"]
        version = prompt.versions.filter(number=validated_data["version"]["number"]).first()
        if version is None:
            raise serializers.ValidationError({"version": ["There is no such version."]})
        return move_label(
            prompt=prompt,
            name=validated_data["name"],
            version=version,
            by=self.context["request"].user,
            reason=validated_data["reason"],
        )


class MoveReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class ProtectSerializer(serializers.Serializer[Any]):
    is_protected = serializers.BooleanField()


class PromptLabelViewSet(
    OwnedViewSet,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
):
    """Labels of prompts: what applications call by. Every move is on record."""

    queryset = Label.objects.select_related("prompt__team", "version")
    serializer_class = PromptLabelSerializer
    capabilities = {"protect": Capability.MANAGE_TEAM, "destroy": Capability.MANAGE_TEAM}

    filters = filters_by(Label, "prompt")

    def record(self, changed: Any, kind: int, message: str) -> None:
        """The services put moves on record themselves."""

    def perform_destroy(self, instance: Label) -> None:
        """Takes the label away: calls by it are refused from then on."""
        take_away(prompt=instance.prompt, name=instance.name, by=self.person)

    @extend_schema(request=MoveReasonSerializer, responses={200: PromptLabelSerializer})
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: str) -> Response:
        """Moves the label to where it was before."""
        label = self.get_object()
        sent = read(MoveReasonSerializer, request)
        moved = roll_back(prompt=label.prompt, name=label.name, by=self.person, **sent)
        return Response(self.get_serializer(moved).data)

    @extend_schema(request=ProtectSerializer, responses={200: PromptLabelSerializer})
    @action(detail=True, methods=["post"])
    def protect(self, request: Request, pk: str) -> Response:
        """Protects the label, or ends that: protected, it moves to approved versions only whose required tests passed."""
        label = self.get_object()
        sent = read(ProtectSerializer, request)
        protect(prompt=label.prompt, name=label.name, by=self.person, **sent)
        return Response(self.get_serializer(self.get_object()).data)


class LabelMoveSerializer(serializers.ModelSerializer[LabelMove]):
    moved_by = serializers.StringRelatedField[Any](read_only=True)

    class Meta:
        model = LabelMove
        fields = (
            "id",
            "prompt",
            "label",
            "from_version",
            "to_version",
            "reason",
            "is_automatic",
            "moved_by",
            "created_at",
        )


class LabelMoveViewSet(OwnedViewSet):
    """Every move of every label."""

    queryset = LabelMove.objects.select_related("moved_by")
    serializer_class = LabelMoveSerializer

    filters = filters_by(LabelMove, "prompt")
