from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from gateway.catalogue.models import ProviderAccount
from gateway.catalogue.services.account_keys import set_key
from gateway.catalogue.services.direct import offer
from gateway.catalogue.services.try_account import try_account


class ProviderAccountSerializer(OwnedSerializer):
    """The key is written, and never read: what is shown of it are its last four signs."""

    fixed_fields = ("provider",)
    key = serializers.CharField(write_only=True, required=False, help_text="Needed when the account is made.")

    class Meta:
        model = ProviderAccount
        fields = (
            "id", "name", "provider", "base_url", "organisation", "is_enabled", "key", "key_hint", "key_expires_on",
            "last_refused_at", "created_at",
        )  # fmt: skip
        read_only_fields = ("key_hint", "last_refused_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.merged({name: value for name, value in attrs.items() if name != "key"}).clean()
        if self.instance is None and not attrs.get("key"):
            raise serializers.ValidationError({"key": ["Send the key that the provider gave you."]})
        if attrs.get("key"):
            set_key(ProviderAccount(), attrs["key"])  # whether it can be one
        return attrs

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> ProviderAccount:
        key = validated_data.pop("key")
        account = ProviderAccount(**validated_data)
        set_key(account, key)
        account.save()
        offer(account)
        return account

    @transaction.atomic
    def update(self, instance: ProviderAccount, validated_data: dict[str, Any]) -> ProviderAccount:
        if key := validated_data.pop("key", ""):
            set_key(instance, key)
        account: ProviderAccount = super().update(instance, validated_data)
        return account


class TriedSerializer(serializers.Serializer[Any]):
    works = serializers.BooleanField(read_only=True)
    told = serializers.CharField(read_only=True, help_text="What came of it, in a sentence.")


_EXAMPLE = OpenApiExample(
    "An account with OpenAI", value={"name": "OpenAI", "provider": "openai", "key": "sk-…"}, request_only=True
)


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class ProviderAccountViewSet(OwnedModelViewSet):
    """Accounts with providers beside Bedrock. Making one adds what its provider offers to the catalogue."""

    queryset = ProviderAccount.objects.all()
    serializer_class = ProviderAccountSerializer

    @extend_schema(request=None, responses=TriedSerializer)
    @action(detail=True, methods=["post"], url_path="try")
    def try_it(self, request: Request, pk: str) -> Response:
        """Asks the provider for its list of models, within ten seconds: whether it accepts the key."""
        tried = try_account(self.get_object())
        return Response(TriedSerializer(tried).data)
