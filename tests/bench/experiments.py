"""Statistics of experiments, simulated: how often they err when looked at all the time, and how much they find.

Every run is an experiment of two arms whose calls come one by one; after every tenth call from the minimum sample on it
is looked at, and stopped at the first word. `naive` is a t-test at 5 % looked at in the same way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log, sqrt
from statistics import median

import numpy as np
from numpy.typing import NDArray

from prompts.rollout.policy.sequential import Sample, share_bounds
from prompts.rollout.policy.verdicts import ComparisonVerdict, Metric, compare

MINIMUM = 100
CALLS = 10_000
EVERY = 10
Z = 1.96
FOUND = (ComparisonVerdict.BETTER, ComparisonVerdict.WORSE)
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


@dataclass(frozen=True)
class Row:
    """One case over all its runs: the share of runs in which a difference was found, and after how many calls."""

    name: str
    runs: int
    calls: int
    found: float
    naive: float
    typical: int
    """The median number of calls, both arms together, of the runs that found one."""


@dataclass(frozen=True)
class Case:
    name: str
    metric: Metric
    control: Draw
    arm: Draw


def share(of: float) -> Draw:
    return lambda random, size: (random.random(size) < of).astype(np.float64)


def latency(times: float = 1.0) -> Draw:
    """Milliseconds, log-normal, of which the logarithm is compared."""
    return lambda random, size: random.normal(log(800 * times), 0.6, size)


def cost(times: float = 1.0, tail: float = 2.5) -> Draw:
    """Nano-dollars with a Pareto tail: most calls are cheap, few cost a hundred times as much."""
    return lambda random, size: 100_000 * times * (1 + random.pareto(tail, size))


def clustered(of: float, users: int = 300) -> Draw:
    """Shares that differ from user to user. Users are told apart by the caller, see `_clustered_samples`."""
    return lambda random, size: random.beta(of * 4, (1 - of) * 4, users)


EQUAL = (
    Case("helpful, 70 %", Metric.HELPFUL, share(0.7), share(0.7)),
    Case("errors, 1 %", Metric.ERRORS, share(0.01), share(0.01)),
    Case("latency, log-normal", Metric.LATENCY, latency(), latency()),
    Case("cost, tail of 2.5", Metric.COST, cost(), cost()),
    Case("cost, tail of 2.1", Metric.COST, cost(tail=2.1), cost(tail=2.1)),
    Case("helpful, users differ, sticky", Metric.HELPFUL, clustered(0.7), clustered(0.7)),
)
DIFFERENT = (
    Case("helpful, 70 % and 75 %", Metric.HELPFUL, share(0.7), share(0.75)),
    Case("helpful, 70 % and 80 %", Metric.HELPFUL, share(0.7), share(0.8)),
    Case("errors, 1 % and 3 %", Metric.ERRORS, share(0.01), share(0.03)),
    Case("latency, 10 % more", Metric.LATENCY, latency(), latency(1.1)),
    Case("cost, tail of 2.5, 20 % more", Metric.COST, cost(), cost(1.2)),
)


def measure(*, runs: int = 2000, calls: int = CALLS, seed: int = 1) -> tuple[list[Row], list[Row]]:
    """Without a difference (false positives), and with one (power)."""
    return (
        [run_case(case, runs=runs, calls=calls, seed=seed) for case in EQUAL],
        [run_case(case, runs=runs, calls=calls, seed=seed) for case in DIFFERENT],
    )


def run_case(case: Case, *, runs: int, calls: int = CALLS, seed: int = 1) -> Row:
    """All runs of a case, as the only comparison of its experiment: with more, each is stricter."""
    random = np.random.default_rng(seed)
    is_clustered = "sticky" in case.name
    found, naive = [], 0
    for _ in range(runs):
        looks = (_clustered_looks if is_clustered else _looks)(case, random, calls)
        stopped, fooled = _one(case.metric, looks)
        naive += fooled
        if stopped:
            found.append(stopped)
    typical = round(median(found)) if found else 0
    return Row(case.name, runs, calls, len(found) / runs, naive / runs, typical)


def _one(metric: Metric, looks: Iterator[tuple[int, Sample, Sample, bool]]) -> tuple[int, bool]:
    """After how many calls a difference was found, 0 for never; whether the naive test ever found one."""
    stopped, fooled = 0, False
    for seen, arm, control, naive in looks:
        if not stopped and compare(metric, arm, control, comparisons=1, minimum=MINIMUM).verdict in FOUND:
            stopped = seen
        fooled = fooled or naive
        if stopped and fooled:
            break
    return stopped, fooled


def _looks(case: Case, random: np.random.Generator, calls: int) -> Iterator[tuple[int, Sample, Sample, bool]]:
    """What is known after every tenth call, where each call is by itself."""
    in_arm = random.random(calls) < 0.5
    values = np.where(in_arm, case.arm(random, calls), case.control(random, calls))
    at = np.arange(EVERY - 1, calls, EVERY)
    sums = [
        [np.cumsum(row * chosen)[at] for row in (np.ones(calls), values, values * values)]
        for chosen in (in_arm, ~in_arm)
    ]
    for index, seen in enumerate(at):
        arm, control = (_independent(*(float(row[index]) for row in rows)) for rows in sums)
        if min(arm.units, control.units) >= MINIMUM:
            yield int(seen) + 1, arm, control, _naive(arm, control)


def _independent(number: float, total: float, squares: float) -> Sample:
    return Sample(units=int(number), calls=number, total=total, squares=squares, products=total, sizes=number)


def _naive(arm: Sample, control: Sample) -> bool:
    """Every call taken as independent of the others, the usual 5 %."""
    variance = sum(
        (sample.squares / sample.calls - sample.mean**2) / sample.calls for sample in (arm, control)
    )
    return abs(arm.mean - control.mean) > Z * sqrt(variance) if variance > 0 else False


def _clustered_looks(
    case: Case, random: np.random.Generator, calls: int
) -> Iterator[tuple[int, Sample, Sample, bool]]:
    """The same where each user stays in an arm, comes back, and has a mind of their own."""
    likes = np.concatenate([case.arm(random, 0), case.control(random, 0)])
    users = random.integers(0, len(likes), calls)
    outcomes = (random.random(calls) < likes[users]).astype(np.float64)
    sizes, sums = [0.0] * len(likes), [0.0] * len(likes)
    totals = [[0.0] * 6, [0.0] * 6]
    for index, (user, value) in enumerate(zip(users.tolist(), outcomes.tolist(), strict=True)):
        number, total = sizes[user], sums[user]
        row = totals[0 if user < len(likes) // 2 else 1]
        for place, more in enumerate(
            (
                number == 0,
                1,
                value,
                2 * total * value + value * value,
                (total + value) * (number + 1) - total * number,
                2 * number + 1,
            )
        ):
            row[place] += more
        sizes[user], sums[user] = number + 1, total + value
        if (index + 1) % EVERY == 0 and min(totals[0][0], totals[1][0]) >= MINIMUM:
            arm, control = (_of(row) for row in totals)
            by_call = (
                Sample(units=int(row[1]), calls=row[1], total=row[2], squares=row[2], products=row[2], sizes=row[1])
                for row in totals
            )  # fmt: skip
            yield index + 1, arm, control, _naive(*by_call)


def _of(row: list[float]) -> Sample:
    return Sample(
        units=int(row[0]), calls=row[1], total=row[2], squares=row[3], products=row[4], sizes=row[5]
    )


def measure_bounds(
    *, runs: int = 2000, calls: int = 2000, share_: float = 0.02, alpha: float = 0.01
) -> float:
    """In what share of runs the exact bounds of a share were ever wrong, looked at after every call from the first."""
    random = np.random.default_rng(2)
    wrong = 0
    for _ in range(runs):
        events = np.cumsum(random.random(calls) < share_)
        at = [*range(1, 101), *range(110, calls + 1, EVERY)]
        for seen in at:
            bounds = share_bounds(float(events[seen - 1]), seen, alpha=alpha)
            if not bounds.low <= share_ <= bounds.high:
                wrong += 1
                break
    return wrong / runs


def print_rows(equal: list[Row], different: list[Row]) -> None:
    """Both tables, as docs/experiments.md has them."""
    for title, rows in (("no difference", equal), ("a difference", different)):
        print(
            f"\n| {title} | runs | found one | naive t-test | calls it took, median |\n|---|---|---|---|---|"
        )
        for row in rows:
            print(f"| {row.name} | {row.runs} | {row.found:.1%} | {row.naive:.1%} | {row.typical or '-'} |")
