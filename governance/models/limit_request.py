from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import Application, Team, User
from governance.models.budget import MOST_NANOS, Budget
from governance.models.grant import Grant
from governance.models.rate_limit import MOST, RateLimit
from governance.policy.limit_requests import State
from kernel.money import format_usd


class LimitRequest(models.Model):
    """Somebody asks for more for a time: of a budget, of a rate limit, or for one more model. Approved, it is a grant."""

    STATES = [(state.value, state.value.capitalize()) for state in State]

    team = models.ForeignKey(
        Team, null=True, on_delete=models.CASCADE, related_name="limit_requests", editable=False
    )
    budget = models.ForeignKey(
        Budget, null=True, blank=True, on_delete=models.CASCADE, related_name="requests"
    )
    rate_limit = models.ForeignKey(
        RateLimit, null=True, blank=True, on_delete=models.CASCADE, related_name="requests"
    )
    application = models.ForeignKey(
        Application, null=True, blank=True, on_delete=models.CASCADE, related_name="limit_requests"
    )
    model = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    amount = models.BigIntegerField(
        default=0, help_text="Nano-dollars per period, or requests, tokens, calls."
    )
    reason = models.TextField(max_length=2000)
    ends_at = models.DateTimeField("until")
    state = models.CharField(max_length=16, choices=STATES, default=State.PENDING.value, editable=False)
    requested_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="limit_requests", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    note = models.TextField(max_length=2000, blank=True, editable=False)
    grant = models.OneToOneField(
        Grant, null=True, on_delete=models.SET_NULL, related_name="request", editable=False
    )

    class Meta:
        verbose_name = "request"
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(budget__isnull=False, rate_limit__isnull=True, application__isnull=True)
                | Q(budget__isnull=True, rate_limit__isnull=False, application__isnull=True)
                | Q(budget__isnull=True, rate_limit__isnull=True, application__isnull=False),
                name="request_for_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount_text} for {self.target_text}"

    @property
    def amount_text(self) -> str:
        if self.budget is not None:
            return f"{format_usd(self.amount)} more"
        if self.rate_limit is not None:
            unit = "calls at once" if self.rate_limit.metric == "concurrent" else self.rate_limit.metric
            return f"{self.amount:,} more {unit}"
        return f"The model {self.model}"

    @property
    def target_text(self) -> str:
        whose = f" ({self.subject})" if self.subject else ""
        return f"{self.budget or self.rate_limit or self.application}{whose}"

    def clean(self) -> None:
        """Exactly one thing is asked for, and how much of it."""
        targets = [
            target for target in (self.budget, self.rate_limit, self.application) if target is not None
        ]
        if len(targets) != 1:
            raise ValidationError("Choose one: a budget, a rate limit, or an application and a model.")
        self.team = targets[0].team
        if self.application is not None and not self.model:
            raise ValidationError({"model": "Which model should the application be allowed to call?"})
        if self.application is None:
            self.model = ""
            if self.amount <= 0:
                raise ValidationError({"amount": "How much more is needed?"})
            if self.amount > (MOST_NANOS if self.budget is not None else MOST):
                raise ValidationError({"amount": "This is more than any limit may be."})
        if self.subject and not (getattr(targets[0], "per", "")):
            raise ValidationError({"subject": "This limit is one for all: leave this empty."})
