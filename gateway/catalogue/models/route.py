from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.models.deployment import Deployment


class Route(Owned):
    """A public name that callers use as `model`, resolving to an ordered or weighted list of deployments."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Strategy(models.TextChoices):
        ORDERED = "ordered", "In order: the next one when one fails"
        WEIGHTED = "weighted", "By weight: a share of calls each"

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
        default=4096,
        validators=[MinValueValidator(1)],
        help_text="Tokens of the answer when the caller does not say.",
    )
    max_tokens_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="The most a caller may ask for. Empty: what the model allows.",
    )
    timeout_seconds = models.PositiveIntegerField(default=300, validators=[MinValueValidator(1)])
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
