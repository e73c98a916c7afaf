from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedSerializer, OwnedViewSet
from accounts.api.base import read, without_store
from accounts.models import ApiKey, Application
from accounts.policy.networks import parse_network
from accounts.services.api_keys import NewKey, create_key, revoke_key, rotate_key
from accounts.services.known_models import unknown_of_key
from kernel.clock import utc_now
from kernel.errors import at

MAX_OVERLAP_HOURS = 24 * 30


class ApiKeySerializer(OwnedSerializer):
    prefix = serializers.CharField(read_only=True, help_text="The part of the key that may be shown.")
    created_by = serializers.StringRelatedField[Any](read_only=True)

    class Meta:
        model = ApiKey
        fields = (
            "id", "application", "name", "prefix", "allowed_models", "allowed_networks", "created_by", "created_at",
            "expires_at", "last_used_at", "revoked_at", "rotated_from",
        )  # fmt: skip
        read_only_fields = ("last_used_at", "revoked_at", "rotated_from")

    def validate_application(self, application: Application) -> Application:
        if application.is_internal:
            raise serializers.ValidationError("This application is Gatehouse's own: it has the key it needs.")
        return application

    def validate_allowed_models(self, names: list[str]) -> list[str]:
        """Names of routes, each once."""
        if (unknown := unknown_of_key(names)) is not None:
            raise serializers.ValidationError(f"There is no route named “{unknown}”.")
        return list(dict.fromkeys(names))

    def validate_allowed_networks(self, networks: list[str]) -> list[str]:
        with at("allowed_networks"):
            return [parse_network(text) for text in networks]

    def validate_expires_at(self, moment: datetime | None) -> datetime | None:
        if moment is not None and moment <= utc_now():
            raise serializers.ValidationError("This moment has passed.")
        return moment


class NewApiKeySerializer(ApiKeySerializer):
    """A key just made."""

    key = serializers.SerializerMethodField(
        help_text="The whole key. It is shown here, once, and kept nowhere."
    )

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "key")  # type: ignore[assignment]

    def get_key(self, api_key: ApiKey) -> str:
        return str(self.context["key"])


class RotationSerializer(serializers.Serializer[Any]):
    """How a key is rotated."""

    overlap_hours = serializers.IntegerField(
        default=24,
        min_value=0,
        max_value=MAX_OVERLAP_HOURS,
        help_text="How long the old key goes on working.",
    )


class ApiKeyViewSet(OwnedViewSet):
    """API keys, the credentials of applications. The text of a key is in one answer, once."""

    queryset = ApiKey.objects.filter(application__is_internal=False).select_related(
        "application__team", "created_by"
    )
    serializer_class = ApiKeySerializer

    @extend_schema(responses={201: NewApiKeySerializer})
    def create(self, request: Request) -> Response:
        """Makes a key for an application."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.check_create(serializer.validated_data)
        with transaction.atomic():
            new = create_key(**serializer.validated_data, created_by=self.person)
            self.record(new.api_key, ADDITION, "Added through the API.")
        return self._show(new)

    @extend_schema(request=RotationSerializer, responses={201: NewApiKeySerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """Makes a successor with the same limits. The old key works on for `overlap_hours`."""
        api_key = self.get_object()
        options = read(RotationSerializer, request)
        overlap = timedelta(hours=options["overlap_hours"])
        with transaction.atomic():
            new = rotate_key(api_key=api_key, now=utc_now(), overlap=overlap, created_by=self.person)
            self.record(api_key, CHANGE, f"Rotated through the API: {new.api_key.prefix}… takes over.")
            self.record(new.api_key, ADDITION, f"Made by rotating {api_key.prefix}….")
        return self._show(new)

    @extend_schema(request=None, responses={200: ApiKeySerializer})
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Ends a key at once and for good. To revoke it again changes nothing."""
        api_key = self.get_object()
        with transaction.atomic():
            if revoke_key(api_key=api_key, now=utc_now()):
                self.record(api_key, CHANGE, "Revoked through the API.")
        api_key.refresh_from_db()
        return Response(self.get_serializer(api_key).data)

    def _show(self, new: NewKey) -> Response:
        context = {**self.get_serializer_context(), "key": new.text}
        data = NewApiKeySerializer(new.api_key, context=context).data
        return without_store(Response(data, status=status.HTTP_201_CREATED))
