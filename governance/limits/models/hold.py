from django.contrib.postgres.fields import ArrayField
from django.db import models


class Hold(models.Model):
    """The worst case of a call in flight, reserved in every window that applies. Gone when the call has ended.

    Written by the ledger's functions in Postgres alone. It carries what the call's record needs should the
    process die that made it.
    """

    call_id = models.UUIDField(primary_key=True)
    instance_id = models.UUIDField(help_text="The gateway process that made it.")
    amount_nanos = models.BigIntegerField()
    window_ids = ArrayField(models.BigIntegerField(), default=list)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField(
        db_index=True, help_text="When the call must have ended, whatever happened."
    )
    record = models.JSONField(help_text="Columns of the audit record known at admission.")
    progress = models.JSONField(
        null=True,
        help_text="Of a long stream: the columns as they are now, with what it is charged should its process die.",
    )

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(amount_nanos__gte=0), name="hold_not_negative"),
        )

    def __str__(self) -> str:
        return str(self.call_id)


class GatewayInstance(models.Model):
    """A running gateway process. When its heartbeat stops, its holds expire. `pid` is 0 once it has ended in good order."""

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    warnings = models.CharField(
        max_length=2000, blank=True, db_default="", help_text="What operators are to know, in lines."
    )

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
