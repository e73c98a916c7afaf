"""Checks of answers compiled, each once per process."""

import logging
from functools import lru_cache
from typing import Any

import msgspec
from django.db.models import Q

from prompts.registry.models import Label, PromptVersion, VersionState
from prompts.rollout.models import Experiment, Rollout
from prompts.rollout.policy.answer_check import AnswerCheck, checks_of
from prompts.rollout.policy.assignment import ArmEntry, ExperimentEntry, RolloutEntry, Unit, segment_of
from prompts.rollout.policy.experiments import ExperimentState as ExperimentState
from prompts.rollout.policy.rollouts import LIVE, share_at
from prompts.rollout.selectors.rollouts import position_of, steps_of

logger = logging.getLogger(__name__)


def compiled_checks(checks: Any) -> AnswerCheck | None:
    """The checks of an experiment or a rollout; None where there are none, or they can't be used."""
    return _compiled_checks(msgspec.json.encode(checks, order="deterministic")) if checks else None


@lru_cache(maxsize=256)
def _compiled_checks(checks: bytes) -> AnswerCheck | None:
    try:
        return AnswerCheck(checks_of(msgspec.json.decode(checks)))
    except Exception:  # it was looked through when it was written; calls go on without what nobody foresaw
        logger.exception("the checks of an experiment or a rollout can't be compiled")
        return None


def is_given_out(version: PromptVersion) -> bool:
    """Whether a running experiment, or a rollout under way, gives the version to callers."""
    running = Experiment.objects.filter(arms__version=version, state=ExperimentState.RUNNING.value)
    live = Rollout.objects.filter(
        Q(version=version) | Q(stable_version=version), state__in=[state.value for state in LIVE]
    )
    return running.exists() or live.exists()


Entry = ExperimentEntry | RolloutEntry


def entries() -> dict[tuple[int, str], Entry]:
    """What runs behind labels, by prompt's id and label's name.

    Left out is what has lost its ground: a version that was withdrawn, a label that was moved or taken away. Then the
    label alone decides.
    """
    found: dict[tuple[int, str], Entry] = {}
    labels = set(Label.objects.values_list("prompt_id", "name", "version_id"))
    names = {(prompt_id, name) for prompt_id, name, _ in labels}
    experiments = Experiment.objects.filter(state=ExperimentState.RUNNING.value)
    for experiment in experiments.prefetch_related("arms__version"):
        arms = list(experiment.arms.all())
        is_labelled = (experiment.prompt_id, experiment.label) in names
        if is_labelled and arms and all(arm.version.state == VersionState.APPROVED for arm in arms):
            found[experiment.prompt_id, experiment.label] = _of_experiment(experiment)
    rollouts = Rollout.objects.filter(state__in=[state.value for state in LIVE])
    for rollout in rollouts.filter(version__state=VersionState.APPROVED).select_related(
        "version", "stable_version"
    ):
        if (rollout.prompt_id, rollout.label, rollout.stable_version_id) in labels:
            found[rollout.prompt_id, rollout.label] = _of_rollout(rollout)
    return found


def _of_experiment(experiment: Experiment) -> ExperimentEntry:
    return ExperimentEntry(
        id=experiment.pk,
        name=experiment.name,
        unit=Unit(experiment.unit),
        salt=bytes(experiment.salt),
        arms=tuple(
            ArmEntry(id=arm.pk, name=arm.name, version=arm.version.number, weight=arm.weight, model=arm.model)
            for arm in experiment.arms.all()
        ),
        check=compiled_checks(experiment.checks),
    )


def _of_rollout(rollout: Rollout) -> RolloutEntry:
    assert rollout.stable_version is not None
    return RolloutEntry(
        id=rollout.pk,
        unit=Unit(rollout.unit),
        salt=bytes(rollout.salt),
        version=rollout.version.number,
        stable_version=rollout.stable_version.number,
        share=share_at(position_of(rollout), steps_of(rollout)),
        segment=segment_of(rollout.segment),
        check=compiled_checks(rollout.checks),
    )
