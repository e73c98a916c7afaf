from django.core.exceptions import ValidationError
from django.db import models

from governance.limits.models.scope import Scoped

MAX_AMOUNT = 10**12
"""The largest limit: beyond it a typing error is likelier than a need."""


class RateLimit(Scoped):
    """How many calls or tokens are let through in any minute, hour or day, or how many calls at once."""

    class Metric(models.TextChoices):
        REQUESTS = "requests", "Requests"
        TOKENS = "tokens", "Tokens"
        CONCURRENT = "concurrent", "Calls at once"

    class Period(models.TextChoices):
        NONE = "", "At any time"
        MINUTE = "minute", "Minute"
        HOUR = "hour", "Hour"
        DAY = "day", "Day"

    metric = models.CharField(max_length=16, choices=Metric.choices)
    period = models.CharField(
        max_length=16, choices=Period.choices, blank=True, help_text="For calls at once: at any time."
    )
    limit = models.BigIntegerField(help_text="Requests or tokens in any such period, or calls at once.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(limit__gt=0), name="rate_limit_positive"),
            models.CheckConstraint(
                condition=models.Q(metric="concurrent", period="")
                | (~models.Q(metric="concurrent") & ~models.Q(period="")),
                name="rate_limit_period_fits",
            ),
            models.UniqueConstraint(
                fields=(*Scoped.SCOPE, "metric", "period"),
                name="rate_limit_once_per_scope_and_metric",
                nulls_distinct=False,
                violation_error_message="A rate limit with this scope and metric already exists. Edit that one.",
            ),
        )

    def __str__(self) -> str:
        what = (
            "calls at once" if self.metric == self.Metric.CONCURRENT else f"{self.metric} per {self.period}"
        )
        return f"{self.limit:,} {what} for {self.scope_text}"

    def clean(self) -> None:
        if self._state.adding:  # it stays as it was made, even where a route has gone since
            self.clean_scope()
        if self.limit is not None and not 0 < self.limit <= MAX_AMOUNT:
            raise ValidationError({"limit": f"A limit is between 1 and {MAX_AMOUNT:,}."})
        if self.metric == self.Metric.CONCURRENT and self.period:
            raise ValidationError({"period": "Calls at once are counted at any time: choose no period."})
        if self.metric != self.Metric.CONCURRENT and not self.period:
            raise ValidationError({"period": "Choose a minute, an hour or a day."})
