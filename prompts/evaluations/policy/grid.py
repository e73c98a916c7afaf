"""PURE: several models or versions over one test set, compared, and which to take."""

from collections.abc import Hashable, Mapping, Sequence
from math import comb, sqrt

import msgspec

from kernel.errors import InvalidError
from kernel.money import format_usd

DEFAULT_WEIGHTS = {"cost": 0.3, "quality": 0.4, "latency": 0.3}
_Z = 1.96
"""Of an interval that holds nineteen times in twenty."""
_SURE = 0.05


class BadWeightsError(InvalidError):
    """Weights that can't be used. The message says why."""

    code = "bad_weights"
    field = "weights"


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much each counts. They are not below 0, and come to 1."""

    cost: float = DEFAULT_WEIGHTS["cost"]
    quality: float = DEFAULT_WEIGHTS["quality"]
    latency: float = DEFAULT_WEIGHTS["latency"]

    def __post_init__(self) -> None:
        values = (self.cost, self.quality, self.latency)
        if not all(0 <= value <= 1 for value in values) or abs(sum(values) - 1) > 1e-6:
            raise BadWeightsError(
                f"The weights are not below 0 and come to 1; these come to {sum(values):g}."
            )


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to one case. `passed` is None where it could not be judged."""

    case: Hashable
    passed: bool | None
    has_answer: bool = True
    is_contract_failure: bool = False
    duration_ms: float = 0.0
    cost_nanos: int = 0
    tokens: int = 0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What one candidate came to. Shares are from 0 to 1; `low` and `high` hold the true accuracy 19 times in 20."""

    name: str
    runs: int
    cases: int
    passed: int
    unjudged: int
    errors: int
    contract_failures: int
    accuracy: float | None
    low: float
    high: float
    p50_ms: float | None
    p95_ms: float | None
    cost_nanos: int
    tokens: int
    shares: dict[Hashable, float] = {}
    """Passed of the runs of each case."""

    @property
    def nanos_per_call(self) -> int | None:
        answered = self.runs - self.errors
        return round(self.cost_nanos / answered) if answered else None

    @property
    def nanos_per_1000_tokens(self) -> int | None:
        return round(self.cost_nanos * 1000 / self.tokens) if self.tokens else None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate in the grid: its points from 0 to 1 (none where it has no answers), and whether another beats it in both cost and quality."""

    summary: Summary
    points: float | None
    quality: float = 0.0
    cost: float = 0.0
    latency: float = 0.0
    is_efficient: bool = False


class Grid(msgspec.Struct, frozen=True):
    """The candidates in their order, which is recommended, and why."""

    rows: list[Row]
    best: int | None
    text: str


