"""What is kept of answers, what ends them, and what is known of how right they were when they were given again.

Gateways read and write these without the ORM (`gateway.cache.store`).
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User
from accounts.policy.roles import Capability
from gateway.catalogue.models import CacheRule
from kernel.transaction_id import transaction_id
from prompts.registry.models import Prompt


class Kind(models.TextChoices):
    """How an answer is known again."""

    EXACT = "exact", "Same request"
    SEMANTIC = "semantic", "Similar question"
    SLOT = "slot", "Slot"
    EMBEDDING = "embedding", "Embedding"
    RETRIEVAL = "retrieval", "Retrieval"


class CacheEntry(Owned):
    """An answer that may be given again, masked, or the passages that a question found."""

    owned_by = OwnedBy(see=Capability.VIEW_CONTENT, change=Capability.MANAGE_TEAM, what="entries of no team")

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    digest = models.BinaryField(
        unique=True, help_text="A keyed hash of what is asked and by whom it may be asked."
    )
    rule = models.ForeignKey(CacheRule, null=True, on_delete=models.SET_NULL, related_name="+")
    route = models.CharField(max_length=200)
    prompt = models.ForeignKey(Prompt, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    prompt_version = models.PositiveIntegerField(null=True)
    end_user = models.CharField(
        max_length=200, blank=True, db_default="", help_text="Of the call whose answer it is."
    )
    has_values = models.BooleanField(
        help_text="Whether the answer holds placeholders: then it is that end user's alone."
    )
    uses = ArrayField(
        models.CharField(max_length=40),
        default=list,
        db_default=[],
        help_text="document:…, base:… and context:…",
    )
    deployment_id = models.BigIntegerField(null=True)
    model = models.CharField(max_length=200, blank=True, db_default="")
    question = models.TextField(blank=True, db_default="", help_text="What was asked last, masked.")
    answer = models.BinaryField(help_text="Its events, masked.")
    call_id = models.UUIDField(null=True, help_text="The call whose answer it is.")
    cost_nanos = models.BigIntegerField(help_text="What that call cost.")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="Until when it is given although it is stale.")
    seen_xact = models.BigIntegerField(
        help_text="All transactions before this one were seen when its answer was asked for."
    )
    scope = models.BinaryField(null=True, help_text="A keyed hash of all but the question.")
    guard = models.BinaryField(null=True, help_text="What questions must agree in.")
    vector = HalfVectorField(null=True)
    is_barred = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It was wrong for a similar question, and is given for the same alone.",
    )
    hits = models.PositiveBigIntegerField(default=0, db_default=0)
    last_hit_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "cache entries"
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("scope", "guard"), name="cache_entry_alike", condition=Q(scope__isnull=False)
            ),
            models.Index(fields=("ends_at",), name="cache_entry_ends"),
            models.Index(fields=("team", "-id"), name="cache_entry_of_team"),
            models.Index(fields=("prompt",), name="cache_entry_of_prompt", condition=Q(prompt__isnull=False)),
            GinIndex(fields=("uses",), name="cache_entry_uses"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class CachePurge(Owned):
    """What ended entries: all that were asked for before it was seen. Whatever it names must fit, and what it leaves empty is any."""

    owned_by = OwnedBy(see=Capability.VIEW_USAGE, change=Capability.MANAGE_TEAM, what="purges of all teams")

    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    route = models.CharField(max_length=200, blank=True, db_default="")
    end_user = models.CharField(max_length=200, blank=True, db_default="")
    uses = models.CharField(
        "document",
        max_length=40,
        blank=True,
        db_default="",
        help_text="document:…, base:… or context:…, with its number.",
    )
    older_than = models.DateTimeField(null=True, blank=True, help_text="Only entries made before then.")
    reason = models.CharField(max_length=300, blank=True, db_default="")
    by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    at = models.DateTimeField(db_default=Now(), editable=False)
    ended = models.PositiveBigIntegerField("entries ended", null=True, editable=False)
    xact_id = transaction_id()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("xact_id",), name="cache_purge_by_xact"),)

    def __str__(self) -> str:
        return f"Purge {self.pk}"


class CachePair(Owned):
    """Two questions that were taken for the same, with both answers, masked: what is learnt from, and what reviewers label."""

    owned_by = OwnedBy(see=Capability.VIEW_CONTENT, change=Capability.REVIEW_CALLS, what="pairs of no team")

    class Source(models.TextChoices):
        SHADOW = "shadow", "Would have been served"
        CHECK = "check", "Was served and checked"

    class Outcome(models.TextChoices):
        SAME = "same", "Same answer"
        DIFFERENT = "different", "Different answer"
        UNSURE = "unsure", "Can't be told"

    class Label(models.TextChoices):
        NONE = "", "Not labelled"
        SAME = "same", "The answer fits both"
        DIFFERENT = "different", "The answer is wrong for the other"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    route = models.CharField(max_length=200)
    prompt = models.ForeignKey(Prompt, null=True, on_delete=models.CASCADE, related_name="+")
    entry = models.ForeignKey(CacheEntry, null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=8, choices=Source)
    asked = models.TextField()
    known = models.TextField()
    served = models.TextField(help_text="The answer to the known question.")
    said = models.TextField(help_text="What the model said to the one asked.")
    similarity = models.FloatField()
    outcome = models.CharField(max_length=16, choices=Outcome)
    label = models.CharField(max_length=16, choices=Label, blank=True, default=Label.NONE, db_default="")
    labelled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    labelled_at = models.DateTimeField(null=True)
    call_id = models.UUIDField(null=True)
    end_users = ArrayField(models.CharField(max_length=200), default=list, db_default=[])
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("team", "-id"), name="cache_pair_of_team"),
            models.Index(fields=("at",), name="cache_pair_by_age"),
            models.Index(
                fields=("team", "known"),
                name="cache_pair_wrong",
                condition=Q(label="different") | Q(label="", outcome="different"),
            ),
        )

    def __str__(self) -> str:
        return f"Pair {self.pk}"


class CacheEvidence(Owned):
    """How many answers to similar questions were judged at a team's route, and how many of them were wrong."""

    owned_by = OwnedBy(see=Capability.VIEW_USAGE, change=Capability.MANAGE_TEAM, what="evidence of no team")

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    route = models.CharField(max_length=200)
    prompt_id = models.BigIntegerField(default=0, db_default=0, help_text="0: calls of no prompt.")
    judged = models.PositiveBigIntegerField(default=0, db_default=0)
    wrong = models.PositiveBigIntegerField(default=0, db_default=0)
    unsure = models.PositiveBigIntegerField(default=0, db_default=0)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "cache evidence"
        constraints = (
            models.UniqueConstraint(fields=("team", "route", "prompt_id"), name="cache_evidence_once"),
        )

    def __str__(self) -> str:
        return f"{self.route} {self.prompt_id}"


class CacheUse(Owned):
    """What came of looking in the cache, by day: counted by the gateways, written every few seconds."""

    owned_by = OwnedBy(see=Capability.VIEW_USAGE, change=Capability.MANAGE_TEAM, what="uses of no team")

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    route = models.CharField(max_length=200)
    prompt = models.CharField(max_length=100, blank=True, db_default="", help_text="Its name.")
    outcome = models.CharField(max_length=16, help_text="A kind of hit; or miss, bypass or shadow.")
    number = models.PositiveBigIntegerField(default=0, db_default=0)
    saved_nanos = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "savings"
        ordering = ("-day", "route")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "day", "route", "prompt", "outcome"), name="cache_use_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.route} {self.outcome}"
