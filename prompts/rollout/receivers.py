"""What experiments and rollouts have to say when the registry asks (prompts/registry/signals.py)."""

from datetime import datetime
from typing import Any

from accounts.models import User
from prompts.registry.models import Prompt, PromptVersion
from prompts.rollout.models import Experiment, Rollout
from prompts.rollout.policy.experiments import ExperimentState as ExperimentState
from prompts.rollout.policy.rollouts import LIVE
from prompts.rollout.selectors.traffic import is_given_out
from prompts.rollout.services import experiments, rollouts


def end_what_runs(
    *, prompt: Prompt, name: str, by: User | None, reason: str, now: datetime, **_: Any
) -> None:
    """Ends what runs behind a label that somebody has just moved: whoever moves it wants all callers to follow.

    What moves it at its own end has ended before.
    """
    why = f"The label “{name}” was moved. {reason}".strip()
    of_label = {"prompt": prompt, "label": name}
    live = Rollout.objects.filter(**of_label, state__in=[state.value for state in LIVE])
    for rollout in live.select_related("prompt", "version"):
        rollouts.roll_back(rollout, by=by, reason=why, now=now)
    for experiment in Experiment.objects.filter(**of_label, state=ExperimentState.RUNNING.value):
        experiments.stop(experiment, by=by, reason=why, now=now)


def in_use(*, version: PromptVersion, **_: Any) -> str:
    """Why a version can't be withdrawn: experiments and rollouts give it to callers."""
    return "An experiment or a rollout gives it to callers: end that first." if is_given_out(version) else ""
