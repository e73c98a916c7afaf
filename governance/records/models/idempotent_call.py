from django.db import models

from accounts.models import Application, Team


class IdempotentCall(models.Model):
    """A call that came with an `Idempotency-Key`: whose it is and what was asked, by keyed hashes; and for a day its answer, as
    its caller saw it, sealed under the team's key.

    Written and read by gateways without the ORM (`governance.records.services.idempotency_store`).
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        ANSWERED = "answered", "Answered"
        UNKEPT = "unkept", "Answered, and the answer not kept"

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    key_digest = models.BinaryField(help_text="Of the key that the caller sent.")
    request_digest = models.BinaryField(help_text="Of address, body and what else changes the call.")
    call_id = models.UUIDField(help_text="The call that was made.")
    instance_id = models.UUIDField(help_text="The gateway process that makes it.")
    state = models.CharField(max_length=10, choices=State)
    generation = models.PositiveIntegerField(null=True, help_text="Of the team's key.")
    sealed = models.BinaryField(null=True, help_text="The answer: its status, headers and body.")
    claimed_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("application", "key_digest"), name="one_call_of_a_key"),
        )

    def __str__(self) -> str:
        return f"Call {self.call_id} of an idempotency key"
