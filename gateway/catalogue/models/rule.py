"""Rules of routes that choose by score, and what is known of how good models are."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.choices import PLACE
from gateway.catalogue.models.model import Model
from gateway.catalogue.models.route import Route
from gateway.catalogue.models.weighed import SHARE, Weighed


class RoutingRule(Owned, Weighed):
    """When it holds, and what is chosen then. The first rule that holds decides a call."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Asks(models.TextChoices):
        ANYTHING = "", "Any call"
        COMPLIANCE = "compliance", "Calls that ask for compliance"
        NEWEST = "newest", "Calls that ask for the newest model"
        COST = "cost", "Calls that ask for a low cost"
        LATENCY = "latency", "Calls that ask for a latency"

    class Choose(models.TextChoices):
        BEDROCK = "bedrock", "Bedrock alone, by score"
        NEWEST = "newest", "The newest model"
        CHEAPEST = "cheapest", "The cheapest that is good enough"
        SCORE = "score", "The best score"

    name = models.CharField(max_length=100, unique=True, help_text="As decisions say it.")
    position = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="The lowest comes first.")
    is_enabled = models.BooleanField("enabled", default=True, db_default=True)
    asks = models.CharField(
        "holds for",
        max_length=16,
        choices=Asks,
        default=Asks.ANYTHING,
        db_default=Asks.ANYTHING,
        blank=True,
        help_text="By the callers' wishes: the header X-Gatehouse-Prefer, or the member gatehouse.prefer.",
    )
    use_cases = ArrayField(
        models.CharField(max_length=200),
        default=list,
        db_default=[],
        blank=True,
        help_text="Features (X-Gatehouse-Feature) that it holds for, separated by commas. Empty: all.",
    )
    routes = ArrayField(
        models.CharField(max_length=200),
        default=list,
        db_default=[],
        blank=True,
        help_text="Names of routes that it holds for, separated by commas. Empty: all that choose by score.",
    )
    choose = models.CharField(max_length=16, choices=Choose, default=Choose.SCORE, db_default=Choose.SCORE)
    quality_bar = models.FloatField(
        null=True,
        blank=True,
        validators=SHARE,
        help_text="From 0 to 1: what is good enough for the cheapest.",
    )
    regions = ArrayField(
        models.CharField(max_length=32, validators=[PLACE]),
        default=list,
        db_default=[],
        blank=True,
        help_text="Its calls are answered in these regions or geographies only (eu-central-1, eu). Empty: anywhere.",
    )
    confidence = models.FloatField(
        null=True,
        blank=True,
        validators=SHARE,
        help_text="From 0 to 1, as decisions say it. Empty: by how far the best score is ahead.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.check_weights()
        known = set(Route.objects.filter(name__in=self.routes or ()).values_list("name", flat=True))
        if unknown := [name for name in self.routes or () if name not in known]:
            raise ValidationError(
                {"routes": f"There is no route “{unknown[0]}”: the rule would hold for no call."}
            )
        if self.choose != self.Choose.CHEAPEST and self.quality_bar is not None:
            raise ValidationError({"quality_bar": "A quality bar is for the choice of the cheapest alone."})


class ModelQuality(Owned):
    """How good a model's answers are, from 0 to 1: by evaluations and feedback, at one use or at all, or as an admin says."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Source(models.TextChoices):
        MEASURED = "measured", "Evaluations and feedback"
        SET = "set", "By hand"

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="qualities")
    scope = models.CharField(
        max_length=220,
        blank=True,
        default="",
        db_default="",
        help_text="feature:… or prompt:… (its number); empty: all uses.",
    )
    score = models.FloatField("quality", validators=SHARE, help_text="From 0 to 1.")
    answers = models.PositiveIntegerField(default=0, db_default=0, help_text="Answers that were judged.")
    source = models.CharField(
        max_length=8, choices=Source, default=Source.SET, db_default=Source.SET, editable=False
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "model qualities"
        ordering = ("model__vendor", "model__name", "scope")
        constraints = (
            models.UniqueConstraint(fields=("model", "scope", "source"), name="model_quality_once"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="model_quality_from_0_to_1"),
        )

    def __str__(self) -> str:
        return f"{self.model} ({self.scope or 'all uses'})"
