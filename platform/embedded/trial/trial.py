"""Runs probes against both sides, and no further than the money goes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from embedded.trial.ask import Side
from embedded.trial.outcome import Outcome, Verdict, compare
from embedded.trial.probe import Probe
from embedded.trial.service import BASELINE
from embedded.trial.suite import max_dollars
from embedded.trial.target import CannotTry, Target


@dataclass(frozen=True, slots=True)
class Tried:
    """A probe and what both sides said."""

    probe: Probe
    aws: Outcome
    simulator: Outcome
    verdict: Verdict


@dataclass(slots=True)
class Trial:
    """What was tried of a model so far."""

    target: Target
    probes: list[Probe]
    tried: list[Tried] = field(default_factory=list)
    left_out: list[Probe] = field(default_factory=list)
    spent: Decimal = Decimal(0)
    was_broken_off: bool = False

    def having(self, verdict: Verdict) -> list[Tried]:
        """Those that compare so."""
        return [each for each in self.tried if each.verdict is verdict]

    @property
    def missing(self) -> list[Probe]:
        """Those that were not tried, but for those left out."""
        done = {each.probe.name for each in self.tried} | {probe.name for probe in self.left_out}
        return [probe for probe in self.probes if probe.name not in done]


def run(trial: Trial, aws: Side, simulator: Side, most: Decimal) -> Iterator[Tried]:
    """Tries one after the other; a probe that what is left of `most` dollars may not do for is left out.

    Raises CannotTry where not even a plain chat is answered: the others would show nothing.
    """
    for probe in trial.probes:
        cost = max_dollars(probe, trial.target)
        if trial.spent + cost > most:
            trial.left_out.append(probe)
            continue
        # Held before it is sent, so that what is broken off is counted, too.
        trial.spent += cost
        said = aws.ask(probe, trial.target)
        trial.spent += _cost(probe, said, trial.target, cost) - cost
        expected = simulator.ask(probe, trial.target)
        if probe is BASELINE and not said.is_taken:
            raise CannotTry(
                f"{trial.target.invoke_id} in {trial.target.region} does not answer a plain chat: {said}"
            )
        tried = Tried(probe, said, expected, compare(probe, said, expected))
        trial.tried.append(tried)
        yield tried


def _cost(probe: Probe, said: Outcome, target: Target, most: Decimal) -> Decimal:
    """What an answer cost, as far as it tells; what was refused costs nothing."""
    if said.usage is not None:
        return target.prices.of(said.usage.input, said.usage.output, is_cached="cache" in probe.gateway)
    is_refused = bool(said.exception) and bool(said.status)
    return Decimal(0) if is_refused else most
