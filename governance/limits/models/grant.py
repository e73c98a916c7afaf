from django.db import models
from django.db.models import F, Q

from accounts.access.models import Owned, OwnedBy
from accounts.models import Application, User
from governance.limits.models.budget import Budget
from governance.limits.models.rate_limit import RateLimit


class Grant(Owned):
    """More of something for a time: of a budget, of a rate limit, or one more model. It ends by itself.

    Whoever reads it looks at the clock: the ledger's functions for budgets, the gateway for the rest.
    """

    owned_by = OwnedBy(
        ("budget__team", "rate_limit__team", "application__team"), what="limits of the whole organisation"
    )

    budget = models.ForeignKey(Budget, null=True, on_delete=models.CASCADE, related_name="grants")
    rate_limit = models.ForeignKey(RateLimit, null=True, on_delete=models.CASCADE, related_name="grants")
    application = models.ForeignKey(
        Application,
        null=True,
        on_delete=models.CASCADE,
        related_name="grants",
        help_text="Whose keys may call one more model.",
    )
    subject = models.CharField(
        max_length=200,
        blank=True,
        help_text="For whom, where a limit counts each value by itself. Empty: each.",
    )
    amount = models.BigIntegerField(
        default=0, help_text="What is added: nano-dollars per period, or requests, tokens or calls at once."
    )
    model = models.CharField(
        max_length=200, blank=True, help_text="The name of the route that may be called."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    revoke_reason = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-starts_at",)
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"),
            models.CheckConstraint(
                condition=Q(
                    budget__isnull=False, rate_limit__isnull=True, application__isnull=True, amount__gt=0
                )
                | Q(budget__isnull=True, rate_limit__isnull=False, application__isnull=True, amount__gt=0)
                | (Q(budget__isnull=True, rate_limit__isnull=True, application__isnull=False) & ~Q(model="")),
                name="grant_of_one_thing",
            ),
        )

    def __str__(self) -> str:
        what = self.budget or self.rate_limit or f"{self.model} for {self.application}"
        return f"Grant: {what} until {self.ends_at:%Y-%m-%d %H:%M}"
