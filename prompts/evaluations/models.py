"""Test sets, and their runs."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User
from accounts.policy.roles import Capability
from prompts.registry.models import Prompt


class TestSet(Owned):
    """Cases for a prompt, and what is expected of every answer. The team runs them, and pays for that."""

    owned_by = OwnedBy(see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    __test__ = False  # it is nothing for pytest to collect

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="test_sets", help_text="The team whose budget its runs are charged to."
    )  # fmt: skip
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="test_sets")
    name = models.CharField(max_length=100, help_text="Such as “Refunds” or “Hard questions”.")
    description = models.TextField(blank=True)
    assertions = models.JSONField(
        "assertions for every case",
        default=list,
        blank=True,
        help_text="A JSON list, such as [{“kind”: “contains”, “texts”: [“refund”]}, {“kind”: “latency”, “at_most_ms”: 3000}]. "
        "Kinds: equals, contains, pattern, json_schema, numeric, similarity, forbidden, latency, cost, judge. "
        "A case may have more of its own.",
    )
    is_required = models.BooleanField(
        "required",
        default=False,
        help_text="A protected label takes a version only when the last run of this set on that version passed.",
    )
    pass_percent = models.PositiveSmallIntegerField(
        "passes at",
        default=100,
        validators=(MinValueValidator(1), MaxValueValidator(100)),
        help_text="Percentage of answers that must pass for a run to pass.",
    )
    revision = models.PositiveIntegerField(
        default=1, editable=False, help_text="Revision; incremented by every change to a case or assertion."
    )
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("prompt__name", "name", "id")
        constraints = (models.UniqueConstraint(fields=("team", "prompt", "name"), name="test_set_name_once"),)

    def __str__(self) -> str:
        return f"{self.prompt}: {self.name}"


class TestCase(Owned):
    """One case. It is never changed: a changed case is a new row with the same `key`, so that old results keep theirs."""

    owned_by = OwnedBy(("test_set__team",), see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    __test__ = False

    class Source(models.TextChoices):
        TYPED = "typed", "Typed in"
        CSV = "csv", "CSV"
        JSONL = "jsonl", "JSON lines"
        CALL = "call", "A recorded call"

    test_set = models.ForeignKey(TestSet, on_delete=models.CASCADE, related_name="cases")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    position = models.PositiveIntegerField(default=0)
    variables = models.JSONField(default=dict, blank=True)
    expected = models.JSONField(null=True, blank=True, help_text="A text, or JSON. Empty: nothing to compare with.")  # fmt: skip
    assertions = models.JSONField(default=list, blank=True, help_text="Besides those of the test set.")
    note = models.TextField(blank=True)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.TYPED, editable=False)
    call_id = models.UUIDField(null=True, editable=False, help_text="The call it was made from.")
    removed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("test_set", "key"), name="test_case_once", condition=Q(removed_at__isnull=True)
            ),
        )
        indexes = (
            models.Index(
                fields=("test_set", "position"), name="test_case_order", condition=Q(removed_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"Case {self.position}"


class EvaluationState(models.TextChoices):
    """How far an evaluation is. One that is stopped or has failed can be resumed."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"
    FINISHED = "finished", "Finished"


class StopReason(models.TextChoices):
    """Why an evaluation does not go on."""

    CANCELLED = "cancelled", "Cancelled"
    CAP = "cap", "Its own cap on cost is reached"
    BUDGET = "budget", "A budget of the team is used up"
    UNREACHABLE = "unreachable", "The gateway can't be reached"
    RATE_LIMITED = "rate_limited", "Rate limits leave it no room"
    CHANGED = "changed", "What it tests was changed meanwhile"
    FAULT = "fault", "A fault of Gatehouse: it is in the log"


