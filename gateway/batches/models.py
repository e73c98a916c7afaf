from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.models import ApiKey, Application, Team
from accounts.policy.roles import Capability


class StoredFile(Owned):
    """A file of calls, or of their answers, sealed under the team's key in pieces of one size.

    Gateways read and write it without the ORM (`gateway.batches.services.file_store`).
    """

    owned_by = OwnedBy(see=Capability.VIEW_USAGE, change=Capability.MANAGE_TEAM, what="files of no team")

    id = models.UUIDField(primary_key=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    purpose = models.CharField(max_length=32)
    is_whole = models.BooleanField(
        default=False, help_text="All of it is there. What stays in parts is deleted after an hour."
    )
    bytes = models.BigIntegerField(default=0)
    generation = models.PositiveIntegerField(help_text="Of the team's key that it is sealed with.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True, help_text="When it is deleted.")

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("application", "-created_at"), name="file_of_application"),
            models.Index(fields=("team",), include=("bytes",), name="file_bytes_of_team"),
        )

    def __str__(self) -> str:
        return f"file-{self.id.hex}"


class FileChunk(models.Model):
    """A piece of a file, sealed. All but the last are of one size, so that an offset leads to its piece."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("file", "number"), name="file_chunk_once"),)

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"


class Batch(Owned):
    """The calls of a file, to be made within a day. This row is the truth; each call is a job of it.

    What all of them can cost is held under the batch's id from `in_progress` on (docs/decisions/0040).
    """

    owned_by = OwnedBy(see=Capability.VIEW_USAGE, change=Capability.MANAGE_TEAM, what="batches of no team")

    class State(models.TextChoices):
        VALIDATING = "validating", "Validating"
        IN_PROGRESS = "in_progress", "In progress"
        FINALIZING = "finalizing", "Finalizing"
        CANCELLING = "cancelling", "Cancelling"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    class Mode(models.TextChoices):
        QUEUE = "queue", "One by one"
        BATCH_INFERENCE = "batch_inference", "Batch inference"

    id = models.UUIDField(primary_key=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    input_file_id = models.UUIDField()
    output_file_id = models.UUIDField(null=True)
    error_file_id = models.UUIDField(null=True)
    endpoint = models.CharField(max_length=100)
    model = models.CharField(max_length=400, blank=True, db_default="", help_text="As its lines name it.")
    state = models.CharField(max_length=16, choices=State.choices, default=State.VALIDATING)
    mode = models.CharField(
        max_length=16, choices=Mode.choices, default=Mode.QUEUE, db_default=Mode.QUEUE,
        help_text="How its calls are made: one by one, or all by a job of Bedrock's batch inference.",
    )  # fmt: skip
    deployment_id = models.BigIntegerField(null=True, help_text="Which one batch inference is asked of.")
    region = models.CharField(max_length=32, blank=True, db_default="", default="")
    inference_arn = models.CharField(
        max_length=1011, blank=True, db_default="", default="", help_text="Of the job at Bedrock."
    )
    look_at = models.DateTimeField(null=True, help_text="When Bedrock is asked next how far its job is.")
    ending = models.CharField(
        max_length=16, blank=True, db_default="", help_text="The state that it ends in, once that is known."
    )
    metadata = models.JSONField(null=True)
    problems = models.JSONField(default=list, help_text="Why it failed, as OpenAI lists errors.")
    generation = models.PositiveIntegerField(help_text="Of the team's key that `request` is sealed with.")
    request = models.BinaryField(help_text="The headers that its calls are made with, sealed.")
    digest = models.BinaryField(help_text="A keyed hash of what was asked, to know the same again.")
    idempotency = models.BinaryField(null=True, help_text="A keyed hash of the caller's Idempotency-Key.")
    output_seconds = models.PositiveIntegerField(null=True, help_text="For how long its files are kept.")
    total = models.PositiveIntegerField(default=0, db_default=0, help_text="Lines of the file.")
    broken = models.PositiveIntegerField(default=0, db_default=0, help_text="Lines that can't be made.")
    completed = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    held_nanos = models.BigIntegerField(
        default=0, db_default=0, help_text="What was held for it at first, in nano-dollars."
    )
    cost_nanos = models.BigIntegerField(
        default=0, db_default=0, help_text="Of all its calls, when it has ended."
    )
    created_at = models.DateTimeField()
    deadline_at = models.DateTimeField(help_text="Until when its calls may begin.")
    in_progress_at = models.DateTimeField(null=True)
    cancelling_at = models.DateTimeField(null=True)
    finalizing_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When the row is deleted.")
    next_offset = models.BigIntegerField(
        default=0, db_default=0, help_text="Where the first line begins of which there is no job yet."
    )
    next_line = models.PositiveIntegerField(default=1, db_default=1)
    is_fed = models.BooleanField(default=False, db_default=False, help_text="There is a job of every line.")
    sent_at = models.DateTimeField(null=True, help_text="When it was last sent to a worker.")
    runner = models.UUIDField(null=True, help_text="Who works on it.")
    lease_until = models.DateTimeField(null=True, help_text="Until when who works on it is taken to live.")

    class Meta:
        ordering = ("-created_at",)
        verbose_name_plural = "batches"
        indexes = (
            models.Index(fields=("application", "-created_at"), name="batch_of_application"),
            models.Index(fields=("-created_at",), name="batch_newest"),
            models.Index(
                fields=("deadline_at",), name="batch_open",
                condition=Q(state__in=("validating", "in_progress", "finalizing", "cancelling")),
            ),
            models.Index(fields=("expires_at",), name="batch_expires", condition=Q(expires_at__isnull=False)),
        )  # fmt: skip
        constraints = (
            models.UniqueConstraint(
                fields=("application", "idempotency"),
                name="batch_once_per_idempotency_key",
                condition=Q(idempotency__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"batch_{self.id.hex}"


class BatchFault(models.Model):
    """A line that can't be made a call of, and why."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="+", db_index=False)
    line = models.PositiveIntegerField()
    code = models.CharField(max_length=64)
    message = models.CharField(max_length=500)
    param = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("batch", "line"), name="batch_fault_once"),)

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line}"
