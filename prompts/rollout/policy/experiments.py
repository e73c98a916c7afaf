"""PURE: the life of an experiment: draft, running, stopped for good."""

from collections.abc import Sequence
from enum import StrEnum

from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.verdicts import Metric

MAX_ARMS = 5
MAX_WEIGHT = 1000


class ExperimentState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"


class ExperimentAction(StrEnum):
    START = "start"
    STOP = "stop"


_NEXT = {
    (ExperimentState.DRAFT, ExperimentAction.START): ExperimentState.RUNNING,
    (ExperimentState.RUNNING, ExperimentAction.STOP): ExperimentState.STOPPED,
}
_WORDS = {
    ExperimentState.DRAFT: "has not been started",
    ExperimentState.RUNNING: "is running",
    ExperimentState.STOPPED: "has been stopped",
}


def next_state(state: ExperimentState, action: ExperimentAction) -> ExperimentState:
    """What an experiment becomes. LifecycleError where the action does not go with its state."""
    found = _NEXT.get((state, action))
    if found is None:
        raise LifecycleError(f"This experiment {_WORDS[state]}.")
    return found


def check_arms(arms: Sequence[tuple[str, int, str, int]]) -> None:
    """LifecycleError for arms, each (name, version, model, weight), that can't be compared."""
    if not 2 <= len(arms) <= MAX_ARMS:
        raise LifecycleError(f"An experiment compares from 2 to {MAX_ARMS} arms.")
    if len({name for name, *_ in arms}) < len(arms):
        raise LifecycleError("Two arms have the same name.")
    if len({(version, model) for _, version, model, _ in arms}) < len(arms):
        raise LifecycleError(
            "Two arms are the same version on the same model: nothing can differ between them."
        )
    if any(not 1 <= weight <= MAX_WEIGHT for *_, weight in arms):
        raise LifecycleError(f"Each arm's weight is a whole number from 1 to {MAX_WEIGHT}.")


def check_metrics(metrics: Sequence[str], *, has_checks: bool) -> None:
    """LifecycleError for metrics that say nothing: none, or checks where there are none, or none where there are checks."""
    if not metrics:
        raise LifecycleError("Choose what the arms are compared by.")
    if Metric.CHECKS in metrics and not has_checks:
        raise LifecycleError("Write the checks that answers must pass, or don't compare the arms by them.")
    if has_checks and Metric.CHECKS not in metrics:
        raise LifecycleError(
            "Compare the arms by “Answers that pass the checks”, too, or take the checks away: they would say nothing."
        )
