import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User
from kernel.triggers import Trigger


class RawAccess(Owned):
    """One look at the raw text of a call: who, when, and why. Append-only; written before the text is decrypted."""

    owned_by = OwnedBy()

    class Via(models.TextChoices):
        ADMIN = "admin", "Admin"
        API = "api", "API"

    call_id = models.UUIDField("call ID", db_index=True)
    # No constraints in the database: the entry outlives what it names, and is never changed.
    team = models.ForeignKey(Team, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    email = models.CharField("who", max_length=254)
    reason = models.CharField(max_length=500)
    via = models.CharField(max_length=16, choices=Via.choices)
    created_at = models.DateTimeField("when", auto_now_add=True)

    class Meta:
        verbose_name = "raw-text access"
        verbose_name_plural = "raw-text access log"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("team", "-id"), name="raw_access_by_team"),
            BrinIndex(fields=("created_at",), name="raw_access_by_time"),
        )
        triggers = (
            Trigger(name="append_only", level=pgtrigger.Statement, function="gatehouse_refuse_update"),
            Trigger(
                name="never_deleted",
                level=pgtrigger.Statement,
                operation=pgtrigger.Delete,
                function="gatehouse_refuse_delete",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} read {self.call_id}"
