"""Accounts with providers beside Bedrock. Their keys are kept encrypted (services/account_keys.py)."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from accounts.access.models import Owned, OwnedBy
from gateway.catalogue.base_urls import problem_of


class ProviderKind(models.TextChoices):
    """How a provider is spoken to."""

    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
    PERPLEXITY = "perplexity", "Perplexity"
    COMPATIBLE = "openai-compatible", "Another that speaks as OpenAI"


class ProviderAccount(Owned):
    """An account with a provider beside Bedrock: whose key is used, and at which address."""

    owned_by = OwnedBy((), what="accounts with providers")

    name = models.CharField(max_length=100, unique=True, help_text="What people here call it.")
    provider = models.CharField(max_length=20, choices=ProviderKind.choices)
    base_url = models.CharField(
        "address",
        max_length=300,
        blank=True,
        default="",
        help_text="Where it is, up to what stands before /chat/completions or /v1/messages. Empty: the provider's own.",
    )
    organisation = models.CharField(
        max_length=100,
        blank=True,
        default="",
        help_text="OpenAI's organization ID, where the key has several.",
    )
    is_enabled = models.BooleanField("enabled", default=True)
    key_expires_on = models.DateField(
        "key expires on", null=True, blank=True, help_text="If it is known. You are told two weeks ahead."
    )
    sealed_key = models.BinaryField(editable=False, default=b"")
    key_hint = models.CharField("key", max_length=8, blank=True, default="", editable=False)
    public_id = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="What the encrypted key is bound to."
    )
    last_refused_at = models.DateTimeField(
        "key last refused",
        null=True,
        editable=False,
        help_text="When the provider last said that it takes no call.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "provider account"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """An address that may be asked; one that speaks as OpenAI has no other than is given. What is sent in a header is ASCII."""
        if not (self.organisation.isascii() and self.organisation.isprintable()):
            raise ValidationError({"organisation": "An organization ID has ASCII signs alone. Copy it anew."})
        if not self.base_url:
            if self.provider == ProviderKind.COMPATIBLE:
                raise ValidationError({"base_url": "Say where it is, such as https://api.example.com/v1."})
            return
        why = problem_of(self.base_url, allow_private=settings.GATEWAY_PROVIDERS_ALLOW_PRIVATE)
        if why:
            raise ValidationError({"base_url": why})