def wilson(passed: float, total: float) -> tuple[float, float]:
    """Wilson's interval of a share. Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927)."""
    if total <= 0:
        return 0.0, 1.0
    share, square = passed / total, _Z * _Z
    middle = share + square / (2 * total)
    reach = _Z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, (middle - reach) / (1 + square / total)), min(
        1.0, (middle + reach) / (1 + square / total)
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that so many are not above, between two where need be."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summary_of(name: str, runs: Sequence[Run]) -> Summary:
    """What a candidate's runs come to. Errors count as not passed; what could not be judged counts neither way."""
    judged = [run for run in runs if run.passed is not None]
    by_case: dict[Hashable, list[bool]] = {}
    for run in judged:
        by_case.setdefault(run.case, []).append(bool(run.passed))
    shares = {case: sum(found) / len(found) for case, found in by_case.items()}
    # Repeats of one case say little about other cases: an interval goes by cases.
    low, high = wilson(sum(shares.values()), len(shares))
    times = [run.duration_ms for run in runs if run.has_answer]
    return Summary(
        name=name, runs=len(runs), cases=len({run.case for run in runs}),
        passed=sum(1 for run in judged if run.passed), unjudged=len(runs) - len(judged),
        errors=sum(1 for run in runs if not run.has_answer),
        contract_failures=sum(1 for run in runs if run.is_contract_failure),
        accuracy=sum(shares.values()) / len(shares) if shares else None, low=low, high=high,
        p50_ms=percentile(times, 0.5), p95_ms=percentile(times, 0.95),
        cost_nanos=sum(run.cost_nanos for run in runs), tokens=sum(run.tokens for run in runs), shares=shares,
    )  # fmt: skip


def grid_of(summaries: Sequence[Summary], weights: Weights) -> Grid:
    """The candidates with their points. Quality is accuracy; cost and latency are the best one's, divided by one's own."""
    usable = [each for each in summaries if each.accuracy is not None and each.nanos_per_call is not None]
    cheapest = min((each.nanos_per_call or 0 for each in usable), default=0)
    fastest = min((each.p95_ms or 0.0 for each in usable), default=0.0)
    rows = []
    for summary in summaries:
        if summary not in usable:
            rows.append(Row(summary=summary, points=None))
            continue
        quality = summary.accuracy or 0.0
        cost, latency = _ratio(cheapest, summary.nanos_per_call or 0), _ratio(fastest, summary.p95_ms or 0.0)
        points = weights.quality * quality + weights.cost * cost + weights.latency * latency
        rows.append(
            Row(
                summary=summary,
                points=points,
                quality=quality,
                cost=cost,
                latency=latency,
                is_efficient=_is_efficient(summary, usable),
            )
        )
    ranked = sorted(
        (n for n, row in enumerate(rows) if row.points is not None), key=lambda n: -(rows[n].points or 0)
    )
    return Grid(rows, ranked[0] if ranked else None, _recommendation(rows, ranked))


def _ratio(best: float, own: float) -> float:
    return 1.0 if own <= best else best / own


def _is_efficient(one: Summary, all_of_them: Sequence[Summary]) -> bool:
    """Whether nobody is at least as good in both cost and quality, and better in one."""
    mine = (-(one.nanos_per_call or 0), one.accuracy or 0.0)
    for other in all_of_them:
        theirs = (-(other.nanos_per_call or 0), other.accuracy or 0.0)
        if theirs != mine and theirs[0] >= mine[0] and theirs[1] >= mine[1]:
            return False
    return True


def chance_of_difference(one: Mapping[Hashable, float], other: Mapping[Hashable, float]) -> float:
    """How likely so one-sided a difference would be if both were equally good: the sign test over cases both have."""
    better = sum(1 for case, share in one.items() if case in other and share > other[case])
    worse = sum(1 for case, share in one.items() if case in other and share < other[case])
    total = better + worse
    tail = sum(comb(total, n) for n in range(max(better, worse), total + 1)) / 2**total if total else 1.0
    return min(1.0, 2 * tail)


def _recommendation(rows: Sequence[Row], ranked: Sequence[int]) -> str:
    if not ranked:
        return "No candidate has answers that could be judged yet."
    best = rows[ranked[0]]
    facts = f"{best.summary.accuracy or 0:.0%} passed, {_money(best)} a call, p95 {best.summary.p95_ms or 0:,.0f} ms"
    if len(ranked) == 1:
        return f"{best.summary.name}: {facts}. There is nothing to compare it with."
    text = f"Take {best.summary.name}: {facts}. It has {best.points:.2f} points, {rows[ranked[1]].summary.name} has {rows[ranked[1]].points:.2f}."
    return f"{text} {_doubt(rows, ranked)}".strip()


def _money(row: Row) -> str:
    return format_usd(row.summary.nanos_per_call or 0)


def _doubt(rows: Sequence[Row], ranked: Sequence[int]) -> str:
    """Whether quality tells the first two apart, or only chance may."""
    first, second = rows[ranked[0]], rows[ranked[1]]
    best, other = first.summary, second.summary
    if best.accuracy == other.accuracy or chance_of_difference(best.shares, other.shares) >= _SURE:
        shared = len(set(best.shares) & set(other.shares))
        is_cheaper_or_faster = first.cost + first.latency > second.cost + second.latency
        reason = "cost and speed decide" if is_cheaper_or_faster else "more cases would tell"
        return f"By {shared} case{'' if shared == 1 else 's'} their quality can't be told apart, the difference is within noise: {reason}."
    which = "better" if (best.accuracy or 0) > (other.accuracy or 0) else "worse"
    return f"Its quality is {which}, and not by chance."
