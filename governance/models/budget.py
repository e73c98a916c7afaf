from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from accounts.models import Team


class Budget(models.Model):
    """A team's limit on cost for each calendar period."""

    class Period(models.TextChoices):
        DAY = "day", "Day"
        WEEK = "week", "Week (from Monday)"
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        YEAR = "year", "Year"
        TOTAL = "total", "Once, no period"

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="budget")
    limit_nanos = models.BigIntegerField(
        "limit", validators=[MinValueValidator(0)], help_text="Nano-dollars per period."
    )
    period = models.CharField(max_length=16, choices=Period.choices, default=Period.MONTH)
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="Where the calendar period begins, such as Europe/Berlin."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name",)
        constraints = (
            models.CheckConstraint(condition=models.Q(limit_nanos__gte=0), name="budget_limit_not_negative"),
        )

    def __str__(self) -> str:
        return f"Budget of {self.team} per {self.period}"

    def clean(self) -> None:
        if self.time_zone not in available_timezones():
            raise ValidationError(
                {"time_zone": f"“{self.time_zone}” is no time zone. Try one such as Europe/Berlin."}
            )


class BudgetWindow(models.Model):
    """The counter of one period of a budget, in nano-dollars. Written by the ledger's functions in Postgres alone."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="windows")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    spent_nanos = models.BigIntegerField(default=0)
    reserved_nanos = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("budget", "-starts_at")
        constraints = (
            models.UniqueConstraint(fields=("budget", "starts_at"), name="window_starts_once"),
            models.CheckConstraint(
                condition=models.Q(reserved_nanos__gte=0), name="window_reserved_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.budget} from {self.starts_at:%Y-%m-%d}"
