from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import Team
from gateway.catalogue.models.route import Route
from gateway.catalogue.models.weighed import SHARE
from prompts.registry.models import Prompt

_DAY = 86_400
_MAX_LIFE = MaxValueValidator(90 * _DAY)
_SECONDS = [MinValueValidator(1), _MAX_LIFE]


class CacheRule(Owned):
    """Which answers may be kept and given again. Of several that fit a call the most specific one holds."""

    owned_by = OwnedBy(("team",), shared=Shared.EVERYONE, what="cache rules of all teams")

    class Semantic(models.TextChoices):
        OFF = "off", "Off"
        SHADOW = "shadow", "Shadow: only note what would have been served"
        SERVE = "serve", "Serve"

    name = models.CharField(max_length=100)
    is_enabled = models.BooleanField("enabled", default=True, db_default=True)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Empty: all teams."
    )
    route = models.ForeignKey(
        Route, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Empty: any."
    )
    prompt = models.ForeignKey(
        Prompt,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Empty: any prompt, and calls of none.",
    )
    exact = models.BooleanField(
        "exact answers", default=True, db_default=True, help_text="The same request gets the same answer."
    )
    seconds = models.PositiveIntegerField(
        "kept for", default=_DAY, db_default=_DAY, validators=_SECONDS, help_text="Seconds."
    )
    max_temperature = models.FloatField(
        "maximum temperature",
        default=1.0,
        db_default=1.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(2.0)],
        help_text="Calls above it always get an answer of their own. A call that sets none has its model's default.",
    )
    with_tools = models.BooleanField(
        "calls with tools",
        default=False,
        db_default=False,
        help_text="Only where no tool has a side effect: an answer given again asks for the same tools again.",
    )
    semantic = models.CharField(
        "similar questions",
        max_length=8,
        choices=Semantic,
        default=Semantic.SHADOW,
        db_default=Semantic.SHADOW,
    )
    min_similarity = models.FloatField(
        "minimum similarity",
        default=0.92,
        db_default=0.92,
        validators=[MinValueValidator(0.5), MaxValueValidator(1.0)],
        help_text="From 0.5 to 1. Whatever it is, numbers, names, negations and the rest must agree.",
    )
    error_bound = models.FloatField(
        default=0.01,
        db_default=0.01,
        validators=[MinValueValidator(0.0001), MaxValueValidator(0.5)],
        help_text="The share of answers to similar questions that may be wrong. Where it can't be kept, a route serves exact answers only.",
    )
    check_share = models.FloatField(
        "checked share",
        default=0.1,
        db_default=0.1,
        validators=SHARE,
        help_text="So many answers to similar questions are checked: the model is asked all the same, after the answer was given.",
    )
    embedder = models.ForeignKey(
        Route,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The embedding model that compares questions, paid like any call. Empty: the local one, for English.",
    )
    semantic_ms = models.PositiveIntegerField(
        "deadline",
        default=50,
        db_default=50,
        validators=[MinValueValidator(1), MaxValueValidator(5000)],
        help_text="Milliseconds that looking for a similar question may take; then the model is asked.",
    )
    max_characters = models.PositiveIntegerField(
        "longest question",
        default=300,
        db_default=300,
        validators=[MinValueValidator(10), MaxValueValidator(300)],
        help_text="Characters. In longer ones a word that matters slips through.",
    )
    slots = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Answers by a key that the prompt or the header X-Gatehouse-Cache-Key names.",
    )
    slot_seconds = models.PositiveIntegerField(
        "slots kept for", default=7200, db_default=7200, validators=_SECONDS, help_text="Seconds."
    )
    stale_seconds = models.PositiveIntegerField(
        "stale while revalidating",
        default=0,
        db_default=0,
        validators=[_MAX_LIFE],
        help_text="Seconds after that in which the old answer is still given, and says that it is stale, while a new one is made.",
    )
    retrieval = models.BooleanField(
        "passages of knowledge",
        default=True,
        db_default=True,
        help_text="What a question finds in knowledge bases is kept for as long, until a document changes.",
    )
    counts_requests = models.BooleanField(
        "count as requests",
        default=False,
        db_default=False,
        help_text="Answers from the cache count in limits of requests.",
    )
    max_entries = models.PositiveIntegerField(
        "most entries",
        default=100_000,
        db_default=100_000,
        validators=[MinValueValidator(1), MaxValueValidator(10_000_000)],
        help_text="Of a team. Those that served longest ago are dropped first, once a minute.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("team", "route", "prompt"), nulls_distinct=False, name="cache_rule_once",
                violation_error_message="A rule for the same team, route and prompt already exists: change that one.",
            ),
            models.UniqueConstraint(
                fields=("team", "name"), nulls_distinct=False, name="cache_rule_name_once",
                violation_error_message="A cache rule of this name already exists: choose another name.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name
