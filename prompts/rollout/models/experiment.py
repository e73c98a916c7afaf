from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Value

from accounts.access.models import Owned
from accounts.models import Team, User
from kernel.choices import choices_of
from kernel.ids import random_bytes
from prompts.registry.models import OF_A_PROMPT, Prompt, PromptVersion
from prompts.rollout.policy.assignment import Unit
from prompts.rollout.policy.experiments import MAX_WEIGHT, ExperimentState
from prompts.rollout.policy.verdicts import MIN_MINIMUM, Metric

UNITS = [
    (Unit.END_USER.value, "End user"),
    (Unit.SESSION.value, "Session"),
    (Unit.CALL.value, "Each call by itself"),
]
METRICS = [
    (Metric.HELPFUL.value, "Helpful answers"),
    (Metric.SCORE.value, "Score of feedback"),
    (Metric.CHECKS.value, "Answers that pass the checks"),
    (Metric.CONTRACT.value, "Broken contracts"),
    (Metric.ERRORS.value, "Errors"),
    (Metric.COST.value, "Cost per call"),
    (Metric.LATENCY.value, "Duration"),
]
SALT_BYTES = 16


def new_salt() -> bytes:
    return random_bytes(SALT_BYTES)


def usual_metrics() -> list[str]:
    return [Metric.HELPFUL.value, Metric.ERRORS.value, Metric.COST.value, Metric.LATENCY.value]


class Experiment(Owned):
    """Versions, or models, compared on the calls of a label. At most one runs behind a label."""

    owned_by = OF_A_PROMPT

    STATES = choices_of(ExperimentState)

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=100, help_text="Such as “Shorter answers”.")
    hypothesis = models.TextField(blank=True, help_text="What is expected to become better, and why.")
    label = models.CharField(max_length=50, help_text="Whose calls are shared out, such as “production”.")
    unit = models.CharField(
        "told apart by",
        max_length=16,
        choices=UNITS,
        default=Unit.END_USER.value,
        help_text="The same end user, or session, gets the same arm every time. Calls that name none are drawn by chance.",
    )
    minimum = models.PositiveIntegerField(
        "minimum sample",
        default=200,
        validators=(MinValueValidator(MIN_MINIMUM), MaxValueValidator(10_000_000)),
        help_text="Nothing is said before each arm has had so many end users, sessions or calls.",
    )
    metrics = ArrayField(
        models.CharField(max_length=16, choices=METRICS),
        default=usual_metrics,
        help_text="What arms are compared by. The first is what it is about; the others must not suffer.",
    )
    checks = models.JSONField(
        default=list,
        db_default=Value([], output_field=models.JSONField()),
        blank=True,
        help_text="What answers must be like: a JSON list of assertions that look at the answer's text alone.",
    )
    salt = models.BinaryField(default=new_salt, editable=False)
    state = models.CharField(
        max_length=16, choices=STATES, default=ExperimentState.DRAFT.value, editable=False
    )
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, editable=False)
    stopped_at = models.DateTimeField(null=True, editable=False)
    stop_reason = models.TextField(blank=True, editable=False)
    winner = models.ForeignKey(
        "prompts.Arm", null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    told_at = models.DateTimeField(
        null=True, editable=False, help_text="When people were told that there is a result."
    )
    next_check_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("prompt", "label"),
                name="experiment_running_once",
                condition=Q(state=ExperimentState.RUNNING.value),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def team(self) -> Team | None:
        """None for a shared prompt's."""
        return self.prompt.team


class Arm(models.Model):
    """One of the things compared. The first is the control: the others are compared with it."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="arms")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=50, help_text="Such as “as it is”, “shorter”.")
    version = models.ForeignKey(PromptVersion, on_delete=models.RESTRICT, related_name="arms")
    model = models.CharField(
        "other model", max_length=200, blank=True, help_text="A route. Empty: the version's own."
    )
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=(MinValueValidator(1), MaxValueValidator(MAX_WEIGHT)),
        help_text="With 1 and 3, the second gets three calls of four.",
    )

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("experiment", "name"), name="arm_name_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def what(self) -> str:
        """What it is, in words."""
        return f"version {self.version.number}" + (f" on {self.model}" if self.model else "")
