"""PURE: the deployments of a route in the order of their scores. The same for a call, and for one that is played again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from gateway.call.decision import Ranking
from gateway.catalogue.policy import price_at
from gateway.catalogue.routing_rules import (
    CHEAPEST,
    DEFAULT_WEIGHTS,
    HIGH_COST,
    LOW_COST,
    NEWEST,
    RuleEntry,
    Weights,
)
from gateway.catalogue.wishes import NOTHING, Wishes
from gateway.snapshot.state import DeploymentEntry

_UNKNOWN_QUALITY = 0.5
_CLOSE = 0.02
"""Scores no further apart are alike: which of them answers is left to where there is room, and the prompt is cached."""
_LEAD = 0.2
"""A lead from which on the first choice is as sure as can be."""
_OLD = date.min


class Figures(NamedTuple):
    """Of one deployment, as known now; None where nothing is. `quality` from 0 to 1, `seconds` until it begins to answer."""

    quality: float | None = None
    seconds: float | None = None
    error_rate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a call counts for the choice. Tokens are what is expected."""

    input_tokens: int
    output_tokens: int
    moment: datetime
    tier: str = ""
    wishes: Wishes = NOTHING


@dataclass(slots=True)
class _Row:
    deployment: DeploymentEntry
    nanos: float
    quality: float | None
    seconds: float | None
    error_rate: float
    score: float = 0.0


def rank(
    deployments: Sequence[DeploymentEntry],
    asked: Asked,
    figures_of: Callable[[DeploymentEntry], Figures],
    *,
    weights: Weights = DEFAULT_WEIGHTS,
    rule: RuleEntry | None = None,
    tighten_only: frozenset[str] = frozenset(),
) -> Ranking:
    """The order in which deployments are asked. None is left out, but by the quality bar of a rule where others pass it.

    `tighten_only` names wishes that may make the choice narrower or cheaper and never dearer.
    """
    rows = [_row(each, asked, figures_of(each)) for each in deployments]
    used = _weights(asked.wishes, weights, rule, tighten_only)
    _score(rows, used)
    default = rows[0]
    rows.sort(key=_by_score)
    reason = f"best score of {len(rows)}"
    if rule is not None and rule.choose == CHEAPEST:
        reason = _cheapest(rows, rule)
    elif (rule is not None and rule.choose == NEWEST) or asked.wishes.newest:
        # What an administrator's rule says is no wish of the caller's, and may cost what it costs.
        may_not_cost_more = "newest" in tighten_only and asked.wishes.newest
        reason = _put_first(rows, _newest(rows), default, may_not_cost_more, f"newest of {len(rows)}")
    if asked.wishes.model:
        wanted = [row for row in rows if is_meant(asked.wishes.model, row.deployment)]
        reason = (
            _put_first(rows, wanted, default, "model" in tighten_only, "the model preferred")
            if wanted
            else f"{reason}; the preferred model is not among them"
        )
    if rule is not None:
        reason = f"rule '{rule.name}': {reason}"
    return Ranking(
        deployments=tuple([row.deployment for row in rows]),
        scores={row.deployment.id: row.score for row in rows},
        reason=reason,
        rule="" if rule is None else rule.name,
        confidence=_confidence(rows) if rule is None or rule.confidence is None else rule.confidence,
        alike=_alike(rows),
    )


def is_meant(name: str, deployment: DeploymentEntry) -> bool:
    """Whether a caller's name for a model is this one's: its ID, with or without vendor and revision, or its name."""
    wanted, model_id = name.lower(), deployment.model_id.lower()
    bare = model_id.partition(".")[2] or model_id
    return wanted in (
        model_id,
        bare,
        deployment.invoke_id.lower(),
        deployment.name.lower(),
    ) or bare.startswith(f"{wanted}-")


def _row(deployment: DeploymentEntry, asked: Asked, figures: Figures) -> _Row:
    price = price_at(deployment.prices, asked.moment, asked.tier)
    nanos = 0.0
    if price is not None:
        rates = price.rates_for(asked.input_tokens)
        nanos = (
            asked.input_tokens * rates.input + asked.output_tokens * rates.output
        ) / 1_000_000 + price.request
    return _Row(deployment, nanos, figures.quality, figures.seconds, figures.error_rate)


