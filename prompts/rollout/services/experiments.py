"""Experiments: started, stopped for good, watched for a result."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from governance.alerts.models import Alert
from governance.alerts.services.alerts import notify
from kernel.clock import perf_counter, utc_now
from kernel.faults import is_away
from prompts.rollout.models import Arm, Experiment
from prompts.rollout.policy.experiments import (
    ExperimentAction,
    ExperimentState,
    check_arms,
    check_metrics,
    next_state,
)
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.selectors.experiments import experiment_results
from prompts.rollout.services.traffic import (
    check_checks,
    check_free,
    check_model,
    check_version,
    locked_label,
    log,
    move,
    reason_of,
)

logger = logging.getLogger(__name__)

CHECK_EVERY = timedelta(minutes=1)
_REST = 20
"""After a check that took long, so many times that long is waited."""


@transaction.atomic
def start(experiment: Experiment, *, by: User | None, now: datetime) -> None:
    """Shares the label's calls out. LifecycleError where an arm may not be given out, or the label is taken."""
    label = locked_label(experiment.prompt, experiment.label)
    arms = list(experiment.arms.select_related("version"))
    check_arms([(arm.name, arm.version.number, arm.model, arm.weight) for arm in arms])
    check_metrics(experiment.metrics, has_checks=bool(experiment.checks))
    check_checks(experiment.checks)
    for arm in arms:
        if arm.version.prompt_id != experiment.prompt_id:
            raise LifecycleError(f"The arm “{arm}” is a version of another prompt.")
        check_version(arm.version, label)
        check_model(arm.model)
    check_free(label)
    _claim(experiment, ExperimentAction.START, started_at=now, next_check_at=now + CHECK_EVERY)
    log(experiment, by, f"Started behind “{label}”.")


@transaction.atomic
def stop(
    experiment: Experiment,
    *,
    by: User | None,
    now: datetime,
    reason: str,
    winner: Arm | None = None,
) -> None:
    """Ends it for good: all calls get what the label says. With a winner, the label is moved to its version.

    LifecycleError where it does not run, or the label may not be moved there.
    """
    text = reason_of(reason)
    if winner is not None and winner.experiment_id != experiment.pk:
        raise LifecycleError("The winner is none of this experiment's arms.")
    label = locked_label(experiment.prompt, experiment.label) if winner is not None else None
    _claim(experiment, ExperimentAction.STOP, stopped_at=now, stop_reason=text, winner=winner)
    log(experiment, by, f"Stopped. {text}" + (f" Winner: {winner}." if winner else ""))
    if label is None or winner is None:
        return
    if winner.model:
        raise LifecycleError(
            f"“{winner}” is a version on another model, and a label can't say that. Make a version with the model "
            f"{winner.model} and roll it out; stop this experiment without a winner."
        )
    if label.version_id != winner.version_id:
        check_version(winner.version, label)
        move(label=label, version=winner.version, by=by, reason=f"Experiment “{experiment}”: {text}")


def check_due(*, now: datetime) -> int:
    """Tells people, once, of experiments that have a result; of how many."""
    due = Experiment.objects.filter(state=ExperimentState.RUNNING.value, told_at=None, next_check_at__lte=now)
    told = 0
    for experiment in due.order_by("next_check_at").select_related("prompt"):
        began = perf_counter()
        try:
            told += _tell(experiment, now=now)
        except Exception as error:  # one that can't be checked must not keep the others from it
            if is_away(error):
                raise  # none can: the task is tried again
            logger.exception("experiment %s could not be checked", experiment.pk)
        rest = max(CHECK_EVERY, timedelta(seconds=(perf_counter() - began) * _REST))
        Experiment.objects.filter(pk=experiment.pk).update(next_check_at=utc_now() + rest)
    return told


@transaction.atomic
def _tell(experiment: Experiment, *, now: datetime) -> bool:
    found = experiment_results(experiment, now=now)
    if found is None or not (found.is_decided or found.is_lopsided):
        return False
    claimed = Experiment.objects.filter(pk=experiment.pk, state=ExperimentState.RUNNING.value, told_at=None)
    if not claimed.update(told_at=now):
        return False
    what = (
        "shares its calls out in other parts than its weights say, so its figures can't be trusted"
        if found.is_lopsided
        else "has a result"
    )
    text = f"The experiment “{experiment}” of the prompt {experiment.prompt} {what}."
    path = f"/admin/prompts/experiment/{experiment.pk}/change/"
    notify(kind=Alert.Kind.EXPERIMENT_RESULT, team=experiment.prompt.team, text=text, path=path, now=now)
    return True


def _claim(experiment: Experiment, action: ExperimentAction, **changes: object) -> None:
    """Of two who do the same at once, one does."""
    before = ExperimentState(experiment.state)
    after = next_state(before, action)
    claimed = Experiment.objects.filter(pk=experiment.pk, state=before.value)
    if not claimed.update(state=after.value, **changes):
        raise LifecycleError("Somebody else has changed this experiment just now. Look at it again.")
    experiment.refresh_from_db()
