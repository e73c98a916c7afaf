from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.services.known_models import unknown_model
from governance.limits.models.scope import Scoped
from kernel.money import NANOS_PER_DOLLAR, format_usd
from kernel.time_zones import known_zone

MAX_NANOS = 1_000_000_000 * NANOS_PER_DOLLAR
"""The largest limit of a budget: a billion dollars."""


class WhenExceeded(models.TextChoices):
    """What becomes of a call that there is too little left for."""

    REFUSE = "refuse", "It is refused"
    CHEAPER = "cheaper", "A cheaper model answers"
    WAIT = "wait", "It waits, then it is refused"
    ASK = "ask", "It is refused with a link to ask for more"


def _usual_thresholds() -> list[int]:
    return [50, 80, 100]


class Budget(Scoped):
    """A limit on what some calls may cost in each calendar period."""

    class Period(models.TextChoices):
        DAY = "day", "Day"
        WEEK = "week", "Week (from Monday)"
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        YEAR = "year", "Year"
        TOTAL = "total", "Once, no period"

    name = models.CharField(max_length=100, blank=True, help_text="Empty: named after its scope.")
    limit_nanos = models.BigIntegerField("limit", help_text="Nano-dollars per period.")
    period = models.CharField(max_length=16, choices=Period.choices, default=Period.MONTH)
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[known_zone],
        help_text="Time zone of the calendar period, such as Europe/Berlin.",
    )
    is_hard = models.BooleanField(
        "hard",
        default=True,
        help_text="A hard budget refuses calls that might exceed it; a soft one counts, and alerts.",
    )
    when_exceeded = models.CharField(
        max_length=8,
        choices=WhenExceeded.choices,
        default=WhenExceeded.REFUSE,
        db_default=WhenExceeded.REFUSE,
        help_text="What becomes of a call that a hard budget has too little left for.",
    )
    cheaper_model = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="The route that answers in its place.",
    )
    wait_seconds = models.PositiveSmallIntegerField(
        "wait",
        default=30,
        db_default=30,
        validators=[MinValueValidator(1), MaxValueValidator(300)],
        help_text="For how many seconds a call waits for others to give back what they hold.",
    )
    alert_thresholds = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(1000)]),
        default=_usual_thresholds,
        blank=True,
        size=10,
        help_text="Per cent of the limit at which alerts go out, separated by commas.",
    )
    alert_on_forecast = models.BooleanField(
        default=True, help_text="Send an alert when the budget is forecast to run out before its period ends."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(limit_nanos__gte=0), name="budget_limit_not_negative"),
            models.UniqueConstraint(
                fields=(*Scoped.SCOPE, "period"),
                name="budget_once_per_scope_and_period",
                nulls_distinct=False,
                violation_error_message="A budget with this scope and period already exists. Edit that one.",
            ),
        )

    def __str__(self) -> str:
        return self.name or f"Budget of {self.scope_text} per {self.period}"

    def clean(self) -> None:
        if self._state.adding:  # it stays as it was made, even where a route has gone since
            self.clean_scope()
        if self.when_exceeded == WhenExceeded.CHEAPER and not self.cheaper_model:
            raise ValidationError({"cheaper_model": "Name the route that answers when this budget is short."})
        if (unknown := unknown_model([self.cheaper_model] if self.cheaper_model else [])) is not None:
            raise ValidationError(
                {"cheaper_model": f"There is no route named “{unknown}”. See Routes for the names."}
            )
        if self.limit_nanos is not None and self.limit_nanos <= 0:
            raise ValidationError(
                {"limit_nanos": "The limit must be greater than $0. To stop calls, revoke their API keys."}
            )
        if self.limit_nanos is not None and self.limit_nanos > MAX_NANOS:
            raise ValidationError({"limit_nanos": f"At most {format_usd(MAX_NANOS)}."})


class BudgetWindow(models.Model):
    """The counter of one period of a budget, in nano-dollars. Written by the ledger's functions in Postgres alone."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="windows")
    subject = models.CharField(
        max_length=200, blank=True, help_text="Whose counter, where a budget counts each value by itself."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    spent_nanos = models.BigIntegerField(default=0)
    reserved_nanos = models.BigIntegerField(default=0)
    limit_nanos = models.BigIntegerField(
        null=True,
        help_text="The highest limit that a call was admitted under. Empty: none, or a soft budget.",
    )

    class Meta:
        verbose_name = "counter of a period"
        verbose_name_plural = "counters of periods"
        ordering = ("budget", "-starts_at", "subject")
        constraints = (
            models.UniqueConstraint(fields=("budget", "starts_at", "subject"), name="window_starts_once"),
            models.CheckConstraint(
                condition=models.Q(reserved_nanos__gte=0), name="window_reserved_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.budget} from {self.starts_at:%Y-%m-%d}"
