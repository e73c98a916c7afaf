"""Behind which labels calls are shared out, as the gateway's snapshot takes it."""

from prompts.registry.models import Label, VersionState
from prompts.rollout.models import Experiment, Rollout
from prompts.rollout.policy.assignment import ArmEntry, ExperimentEntry, RolloutEntry, Unit, segment_of
from prompts.rollout.policy.experiments import State as ExperimentState
from prompts.rollout.policy.rollouts import LIVE, share_at
from prompts.rollout.selectors.checks import compiled_checks
from prompts.rollout.selectors.rollouts import position_of, steps_of

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