def _weights(
    wishes: Wishes, weights: Weights, rule: RuleEntry | None, tighten_only: frozenset[str]
) -> Weights:
    if rule is not None and rule.weights is not None:
        return rule.weights
    if wishes.cost == "low":
        return LOW_COST
    return HIGH_COST if wishes.cost == "high" and "cost" not in tighten_only else weights


def _score(rows: list[_Row], weights: Weights) -> None:
    """Cost and latency are the best one's, divided by one's own; what is not known of one is as the others are."""
    total = weights.cost + weights.quality + weights.latency
    cheapest = min([row.nanos for row in rows])
    known = [row.quality for row in rows if row.quality is not None]
    usual_quality = sum(known) / len(known) if known else _UNKNOWN_QUALITY
    times = [row.seconds for row in rows if row.seconds is not None]
    fastest = min(times, default=0.0)
    usual_seconds = sum(times) / len(times) if times else 0.0
    for row in rows:
        cost = cheapest / row.nanos if row.nanos > cheapest else 1.0
        quality = usual_quality if row.quality is None else row.quality
        seconds = usual_seconds if row.seconds is None else row.seconds
        latency = (fastest / seconds if seconds > fastest else 1.0) * (1.0 - row.error_rate)
        row.score = (weights.cost * cost + weights.quality * quality + weights.latency * latency) / total


def _by_score(row: _Row) -> float:
    return -row.score


def _cheapest(rows: list[_Row], rule: RuleEntry) -> str:
    """The cheapest first, of those that are known to be good enough; where nothing is known of any, of all."""
    bar = rule.quality_bar
    if bar is None:
        rows.sort(key=_by_cost)
        return f"cheapest of {len(rows)}"
    if any(row.quality is not None for row in rows):
        passing = [row for row in rows if row.quality is not None and row.quality >= bar]
        if not passing:
            rows.sort(key=lambda row: -(row.quality or 0.0))
            return f"none of {len(rows)} is known to reach a quality of {bar:g}; the best of them"
        rows[:] = passing
        rows.sort(key=_by_cost)
        return f"cheapest of {len(rows)} with a quality of {bar:g} or more"
    rows.sort(key=_by_cost)
    return f"cheapest of {len(rows)}, whose quality is not known"


def _by_cost(row: _Row) -> tuple[float, float]:
    return row.nanos, -row.score


def _newest(rows: list[_Row]) -> list[_Row]:
    latest = max(row.deployment.released or _OLD for row in rows)
    return [row for row in rows if row.deployment.released == latest] if latest > _OLD else []


def _put_first(
    rows: list[_Row], wanted: list[_Row], default: _Row, may_not_cost_more: bool, reason: str
) -> str:
    """What is wanted comes before the others, each in the order of its score."""
    if may_not_cost_more and (allowed := [row for row in wanted if row.nanos <= default.nanos]) != wanted:
        wanted, reason = allowed, f"{reason} that costs no more than the default"
    if not wanted:
        return f"best score of {len(rows)}; none is {reason}"
    chosen = {id(row) for row in wanted}
    rows.sort(key=lambda row: id(row) not in chosen)
    return reason


def _alike(rows: list[_Row]) -> int:
    """How many of the first are the same model and about as good."""
    first = rows[0]
    for number, row in enumerate(rows):
        if row.deployment.model_id != first.deployment.model_id or abs(first.score - row.score) > _CLOSE:
            return number
    return len(rows)


def _confidence(rows: list[_Row]) -> float:
    """By the lead over the best of another model; less where figures are missing. 1 where there is nothing to choose from."""
    first = rows[0]
    others = [row.score for row in rows if row.deployment.model_id != first.deployment.model_id]
    if not others:
        return 1.0
    lead = min(1.0, max(0.0, first.score - max(others)) / _LEAD)
    unknown = (first.quality is None) + (first.seconds is None)
    return round((0.5 + 0.45 * lead) * (1.0, 0.85, 0.7)[unknown], 2)
