"""Rollouts: each change claimed by a conditional UPDATE, with its entry in the history, in one transaction."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from governance.alerts.models import Alert
from governance.alerts.services.alerts import notify
from kernel.clock import perf_counter, utc_now
from kernel.faults import is_away
from prompts.rollout.models import Rollout, RolloutEvent
from prompts.rollout.policy.assignment import segment_of
from prompts.rollout.policy.bounds import Guard, bounds_of
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.rollouts import (
    LIVE,
    Position,
    RolloutAction,
    RolloutState,
    decide,
    next_position,
    plan_of,
    share_at,
)
from prompts.rollout.selectors.rollouts import as_json, position_of, rollout_standing, steps_of
from prompts.rollout.services.traffic import (
    check_checks,
    check_free,
    check_segment,
    check_version,
    locked_label,
    log,
    move,
    reason_of,
)

logger = logging.getLogger(__name__)

CHECK_EVERY = timedelta(seconds=10)
_REST = 20
"""After a check that took long, so many times that long is waited: at most a twentieth of a core for each rollout."""
_ENDS = (RolloutState.ROLLED_BACK, RolloutState.COMPLETED)
_TOLD = {
    RolloutAction.PAUSE: "paused itself",
    RolloutAction.ROLL_BACK: "was rolled back by itself",
    RolloutAction.COMPLETE: "is complete",
}


def check_plan(rollout: Rollout) -> None:
    """LifecycleError where plan, guardrails, checks or segment can't be."""
    try:
        plan_of(rollout.plan)
        guards = {each.guard for each in bounds_of(rollout.guardrails)}
        segment_of(rollout.segment)
    except ValueError as error:
        raise LifecycleError(str(error)) from error
    check_segment(rollout.segment, rollout.prompt)
    check_checks(rollout.checks)
    if Guard.CHECKS in guards and not rollout.checks:
        raise LifecycleError("Write the checks that answers must pass, or don't watch those that fail them.")
    if rollout.checks and Guard.CHECKS not in guards:
        raise LifecycleError(
            "Say how many answers may fail the checks, or take the checks away: they would say nothing."
        )


@transaction.atomic
def start(rollout: Rollout, *, by: User | None, now: datetime, reason: str = "") -> None:
    """Begins the first step. LifecycleError where the version may not be given out, or the label is taken."""
    check_plan(rollout)
    label = locked_label(rollout.prompt, rollout.label)
    rollout.version.refresh_from_db()
    check_version(rollout.version, label)
    check_free(label)
    if label.version_id == rollout.version_id:
        raise LifecycleError(f"“{label}” is on version {rollout.version.number} already.")
    _act(
        rollout,
        RolloutAction.START,
        by=by,
        now=now,
        reason=reason,
        stable_version=label.version,
        started_at=now,
    )


@transaction.atomic
def pause(rollout: Rollout, *, by: User, now: datetime, reason: str) -> None:
    """Stays at its share until somebody resumes it. It is still watched. LifecycleError where it does not run."""
    _act(rollout, RolloutAction.PAUSE, by=by, now=now, reason=reason_of(reason))


@transaction.atomic
def resume(rollout: Rollout, *, by: User, now: datetime, reason: str) -> None:
    """Begins the step anew: what was counted before is not counted again. LifecycleError where it is not paused."""
    _act(rollout, RolloutAction.RESUME, by=by, now=now, reason=reason_of(reason))


@transaction.atomic
def advance(rollout: Rollout, *, by: User, now: datetime, reason: str) -> None:
    """Goes to the next step before its time. LifecycleError where it does not run, or this is the last."""
    _act(rollout, RolloutAction.ADVANCE, by=by, now=now, reason=reason_of(reason))


@transaction.atomic
def roll_back(rollout: Rollout, *, by: User | None, now: datetime, reason: str) -> None:
    """All callers get what the label says, for good. LifecycleError where it has ended."""
    _act(rollout, RolloutAction.ROLL_BACK, by=by, now=now, reason=reason_of(reason))


@transaction.atomic
def complete(rollout: Rollout, *, by: User, now: datetime, reason: str) -> None:
    """Moves the label before its time. LifecycleError where it may not be moved there."""
    _complete(rollout, by=by, now=now, reason=reason_of(reason))


def check_due(*, now: datetime) -> int:
    """Checks the rollouts that are due, each in a transaction of its own; how many were acted upon."""
    due = Rollout.objects.filter(state__in=[state.value for state in LIVE], next_check_at__lte=now)
    acted = 0
    for pk in list(due.order_by("next_check_at").values_list("pk", flat=True)):
        began = perf_counter()
        try:
            acted += check_rollout(pk, now=now) is not RolloutAction.STAY
        except Exception as error:  # one that can't be checked must not keep the others from it
            if is_away(error):
                raise  # none can: the task is tried again
            logger.exception("rollout %s could not be checked", pk)
        rest = max(CHECK_EVERY, timedelta(seconds=(perf_counter() - began) * _REST))
        # From now on, not from `now`: the checks before it may have taken long.
        Rollout.objects.filter(pk=pk).update(next_check_at=utc_now() + rest)
    return acted


