from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.models import ApiKey, Application, Team, User
from accounts.policy.roles import Capability
from accounts.services.known_models import unknown_model
from governance.limits.models.budget import MAX_NANOS, Budget
from governance.limits.models.grant import Grant
from governance.limits.models.rate_limit import MAX_AMOUNT, RateLimit
from governance.limits.models.scope import Dimension
from governance.limits.policy.limit_requests import RequestState
from kernel.choices import choices_of
from kernel.money import format_usd

_BY_ID: dict[str, Any] = {"team": Team, "application": Application, "api_key": ApiKey}
"""Dimensions whose values are told apart by their ids."""


class LimitRequest(Owned):
    """Somebody asks for more for a time: of a budget, of a rate limit, or for one more model. Approved, it is a grant."""

    owned_by = OwnedBy(change=Capability.VIEW_USAGE, what="requests of no team")

    STATES = choices_of(RequestState)
    RELATED = (
        "budget__team", "budget__application__team", "budget__api_key", "rate_limit__team",
        "rate_limit__application__team", "rate_limit__api_key", "application__team", "requested_by", "decided_by", "team",
        "grant",
    )  # fmt: skip
    """What its texts are made of, for `select_related`."""

    team = models.ForeignKey(
        Team,
        null=True,
        on_delete=models.CASCADE,
        related_name="limit_requests",
        editable=False,
        help_text="Who asks: the team of what is asked for; for a limit of the organisation, the team it is for.",
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
    state = models.CharField(
        max_length=16, choices=STATES, default=RequestState.PENDING.value, editable=False
    )
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
    def target(self) -> Budget | RateLimit | Application:
        """What more is asked of."""
        found = self.budget or self.rate_limit or self.application
        if found is None:
            raise ValueError("a request is for one thing")
        return found

    @property
    def target_text(self) -> str:
        whose = f", for {self.subject_text}" if self.subject else ""
        return f"{self.target}{whose}"

    @property
    def subject_text(self) -> str:
        """For whom, by name. A list looks all names up at once, and leaves them in `known_subject`."""
        if "known_subject" in self.__dict__:
            return str(self.__dict__["known_subject"])
        limit = self.budget or self.rate_limit
        dimension = _BY_ID.get(limit.per if limit else "")
        if dimension is None or not self.subject.isdecimal():
            return self.subject
        found = dimension.objects.filter(pk=int(self.subject)).first()
        return str(found or self.subject)

    def clean(self) -> None:
        """Exactly one thing is asked for, and how much of it."""
        targets = [
            target for target in (self.budget, self.rate_limit, self.application) if target is not None
        ]
        if len(targets) != 1:
            raise ValidationError("Choose one: a budget, a rate limit, or an application and a model.")
        self.team = targets[0].team or self.team
        if self.application is not None and not self.model:
            raise ValidationError({"model": "Which model should the application be allowed to call?"})
        if (unknown := unknown_model([self.model] if self.application is not None else [])) is not None:
            raise ValidationError({"model": f"There is no route named “{unknown[:80]}”."})
        if self.application is None:
            self.model = ""
            if self.amount <= 0:
                raise ValidationError({"amount": "How much more is needed?"})
            if self.amount > (MAX_NANOS if self.budget is not None else MAX_AMOUNT):
                raise ValidationError({"amount": "This is more than any limit may be."})
        self._clean_subject(getattr(targets[0], "per", ""))

    def _clean_subject(self, per: str) -> None:
        """A value that the limit tells apart, of the team that asks where it is one of ours."""
        if self.subject and not per:
            raise ValidationError({"subject": "This limit is one for all: leave this empty."})
        if not self.subject or per not in _BY_ID:
            return
        lookup = {"team": "pk", "application": "team", "api_key": "application__team"}[per]
        is_id = self.subject.isascii() and self.subject.isdecimal() and len(self.subject) < 19
        rows = _BY_ID[per].objects.filter(pk=int(self.subject)) if is_id else None
        if rows is not None and self.team is not None:
            rows = rows.filter(**{lookup: self.team.pk})
        if rows is None or not rows.exists():
            name = Dimension(per).label
            raise ValidationError({"subject": f"{name} {self.subject[:40]} does not exist. Give its ID."})
