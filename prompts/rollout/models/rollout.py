from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Q, Value

from accounts.access.models import Owned
from accounts.models import Team, User
from kernel.choices import choices_of
from kernel.triggers import Trigger
from prompts.registry.models import OF_A_PROMPT, Prompt, PromptVersion
from prompts.rollout.models.experiment import UNITS, new_salt
from prompts.rollout.policy.assignment import Unit
from prompts.rollout.policy.rollouts import LIVE, RolloutAction, RolloutState

_LIVE = sorted(state.value for state in LIVE)


def usual_plan() -> list[dict[str, Any]]:
    return [
        {"share": 0.01, "minutes": 30, "calls": 50},
        {"share": 0.1, "minutes": 60, "calls": 200},
        {"share": 0.5, "minutes": 60, "calls": 500},
        {"share": 1, "minutes": 60, "calls": 500},
    ]


def usual_guardrails() -> dict[str, dict[str, float]]:
    return {
        "errors": {"most": 0.05, "times": 2},
        "contract": {"most": 0.05, "times": 2},
        "cost": {"times": 1.5},
        "negative": {"most": 0.5, "times": 1.5},
    }


class Rollout(Owned):
    """A version on its way to a label, by growing shares of callers. At most one is under way behind a label."""

    owned_by = OF_A_PROMPT

    STATES = choices_of(RolloutState)

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="rollouts")
    label = models.CharField(max_length=50, help_text="Such as “production”. Moved at the end.")
    version = models.ForeignKey(PromptVersion, on_delete=models.RESTRICT, related_name="rollouts")
    stable_version = models.ForeignKey(
        PromptVersion, null=True, on_delete=models.RESTRICT, related_name="+", editable=False,
        help_text="Where the label was when it started.",
    )  # fmt: skip
    unit = models.CharField(
        "told apart by", max_length=16, choices=UNITS, default=Unit.END_USER.value,
        help_text="The same end user, or session, gets the same version. Calls that name none are drawn by chance.",
    )  # fmt: skip
    salt = models.BinaryField(default=new_salt, editable=False)
    plan = models.JSONField(
        default=usual_plan, help_text="Steps: a share of callers, for at least so many minutes and calls."
    )
    segment = models.JSONField(
        default=dict, blank=True, help_text="Whose calls take part; the others stay with the label. Empty: all."
    )  # fmt: skip
    guardrails = models.JSONField(
        default=usual_guardrails,
        blank=True,
        help_text="What takes it back: each at most so much, or so many times the version before.",
    )
    checks = models.JSONField(
        default=list,
        db_default=Value([], output_field=models.JSONField()),
        blank=True,
        help_text="What answers must be like: a JSON list of assertions that look at the answer's text alone.",
    )
    state = models.CharField(max_length=16, choices=STATES, default=RolloutState.DRAFT.value, editable=False)
    step = models.PositiveSmallIntegerField(default=0, editable=False)
    reason = models.TextField(blank=True, editable=False, help_text="Of what was done last.")
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, editable=False)
    step_started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    next_check_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("prompt", "label"), name="rollout_live_once", condition=Q(state__in=_LIVE)
            ),
        )

    def __str__(self) -> str:
        return f"{self.prompt}: version {self.version.number} to {self.label}"

    @property
    def team(self) -> Team | None:
        """None for a shared prompt's."""
        return self.prompt.team

    @property
    def is_live(self) -> bool:
        return self.state in _LIVE


class RolloutEvent(models.Model):
    """One step in a rollout's life, with the figures that decided. Append-only (a trigger sees to it)."""

    ACTIONS = [
        (RolloutAction.START.value, "Started"),
        (RolloutAction.ADVANCE.value, "Next step"),
        (RolloutAction.PAUSE.value, "Paused"),
        (RolloutAction.RESUME.value, "Resumed"),
        (RolloutAction.ROLL_BACK.value, "Rolled back"),
        (RolloutAction.COMPLETE.value, "Completed"),
    ]

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="events")
    action = models.CharField(max_length=16, choices=ACTIONS)
    state = models.CharField(max_length=16, choices=Rollout.STATES, help_text="After it.")
    step = models.PositiveSmallIntegerField(help_text="After it, from 0 on.")
    share = models.FloatField(help_text="Of callers that get the version after it, from 0 to 1.")
    reason = models.TextField(blank=True)
    figures = models.JSONField(
        default=dict, help_text="Of both versions in the step before, and the checks made."
    )
    is_automatic = models.BooleanField(default=False)
    by = models.ForeignKey(
        User, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        triggers = (
            Trigger(name="append_only", level=pgtrigger.Statement, function="gatehouse_refuse_update"),
        )

    def __str__(self) -> str:
        return f"{self.rollout_id}: {self.get_action_display()}"
