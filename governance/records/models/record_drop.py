import pgtrigger
from django.db import models

from kernel.triggers import Trigger


class RecordDrop(models.Model):
    """Calls let go by the month, with what was said in them. Append-only: it says why entries of theirs have no record."""

    before = models.DateTimeField(
        help_text="Calls that began earlier are gone: the first moment of a month, UTC."
    )
    records = models.BigIntegerField(help_text="How many records went.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        triggers = (
            Trigger(name="append_only", level=pgtrigger.Statement, function="gatehouse_refuse_update"),
        )

    def __str__(self) -> str:
        return f"Calls before {self.before:%Y-%m}"
