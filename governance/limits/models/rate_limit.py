from django.core.exceptions import ValidationError
from django.db import models

from governance.limits.models.scope import Scoped
from governance.limits.policy.rate_limits import MAX_PERIOD_SECONDS, PERIOD_SECONDS, period_text

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
    every = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        help_text="So many periods together: 12 and a minute are “in any 12 minutes”.",
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
                fields=(*Scoped.SCOPE, "metric", "period", "every"),
                name="rate_limit_once_per_scope_and_metric",
                nulls_distinct=False,
                violation_error_message="A rate limit with this scope and metric already exists. Edit that one.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.limit:,} {self.what} for {self.scope_text}"

    @property
    def period_seconds(self) -> int:
        """How long its period is; 0 for calls at once."""
        return PERIOD_SECONDS[self.period] * self.every

    @property
    def what(self) -> str:
        """What it limits: `requests per 12 minutes`."""
        if self.metric == self.Metric.CONCURRENT:
            return "calls at once"
        return f"{self.metric} per {period_text(self.period_seconds)}"

    def clean(self) -> None:
        if self._state.adding:  # it stays as it was made, even where a route has gone since
            self.clean_scope()
        if self.limit is not None and not 0 < self.limit <= MAX_AMOUNT:
            raise ValidationError({"limit": f"A limit is between 1 and {MAX_AMOUNT:,}."})
        if self.metric == self.Metric.CONCURRENT and self.period:
            raise ValidationError({"period": "Calls at once are counted at any time: choose no period."})
        if self.metric != self.Metric.CONCURRENT and not self.period:
            raise ValidationError({"period": "Choose a minute, an hour or a day."})
        one = PERIOD_SECONDS.get(self.period, 0)  # of no known period, which is said already
        most = MAX_PERIOD_SECONDS // one if one else 1
        if self.every is not None and not 1 <= self.every <= most:
            told = f"One or more, and no more than {MAX_PERIOD_SECONDS // 86_400} days together."
            raise ValidationError(
                {"every": told if self.period else "Calls at once have no period: leave it at 1."}
            )
