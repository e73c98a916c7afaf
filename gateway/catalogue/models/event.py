"""What became of deployments: when they went out, and when they were back."""

from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.models.deployment import Deployment


class DeploymentEvent(Owned):
    """One change of a deployment's circuit breaker. Written by gateways."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Change(models.TextChoices):
        OPENED = "opened", "Out"
        CLOSED = "closed", "Back"

    class Reason(models.TextChoices):
        FAILING = "failing", "Its calls failed"
        SLOW = "slow", "Its first tokens were slow"

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="events")
    change = models.CharField(max_length=10, choices=Change.choices)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    created_at = models.DateTimeField("at", auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.deployment}: {self.get_change_display()}"
