from django.contrib.postgres.fields import ArrayField
from django.db import models

from kernel.transaction_id import transaction_id
from kernel.triggers import Trigger


class LedgerEntry(models.Model):
    """One posting to the windows of a call, append-only: the sum over a window's entries is what it has spent."""

    class Kind(models.TextChoices):
        CHARGE = "charge", "Charge"
        EXPIRY = "expiry", "Estimated charge of an expired hold"
        CORRECTION = "correction", "Correction"
        REPAIR = "repair", "Repair of a lost posting"

    call_id = models.UUIDField(db_index=True)
    window_ids = ArrayField(models.BigIntegerField(), default=list)
    amount_nanos = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.CHARGE)
    is_estimated = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True, help_text="Of a correction: where it comes from.")
    created_at = models.DateTimeField(auto_now_add=True)
    xact_id = transaction_id()

    class Meta:
        verbose_name_plural = "ledger entries"
        indexes = (
            models.Index(
                fields=("xact_id",), name="correction_by_xact", condition=models.Q(kind="correction")
            ),
        )
        triggers = (Trigger(name="append_only", function="gatehouse_refuse_rewrite"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.call_id}"
