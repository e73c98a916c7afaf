"""What deployments cost."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.models.deployment import Deployment

_PER_MILLION = "Nano-dollars per million tokens ($3 per million is 3,000,000,000)."


def _rate(label: str, **options: Any) -> "models.BigIntegerField[Any, Any]":
    return models.BigIntegerField(label, help_text=_PER_MILLION, **options)


class Price(Owned):
    """What a deployment costs during a period. Rates are nano-dollars per million tokens, so all of AWS's are exact.

    A cache rate that is empty means that the deployment does not cache: such tokens are charged as input.
    Above `long_context_threshold` tokens of input, the long-context rates hold for the whole call.
    """

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Tier(models.TextChoices):
        STANDARD = "", "Standard"
        PRIORITY = "priority", "Priority"
        FLEX = "flex", "Flex"
        OPTIMIZED = "optimized", "Latency-optimised"
        BATCH = "batch", "Batch inference"

    LONG_RATES = (
        "long_input_rate", "long_output_rate", "long_cache_read_rate", "long_cache_write_rate", "long_cache_write_1h_rate",
    )  # fmt: skip

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="prices")
    tier = models.CharField(
        max_length=16,
        choices=Tier.choices,
        blank=True,
        help_text="What callers ask for; standard unless they do.",
    )
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(
        null=True, blank=True, help_text="Exclusive. Empty: until further notice."
    )
    input_rate = _rate("input")
    output_rate = _rate("output", default=0)
    cache_read_rate = _rate("cache read", null=True, blank=True)
    cache_write_rate = _rate("cache write (5 minutes)", null=True, blank=True)
    cache_write_1h_rate = _rate("cache write (1 hour)", null=True, blank=True)
    image_rate = models.BigIntegerField("image", null=True, blank=True, help_text="Nano-dollars per image.")
    request_rate = models.BigIntegerField(
        "request", null=True, blank=True, help_text="Nano-dollars per request."
    )
    long_context_threshold = models.PositiveIntegerField(null=True, blank=True, help_text="Tokens of input.")
    long_input_rate = _rate("input, long context", null=True, blank=True)
    long_output_rate = _rate("output, long context", null=True, blank=True)
    long_cache_read_rate = _rate("cache read, long context", null=True, blank=True)
    long_cache_write_rate = _rate("cache write, long context", null=True, blank=True)
    long_cache_write_1h_rate = _rate("cache write (1 hour), long context", null=True, blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="Where the figures come from.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("deployment", "-valid_from")
        constraints = (
            models.UniqueConstraint(fields=("deployment", "tier", "valid_from"), name="price_starts_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="price_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(input_rate__gte=0, output_rate__gte=0), name="price_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.deployment} from {self.valid_from:%Y-%m-%d}"

    def clean(self) -> None:
        """Periods of one deployment and tier do not overlap, and long-context rates are whole."""
        if self.valid_from is None or self.deployment_id is None:
            return
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValidationError({"valid_until": "A price ends after it starts."})
        self._check_long_context()
        others = Price.objects.filter(deployment_id=self.deployment_id, tier=self.tier).exclude(pk=self.pk)
        others = others.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=self.valid_from))
        if self.valid_until is not None:
            others = others.filter(valid_from__lt=self.valid_until)
        if (other := others.first()) is not None:
            raise ValidationError(
                f"This overlaps the price valid from {other.valid_from:%Y-%m-%d %H:%M}: end that one first."
            )

    def _check_long_context(self) -> None:
        if self.long_context_threshold is None:
            if any(getattr(self, name) is not None for name in self.LONG_RATES):
                text = "From how many tokens of input do the long-context prices hold?"
                raise ValidationError({"long_context_threshold": text})
        elif self.long_input_rate is None or self.long_output_rate is None:
            text = "Above a threshold, both the input and the output price are needed."
            raise ValidationError({"long_input_rate": text})