class Evaluation(Owned):
    """One run of a test set over one or more candidates: a version of the prompt, with its own model or another."""

    owned_by = OwnedBy(("test_set__team",), see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    test_set = models.ForeignKey(TestSet, on_delete=models.CASCADE, related_name="evaluations")
    candidates = models.JSONField(help_text="[{version, model, digest, revision}, …]; model “” is the version's own.")  # fmt: skip
    judges = models.JSONField(
        default=dict,
        db_default={},
        help_text="{name: id} of the prompts that judges' names meant as it began.",
    )
    repeats = models.PositiveSmallIntegerField(default=1)
    weights = models.JSONField(default=dict, help_text="{cost, quality, latency}, which come to 1.")
    budget_nanos = models.BigIntegerField("cap on cost", help_text="It stops before it costs more.")
    concurrency = models.PositiveSmallIntegerField(default=4, help_text="Calls at once.")
    set_revision = models.PositiveIntegerField(help_text="The revision of the test set that is run.")

    state = models.CharField(max_length=16, choices=EvaluationState.choices, default=EvaluationState.QUEUED)
    reason = models.CharField(max_length=16, choices=StopReason.choices, blank=True)
    detail = models.CharField(max_length=500, blank=True, help_text="Message for people.")
    is_cancel_requested = models.BooleanField(default=False)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    spent_nanos = models.BigIntegerField("spent", default=0)
    dearest_nanos = models.BigIntegerField(default=0, help_text="The most expensive call so far.")

    lease_until = models.DateTimeField(null=True, help_text="Lease of the worker that runs it.")
    not_before = models.DateTimeField(
        null=True, help_text="Not before this time: a rate limit asked to wait."
    )
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "run"
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("id",), name="evaluation_open", condition=Q(state__in=("queued", "running"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.test_set}, run {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in (EvaluationState.QUEUED, EvaluationState.RUNNING)

    @property
    def is_resumable(self) -> bool:
        return self.state in (EvaluationState.STOPPED, EvaluationState.FAILED) and self.reason != StopReason.CHANGED  # fmt: skip


class EvaluationResult(Owned):
    """One case run once with one candidate. Written when the evaluation begins, filled in when it is done."""

    owned_by = OwnedBy(
        ("evaluation__test_set__team",), see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS
    )

    class Verdict(models.TextChoices):
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"
        UNJUDGED = "unjudged", "Could not be judged"

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="results")
    case = models.ForeignKey(TestCase, on_delete=models.CASCADE, related_name="results")
    candidate = models.PositiveSmallIntegerField(help_text="Its place in the evaluation's candidates.")
    repeat = models.PositiveSmallIntegerField(default=0)
    is_done = models.BooleanField(default=False)
    verdict = models.CharField(max_length=16, choices=Verdict.choices, blank=True)
    call_id = models.UUIDField(null=True)
    output = models.TextField(blank=True)
    outcomes = models.JSONField(default=list, help_text="[{kind, verdict, message, score}, …] as the assertions stand.")  # fmt: skip
    error = models.CharField(max_length=1000, blank=True)
    cost_nanos = models.BigIntegerField("cost", default=0, help_text="Of the answer alone.")
    total_nanos = models.BigIntegerField("total cost", default=0, help_text="With judges and embeddings.")
    duration_ms = models.FloatField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    contract = models.CharField(max_length=16, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("evaluation", "case", "candidate", "repeat"), name="evaluation_result_once"),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("evaluation", "id"), name="result_to_do", condition=Q(is_done=False)),
        )

    def __str__(self) -> str:
        return f"Result {self.pk}"


class EvaluationCall(models.Model):
    """One call that a result takes: the answer, a judge's, embeddings. Claimed before it is made, by writing this row.

    That is what makes resumption charge nothing twice: a call that is claimed and not settled is looked up on the
    record by `request_id` before it may ever be made again.
    """

    class State(models.TextChoices):
        CLAIMED = "claimed", "Claimed"
        WAITING = "waiting", "To be tried again"
        SETTLED = "settled", "Settled"

    result = models.ForeignKey(EvaluationResult, on_delete=models.CASCADE, related_name="calls")
    purpose = models.CharField(max_length=40)
    attempt = models.PositiveSmallIntegerField(default=1)
    refusals = models.PositiveSmallIntegerField(default=0, help_text="Since the run was started or resumed.")
    state = models.CharField(max_length=16, choices=State.choices, default=State.CLAIMED)
    claimed_at = models.DateTimeField()
    retry_at = models.DateTimeField(null=True)
    call_id = models.UUIDField(null=True)
    response = models.JSONField(default=dict, help_text="Kept until the result is done.")
    error = models.CharField(max_length=1000, blank=True)
    cost_nanos = models.BigIntegerField(default=0)
    duration_ms = models.FloatField(default=0)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("result", "purpose"), name="evaluation_call_once"),)

    def __str__(self) -> str:
        return self.request_id

    @property
    def request_id(self) -> str:
        """What the attempt is found by on the record."""
        return f"eval-{self.result_id}-{self.purpose}-{self.attempt}"
