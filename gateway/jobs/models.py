from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.models import ApiKey, Application, Team
from accounts.policy.roles import Capability


class Job(Owned):
    """A call that is made later. This row is the truth; a queue carries its id alone.

    Gateways read and write it without the ORM (`gateway.jobs.services.store`). What was asked and what was answered is
    sealed under the team's key: the one until the job has ended, the other until `expires_at`.
    """

    owned_by = OwnedBy(see=Capability.VIEW_USAGE, change=Capability.MANAGE_TEAM, what="jobs of no team")

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        DEAD = "dead", "Given up"
        CANCELLED = "cancelled", "Cancelled"

    class Webhook(models.TextChoices):
        NONE = "", "None"
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    batch = models.ForeignKey(
        "gateway.Batch", on_delete=models.CASCADE, related_name="+", null=True, db_index=False,
        help_text="The batch that it is a line of.",
    )  # fmt: skip
    line = models.PositiveIntegerField(null=True)
    path = models.CharField(max_length=400, help_text="The entrance that the call is made at.")
    model = models.CharField(max_length=400, blank=True, help_text="As the caller named it.")
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    priority = models.SmallIntegerField(default=0, help_text="Within its team: -1 low, 0, 1 high.")
    digest = models.BinaryField(help_text="A keyed hash of what was asked, to know the same again.")
    idempotency = models.BinaryField(null=True, help_text="A keyed hash of the caller's Idempotency-Key.")
    generation = models.PositiveIntegerField(help_text="Of the team's key that the request is sealed with.")
    request = models.BinaryField(
        null=True, help_text="Headers and body, sealed. Gone when the job has ended."
    )
    answer_generation = models.PositiveIntegerField(null=True)
    answer = models.BinaryField(null=True, help_text="Status, headers and body of the answer, sealed.")
    request_bytes = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    deadline_at = models.DateTimeField(help_text="Until when it may begin.")
    not_before = models.DateTimeField(help_text="When it may be tried next.")
    waits_for = models.CharField(
        max_length=300, blank=True, db_default="", help_text="The rate limit that had no room for it."
    )
    sent_at = models.DateTimeField(null=True, help_text="When its id was last put on the queue.")
    started_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True, help_text="Until when who runs it is taken to live.")
    cancel_at = models.DateTimeField(
        null=True, help_text="When it was cancelled; whoever runs it stops then."
    )
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When row and answer are deleted.")
    attempts = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often a call was made of it."
    )
    waits = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often it was put back for want of room."
    )
    losses = models.PositiveIntegerField(default=0, db_default=0, help_text="How often whoever ran it died.")
    call_id = models.UUIDField(null=True, help_text="Of the last attempt: its record and its charge.")
    status_code = models.PositiveSmallIntegerField(null=True)
    cost_nanos = models.BigIntegerField(
        default=0, db_default=0, help_text="Of all attempts, in nano-dollars."
    )
    code = models.CharField(max_length=64, blank=True, db_default="")
    reason = models.CharField(
        max_length=500, blank=True, db_default="", help_text="Why it waits, or has failed."
    )
    webhook = models.CharField(max_length=500, blank=True, db_default="")
    webhook_state = models.CharField(max_length=16, choices=Webhook.choices, blank=True, db_default="")
    webhook_attempts = models.PositiveIntegerField(default=0, db_default=0)
    webhook_at = models.DateTimeField(null=True, help_text="When it is told next.")
    webhook_error = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        ordering = ("-created_at",)
        # Those of jobs that are not over are few, however many there are that have ended.
        indexes = (
            models.Index(
                fields=("team", "-priority", "created_at"),
                name="job_waiting",
                condition=Q(state="queued"),
                include=("request_bytes", "batch"),
            ),
            models.Index(fields=("deadline_at",), name="job_deadline", condition=Q(state="queued")),
            models.Index(
                fields=("sent_at",), name="job_sent", condition=Q(state="queued", sent_at__isnull=False)
            ),
            models.Index(fields=("lease_until",), name="job_running", condition=Q(state="running")),
            models.Index(
                fields=("state", "created_at"),
                name="job_open",
                condition=Q(state__in=("queued", "running", "dead")),
            ),
            models.Index(fields=("webhook_at",), name="job_webhook", condition=Q(webhook_state="pending")),
            models.Index(fields=("expires_at",), name="job_expires", condition=Q(expires_at__isnull=False)),
            models.Index(fields=("team", "-created_at"), name="job_of_team"),
            models.Index(fields=("-created_at",), name="job_newest"),
            models.Index(fields=("batch", "state"), name="job_of_batch", condition=Q(batch__isnull=False)),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("batch", "line"), name="job_once_per_line", condition=Q(batch__isnull=False)
            ),
            models.UniqueConstraint(
                fields=("application", "idempotency"),
                name="job_once_per_idempotency_key",
                condition=Q(idempotency__isnull=False),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("queued", "running")) | Q(request__isnull=False),
                name="job_can_be_made",
            ),
        )

    def __str__(self) -> str:
        return f"job_{self.id.hex}"


class JobPause(models.Model):
    """A rate limit that has no room for jobs until then: those that wait for it are not tried before."""

    counter = models.CharField(primary_key=True, max_length=300)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.counter
