"""What was found in AWS's regions, and what is told of it."""

from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import Application, Team


class FoundKind(models.TextChoices):
    FOUNDATION = "foundation", "Foundation model"
    CUSTOM = "custom", "Custom model"
    CUSTOM_DEPLOYMENT = "custom_deployment", "Custom model on demand"
    IMPORTED = "imported", "Imported model"
    PROFILE = "profile", "Inference profile"
    APPLICATION_PROFILE = "application_profile", "Application inference profile"
    PROVISIONED = "provisioned", "Provisioned throughput"
    GUARDRAIL = "guardrail", "Guardrail"
    KNOWLEDGE_BASE = "knowledge_base", "Knowledge base"


class Discovered(Owned):
    """One thing that an account has, or is offered, in a region of AWS. Written by discovery alone."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    account = models.CharField(
        max_length=12, blank=True, help_text="Of AWS; empty where it could not be told."
    )
    region = models.CharField(max_length=32)
    kind = models.CharField(max_length=20, choices=FoundKind.choices)
    identifier = models.CharField(max_length=1100, help_text="Its ARN, or its ID where callers use that.")
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=40, blank=True, help_text="In AWS's word.")
    facts = models.JSONField(default=dict, help_text="What AWS says of it.")
    first_seen_at = models.DateTimeField("first seen")
    last_seen_at = models.DateTimeField("last seen")
    gone_at = models.DateTimeField("gone", null=True, help_text="When a whole list first lacked it.")

    class Meta:
        verbose_name_plural = "discovered"
        ordering = ("kind", "name", "region", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "region", "kind", "identifier"), name="discovered_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name or self.identifier} in {self.region}"

    @property
    def made_of(self) -> str:
        """The foundation model behind it, or of an imported one its architecture."""
        return str(self.facts.get("base") or self.facts.get("architecture") or "")


class DiscoveredList(Owned):
    """How the last reading of one of a region's lists went."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    account = models.CharField(max_length=12, blank=True)
    region = models.CharField(max_length=32)
    operation = models.CharField(max_length=60, help_text="As AWS names it.")
    read_at = models.DateTimeField(null=True, help_text="When it was last read whole.")
    tried_at = models.DateTimeField()
    problem = models.CharField(max_length=500, blank=True, help_text="What stood against it the last time.")

    class Meta:
        ordering = ("region", "operation")
        constraints = (
            models.UniqueConstraint(fields=("account", "region", "operation"), name="discovered_list_once"),
        )

    def __str__(self) -> str:
        return f"{self.operation} in {self.region}"


class ModelNews(Owned):
    """A model that is new, has changed, or ends: each told once."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Kind(models.TextChoices):
        NEW = "new", "New"
        CHANGED = "changed", "Changed"
        ENDING = "ending", "Ending"
        ENDED = "ended", "Ended"

    key = models.CharField(max_length=300, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    model_id = models.CharField("model ID", max_length=200)
    region = models.CharField(max_length=32, blank=True, help_text="Where it was found; empty: everywhere.")
    text = models.CharField(max_length=500)
    ends_on = models.DateField(null=True)
    created_at = models.DateTimeField("at")

    class Meta:
        verbose_name_plural = "model news"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text


class EndingUse(Owned):
    """Whom the end of a model hits: calls of the last days, of an application or of a prompt. Made anew each day."""

    owned_by = OwnedBy(("team",))

    model_id = models.CharField("model ID", max_length=200)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(
        Application,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Empty: it is a prompt's.",
    )
    prompt = models.CharField(max_length=100, blank=True)
    route = models.CharField(max_length=200, blank=True, help_text="The model as callers name it.")
    calls = models.BigIntegerField()

    class Meta:
        ordering = ("model_id", "-calls", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Of the application or the prompt."""
        return self.prompt or (self.application.name if self.application is not None else "")
