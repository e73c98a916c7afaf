"""The names that callers use."""

from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.choices import PLACE, PromptCaching, Wish, sampling_default, several_of
from gateway.catalogue.models.deployment import Deployment
from gateway.catalogue.models.weighed import Weighed

_PROMPTS = "prompt/"
_MAX_SHADOWED = 200 - len("shadow:")
"""Characters of a route's name before which a feature has `shadow:`."""


def check_targets(strategy: str, weights: Sequence[int]) -> None:
    """ValidationError where calls would go nowhere: of targets without any weight none is drawn."""
    if strategy == Route.Strategy.WEIGHTED and weights and not any(weights):
        raise ValidationError(
            "By weight, one of the targets must have a weight above 0: the others are asked nothing."
        )


class Route(Owned, Weighed):
    """A public name that callers use as `model`, resolving to an ordered or weighted list of deployments."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Strategy(models.TextChoices):
        ORDERED = "ordered", "In order: the next one when one fails"
        WEIGHTED = "weighted", "By weight: a share of calls each"
        SPREAD = "spread", "Spread: where there is most room, and the prompt is cached"
        SCORE = "score", "By score: cost, quality and latency, and routing rules"

    name = models.CharField(max_length=200, unique=True, help_text="What callers pass as model.")
    aliases = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Other names it answers to, separated by commas.",
    )
    description = models.TextField(blank=True)
    strategy = models.CharField(max_length=16, choices=Strategy.choices, default=Strategy.ORDERED)
    default_max_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Tokens of the answer when the caller does not say. Empty: as many as the model can give.",
    )
    max_tokens_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="The most a caller may ask for; more is lowered to it. Empty: what the model allows.",
    )
    expected_output_tokens = models.PositiveIntegerField(
        default=4096,
        db_default=4096,
        help_text=(
            "Output that a call's budgets hold at first, where holding all that it may come to would take more than a "
            "tenth of what is left. More is held as the answer grows. 0: always hold all of it."
        ),
    )
    refuses_sampling = models.BooleanField(
        "refuse sampling values",
        default=False,
        db_default=False,
        help_text="Whether a temperature, top_p or top_k that the model does not take is refused. Else it is dropped, and said.",
    )
    prompt_cache = models.CharField(
        "cache points",
        max_length=8,
        choices=PromptCaching,
        default=PromptCaching.CALLER,
        db_default=PromptCaching.CALLER,
        help_text=(
            "Who marks what the provider's prompt cache keeps. Gatehouse marks tools, the system prompt and all up to the last user's "
            "turn but one, where they are long enough. What is cached costs more to write once and about a tenth to read "
            "within five minutes: good for conversations and shared prompts, dearer where each call begins with something else."
        ),
    )
    timeout_seconds = models.PositiveIntegerField(
        default=300, validators=[MinValueValidator(1)], help_text="All attempts together end by then."
    )
    attempts = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="How often a call is sent at most, after faults and time-outs. Empty: as the model says, or 3, or once to each deployment.",
    )
    default_temperature = sampling_default("temperature")
    default_top_p = sampling_default("top_p")
    regions = ArrayField(
        models.CharField(max_length=32, validators=[PLACE]),
        default=list,
        db_default=[],
        blank=True,
        help_text="Its calls are answered in these regions or geographies only (eu-central-1, eu), fail-overs too. Empty: anywhere.",
    )
    fallbacks = ArrayField(
        models.CharField(max_length=200),
        default=list,
        db_default=[],
        blank=True,
        help_text="Names of routes that answer when this one can't, in order, separated by commas.",
    )
    tighten_only = several_of(
        "callers may not raise the cost by",
        Wish,
        [],
        help_text="Wishes (X-Gatehouse-Prefer) that choose among what costs no more than the default alone. The others, compliance, latency and region, only ever narrow the choice.",
    )
    shadow_route = models.CharField(
        "shadow",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Name of a route that a share of calls is copied to, to compare it. Callers never see its answers.",
    )
    shadow_percent = models.FloatField(
        "share of calls",
        default=0,
        db_default=0,
        validators=[MinValueValidator(0.0), MaxValueValidator(100.0)],
        help_text="Percent of its calls that are copied.",
    )
    shadow_budget = models.DecimalField(
        "budget of the shadow",
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="US dollars a calendar month that all copies may cost.",
    )
    wait_seconds = models.PositiveIntegerField(
        "wait",
        default=0,
        validators=[MaxValueValidator(300)],
        help_text="How many seconds a call may queue for a rate limit. 0: it is refused at once.",
    )
    is_enabled = models.BooleanField("enabled", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A name leads to one route only, and the usual length of answers is not over the highest."""
        names = [self.name, *(self.aliases or ())]
        for name in names:
            if name.startswith(_PROMPTS) or not name.isprintable():
                raise ValidationError(
                    f"“{name}” can't be called: names that begin with {_PROMPTS} lead to prompts, and a name has no line breaks."
                )
        other = (
            Route.objects.exclude(pk=self.pk).filter(Q(name__in=names) | Q(aliases__overlap=names)).first()
        )
        if other is not None:
            taken = next(name for name in names if name in {other.name, *other.aliases})
            raise ValidationError(f"“{taken}” already leads to the route {other}.")
        known = set(Route.objects.filter(name__in=self.fallbacks or ()).values_list("name", flat=True))
        for name in self.fallbacks or ():
            if name == self.name or name not in known:
                text = (
                    "A route can't fall back to itself."
                    if name == self.name
                    else f"There is no route “{name}”."
                )
                raise ValidationError({"fallbacks": text})
        self.check_weights()
        self._check_shadow()
        limit = self.max_tokens_limit
        if limit and self.default_max_tokens and self.default_max_tokens > limit:
            text = f"This is more than callers may ask for ({limit})."
            raise ValidationError({"default_max_tokens": text})

    def _check_shadow(self) -> None:
        if not self.shadow_route:
            return
        if len(self.name) > _MAX_SHADOWED:
            text = f"Copies are counted by the route's name, so one with a shadow has {_MAX_SHADOWED} characters at most."
            raise ValidationError({"shadow_route": text})
        if (
            self.shadow_route == self.name
            or not Route.objects.filter(name=self.shadow_route).exclude(pk=self.pk).exists()
        ):
            raise ValidationError({"shadow_route": f"There is no other route “{self.shadow_route}”."})
        if self.shadow_percent and self.shadow_budget is None:
            raise ValidationError({"shadow_budget": "Say what the copies may cost in a month."})


class RouteTarget(Owned):
    """One deployment of a route: its place in the order, or its weight."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="targets")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="route_targets")
    position = models.PositiveSmallIntegerField(default=0)
    weight = models.PositiveSmallIntegerField(default=1, help_text="Used by the weighted strategy.")

    class Meta:
        ordering = ("route", "position", "id")
        constraints = (models.UniqueConstraint(fields=("route", "deployment"), name="route_target_once"),)

    def __str__(self) -> str:
        return str(self.deployment)
