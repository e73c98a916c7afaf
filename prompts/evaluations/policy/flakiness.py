"""PURE: which cases come out one way and another when they are run again."""

from collections.abc import Hashable, Sequence
from enum import StrEnum

import msgspec


class Steadiness(StrEnum):
    """How a case comes out over its repeats."""

    PASSES = "passes"
    FAILS = "fails"
    FLAKY = "flaky"
    UNKNOWN = "unknown"


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """What the repeats of one case came to."""

    case: Hashable
    steadiness: Steadiness
    passed: int
    judged: int
    different_outputs: int


class Flakiness(msgspec.Struct, frozen=True, kw_only=True):
    """What the repeats of all cases came to. `flips`: how likely two runs of one case are to differ, from 0 to 1."""

    cases: list[Repeats]
    flaky: int
    flips: float | None

    @property
    def text(self) -> str:
        """One sentence for people."""
        repeated = [each for each in self.cases if each.judged > 1]
        if not repeated:
            return "Run each case more than once to see which ones are flaky."
        if not self.flaky:
            return f"All {len(repeated)} cases came out the same each time."
        return f"{self.flaky} of {len(repeated)} cases came out differently from run to run. Two runs of a case differ {self.flips or 0:.0%} of the time."  # fmt: skip


def flakiness_of(runs: Sequence[tuple[Hashable, bool | None, str]]) -> Flakiness:
    """Of runs as (case, passed or None, output), in any order."""
    by_case: dict[Hashable, list[tuple[bool | None, str]]] = {}
    for case, passed, output in runs:
        by_case.setdefault(case, []).append((passed, output))
    cases = [_repeats(case, found) for case, found in by_case.items()]
    pairs = sum(each.judged * (each.judged - 1) / 2 for each in cases)
    differing = sum(each.passed * (each.judged - each.passed) for each in cases)
    return Flakiness(
        cases=cases,
        flaky=sum(1 for each in cases if each.steadiness is Steadiness.FLAKY),
        flips=differing / pairs if pairs else None,
    )


def _repeats(case: Hashable, found: Sequence[tuple[bool | None, str]]) -> Repeats:
    judged = [passed for passed, _ in found if passed is not None]
    passed = sum(judged)
    if not judged:
        steadiness = Steadiness.UNKNOWN
    elif passed == len(judged):
        steadiness = Steadiness.PASSES
    else:
        steadiness = Steadiness.FLAKY if passed else Steadiness.FAILS
    outputs = len({output for _, output in found})
    return Repeats(
        case=case, steadiness=steadiness, passed=passed, judged=len(judged), different_outputs=outputs
    )