def check_rollout(pk: int, *, now: datetime) -> RolloutAction:
    """Decides on one rollout by its figures, and does it. Of two processes at once, one does."""
    lease = now + timedelta(minutes=2)
    claimed = Rollout.objects.filter(pk=pk, next_check_at__lte=now).update(next_check_at=lease)
    if not claimed:
        return RolloutAction.STAY
    rollout = Rollout.objects.select_related("prompt", "version", "stable_version").get(pk=pk)
    standing = rollout_standing(rollout, now=now)
    if standing is None:
        return RolloutAction.STAY
    decision = decide(
        position_of(rollout),
        plan=steps_of(rollout),
        guardrails=bounds_of(rollout.guardrails),
        candidate=standing.candidate,
        stable=standing.stable,
        elapsed=standing.elapsed,
    )
    if decision.action is RolloutAction.STAY:
        return RolloutAction.STAY
    try:
        return _do(rollout, decision.action, reason=decision.reason, figures=as_json(standing), now=now)
    except LifecycleError as error:  # somebody was first, or it had ended
        logger.info("rollout %s: %s", pk, error)
        return RolloutAction.STAY


def _do(
    rollout: Rollout, action: RolloutAction, *, reason: str, figures: dict[str, Any], now: datetime
) -> RolloutAction:
    if action is not RolloutAction.COMPLETE:
        with transaction.atomic():
            _act(rollout, action, by=None, now=now, reason=reason, figures=figures)
        return action
    try:
        with transaction.atomic():
            _complete(rollout, by=None, now=now, reason=reason, figures=figures)
    except LifecycleError as error:
        rollout.refresh_from_db()
        with transaction.atomic():
            text = f"All steps are done, but the label can't be moved: {error}"
            _act(rollout, RolloutAction.PAUSE, by=None, now=now, reason=text, figures=figures)
        return RolloutAction.PAUSE
    return action


def _complete(
    rollout: Rollout, *, by: User | None, now: datetime, reason: str, figures: dict[str, Any] | None = None
) -> None:
    label = locked_label(rollout.prompt, rollout.label)
    if label.version_id != rollout.stable_version_id:
        raise LifecycleError(f"“{label}” was moved to version {label.version.number} meanwhile.")
    check_version(rollout.version, label)
    # First the end, then the move: moving a label ends what runs behind it.
    _act(rollout, RolloutAction.COMPLETE, by=by, now=now, reason=reason, figures=figures)
    move(label=label, version=rollout.version, by=by, reason=f"Rollout: {reason}", is_automatic=by is None)


def _act(
    rollout: Rollout,
    action: RolloutAction,
    *,
    by: User | None,
    now: datetime,
    reason: str,
    figures: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Claims the rollout as it was read, changes it, and writes the history."""
    before, plan = position_of(rollout), steps_of(rollout)
    after = next_position(before, action, steps=len(plan))
    if figures is None and rollout.started_at is not None:
        standing = rollout_standing(rollout, now=now)
        figures = as_json(standing) if standing is not None else None
    changes |= {"state": after.state.value, "step": after.step, "reason": reason}
    if after.state in _ENDS:
        changes["ended_at"] = now
    if action in (RolloutAction.START, RolloutAction.RESUME, RolloutAction.ADVANCE):
        changes |= {"step_started_at": now, "next_check_at": now + CHECK_EVERY}
    claimed = Rollout.objects.filter(pk=rollout.pk, state=before.state.value, step=before.step)
    if not claimed.update(**changes):
        raise LifecycleError("Somebody else has changed this rollout just now. Look at it again.")
    rollout.refresh_from_db()
    _note(rollout, action, after, by=by, reason=reason, figures=figures or {}, share=share_at(after, plan))
    if by is None and action in _TOLD:
        _tell(rollout, action, reason, now=now)


def _note(
    rollout: Rollout,
    action: RolloutAction,
    after: Position,
    *,
    by: User | None,
    reason: str,
    figures: dict[str, Any],
    share: float,
) -> None:
    event = RolloutEvent.objects.create(
        rollout=rollout, action=action.value, state=after.state.value, step=after.step, share=share, reason=reason,
        figures=figures, is_automatic=by is None, by=by,
    )  # fmt: skip
    log(rollout, by, f"{event.get_action_display()}. {reason}".strip())


def _tell(rollout: Rollout, action: RolloutAction, reason: str, *, now: datetime) -> None:
    text = f"The rollout of {rollout.version} to {rollout.label} {_TOLD[action]}. {reason}"
    path = f"/admin/prompts/rollout/{rollout.pk}/change/"
    kind = Alert.Kind(f"rollout_{rollout.state}")
    notify(kind=kind, team=rollout.prompt.team, text=text, path=path, now=now)
