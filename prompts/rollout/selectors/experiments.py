"""What an experiment has found so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prompts.rollout.models import Arm, Experiment
from prompts.rollout.policy.assignment import Unit
from prompts.rollout.policy.sequential import Sample
from prompts.rollout.policy.verdicts import (
    Comparison,
    ComparisonOutcome,
    Metric,
    compare,
    is_lopsided,
    outcome,
)
from prompts.rollout.selectors.outcomes import sums_of

_NOTHING = Sample()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One arm: its calls and units, its comparisons with the control, and what follows. The control has none."""

    arm: Arm
    calls: int
    units: int
    samples: dict[Metric, Sample]
    unchecked: int = 0
    """Calls whose answers could not be checked: they are in no share of those that passed."""
    comparisons: tuple[Comparison, ...] = ()
    outcome: ComparisonOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All arms, the control first."""

    arms: tuple[ArmResult, ...]
    is_lopsided: bool
    """Whether arms got other numbers of units than their weights say: then nothing here is to be trusted."""

    @property
    def is_decided(self) -> bool:
        """Whether every arm's outcome is one that more calls need not change."""
        open_ones = (ComparisonOutcome.TOO_EARLY, ComparisonOutcome.OPEN)
        return all(each.outcome not in open_ones for each in self.arms[1:])


def experiment_results(experiment: Experiment, *, now: datetime) -> Results | None:
    """What has been found; None before it has started."""
    if experiment.started_at is None:
        return None
    arms = list(experiment.arms.select_related("version"))
    sums = sums_of(
        "experiment",
        experiment.pk,
        prompt_id=experiment.prompt_id,
        unit=Unit(experiment.unit),
        since=experiment.started_at,
        until=(experiment.stopped_at or now) + timedelta(seconds=1),
    )
    metrics = [Metric(name) for name in experiment.metrics]
    samples = {
        arm.pk: {metric: sums[arm.pk].get(metric.value, _NOTHING) for metric in metrics} for arm in arms
    }
    seen = {arm.pk: sums[arm.pk].get("calls", _NOTHING) for arm in arms}
    unchecked = {arm.pk: int(sums[arm.pk].get("unchecked", _NOTHING).calls) for arm in arms}
    control, *others = arms
    units, weights = {pk: sample.units for pk, sample in seen.items()}, {arm.pk: arm.weight for arm in arms}
    return Results(
        arms=tuple(
            _result(
                arm,
                seen[arm.pk],
                samples[arm.pk],
                unchecked[arm.pk],
                None if arm is control else samples[control.pk],
                comparisons=len(metrics) * len(others),
                minimum=experiment.minimum,
            )
            for arm in arms
        ),
        is_lopsided=is_lopsided(units, weights),
    )


def _result(
    arm: Arm,
    seen: Sample,
    samples: dict[Metric, Sample],
    unchecked: int,
    control: dict[Metric, Sample] | None,
    *,
    comparisons: int,
    minimum: int,
) -> ArmResult:
    compared: Sequence[Comparison] = (
        []
        if control is None
        else [
            compare(metric, sample, control[metric], comparisons=comparisons, minimum=minimum)
            for metric, sample in samples.items()
        ]
    )
    return ArmResult(
        arm=arm,
        calls=int(seen.calls),
        units=seen.units,
        samples=samples,
        unchecked=unchecked,
        comparisons=tuple(compared),
        outcome=outcome([each.verdict for each in compared]) if compared else None,
    )
