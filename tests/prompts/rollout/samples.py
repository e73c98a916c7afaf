"""Samples for tests of statistics."""

from collections.abc import Sequence

from prompts.rollout.policy.sequential import Sample


def sample_of(values: Sequence[float]) -> Sample:
    """The sample of calls that are each a unit of their own."""
    total = float(sum(values))
    return Sample(
        units=len(values), calls=len(values), total=total, squares=float(sum(value * value for value in values)),
        products=total, sizes=len(values),
    )  # fmt: skip
