import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.principals import has_capability
from accounts.models import Team
from governance.alerts.policy import host_of
from governance.limits.models.budget import BudgetWindow


class AlertChannel(Owned):
    """Where a team's alerts go; without a team, those of all teams."""

    owned_by = OwnedBy(what="channels for the alerts of all teams")

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
        help_text="Empty: the alerts of all teams.",
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

    def target_for(self, who: Any) -> str:
        """Where it leads, as somebody may know it: a webhook's address is what it takes to post there."""
        if self.kind == self.Kind.EMAIL or has_capability(who, self.owned_by.change, self.owner_id):
            return self.target
        return host_of(self.target)

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


class Alert(Owned):
    """A budget's period has reached a threshold, or is forecast to run out, once each; or something else than a budget needs a look (`Kind`)."""

    owned_by = OwnedBy(("window__budget__team", "team"))

    class Kind(models.TextChoices):
        BUDGET = "budget", "Budget"
        CONTRACT_BROKEN = "contract_broken", "Service contract broken"
        CONTRACT_KEPT = "contract_kept", "Service contract kept again"
        ROLLOUT_PAUSED = "rollout_paused", "Rollout paused"
        ROLLOUT_ROLLED_BACK = "rollout_rolled_back", "Rollout rolled back"
        ROLLOUT_COMPLETED = "rollout_completed", "Rollout completed"
        EXPERIMENT_RESULT = "experiment_result", "Result of an experiment"
        CALLS_UNFILED = "calls_unfiled", "Calls in no month's partition"
        MODEL_UNUSABLE = "model_unusable", "Model that can't be called"
        DEPLOYMENT = "deployment", "Model that is out, or back"
        MODEL_NEWS = "model_news", "Model that is new, has changed, or ends"
        RAW_NOT_KEPT = "raw_not_kept", "Raw text that is not kept"

    kind = models.CharField(max_length=24, choices=Kind.choices, default=Kind.BUDGET)
    window = models.ForeignKey(BudgetWindow, null=True, on_delete=models.CASCADE, related_name="alerts")
    threshold = models.SmallIntegerField(
        default=0, help_text="Per cent of the limit; 0 for the forecast of running out."
    )
    spent_nanos = models.BigIntegerField("spent", default=0)
    limit_nanos = models.BigIntegerField("limit", default=0)
    runs_out_at = models.DateTimeField(null=True)
    team = models.ForeignKey(
        Team,
        null=True,
        on_delete=models.CASCADE,
        related_name="alerts",
        help_text="Team, for alerts that are not about a budget.",
    )
    text = models.CharField(
        max_length=500, blank=True, help_text="Text, for alerts that are not about a budget."
    )
    path = models.CharField(max_length=300, blank=True, help_text="The page of the admin it leads to.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("window", "threshold"), name="alert_once"),)

    def __str__(self) -> str:
        if self.window is None:
            return self.text
        what = f"{self.threshold} %" if self.threshold else "forecast"
        return f"{self.window.budget}: {what}"


class Delivery(Owned):
    """One alert, or a test, on its way to one channel."""

    owned_by = OwnedBy(("channel__team",))

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="deliveries")
    alert = models.ForeignKey(
        Alert, null=True, on_delete=models.CASCADE, related_name="deliveries", help_text="Empty: a test."
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, editable=False, help_text="While an attempt is under way.")
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
        return f"{self.alert or 'Test'} to {self.channel}"
