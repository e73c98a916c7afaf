import uuid

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import models

from accounts.models import Team
from governance.models.budget import BudgetWindow


class AlertChannel(models.Model):
    """Where alerts on a team's budgets and rollouts go; without a team, those of all teams."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Signed webhook"
        SLACK = "slack", "Slack, or what takes its webhooks"

    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="alert_channels",
        help_text="Empty: alerts of all teams.",
    )
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    target = models.CharField(max_length=500, help_text="An e-mail address, or the webhook's URL.")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    is_enabled = models.BooleanField("enabled", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check = validate_email if self.kind == self.Kind.EMAIL else URLValidator(schemes=["http", "https"])
        try:
            check(self.target)
        except ValidationError as error:
            what = (
                "an e-mail address"
                if self.kind == self.Kind.EMAIL
                else "a URL, such as https://example.com/hook"
            )
            raise ValidationError({"target": f"This is not {what}."}) from error


class Alert(models.Model):
    """A budget's period has reached a threshold, or is forecast to run out: once each."""

    window = models.ForeignKey(BudgetWindow, on_delete=models.CASCADE, related_name="alerts")
    threshold = models.SmallIntegerField(
        help_text="Per cent of the limit; 0 for the forecast of running out."
    )
    spent_nanos = models.BigIntegerField("spent")
    limit_nanos = models.BigIntegerField("limit")
    runs_out_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("window", "threshold"), name="alert_once"),)

    def __str__(self) -> str:
        what = f"{self.threshold} %" if self.threshold else "forecast"
        return f"{self.window.budget}: {what}"


class Delivery(models.Model):
    """One alert, notice, or test, on its way to one channel."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="deliveries")
    alert = models.ForeignKey(
        Alert, null=True, on_delete=models.CASCADE, related_name="deliveries",
        help_text="Empty: a notice, or a test.",
    )  # fmt: skip
    notice = models.JSONField(
        null=True, help_text='{"type", "text", "path"}: what is told, where it is not about a budget.'
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(
                fields=("next_attempt_at",), name="delivery_due", condition=models.Q(state="pending")
            ),
        )

    def __str__(self) -> str:
        return f"{self.what} to {self.channel}"

    @property
    def what(self) -> str:
        """What is brought, in a line."""
        return str(self.notice["text"] if self.notice else self.alert or "Test")
