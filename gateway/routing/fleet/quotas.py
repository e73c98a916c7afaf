"""PURE: what a call takes of its deployment's quotas, as rate limits count it (governance/limits).

Bedrock reserves the input and `maxTokens` when a call begins, and when it ends keeps the input without what was read from the
cache, and the output times the model's burndown rate (AWS user guide, "How tokens are counted in Amazon Bedrock").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.catalogue.quotas import Quotas
from gateway.events import Usage
from gateway.routing.fleet.fair import FairShares
from governance.limits.policy.rate_limits import Counter, RateDecision

MINUTE_MS = 60_000
_OF_TEAM = ":team:"
_SCARCE_FROM, _SCARCE_UNTIL = 0.5, 0.3
"""From which part of a quota on a team gets no more of it than its share."""


@dataclass(frozen=True, slots=True)
class Takes:
    """Of one call: amounts by counter, and by which of the deployment's quotas each counts."""

    takes: tuple[tuple[Counter, int], ...]
    names: tuple[str, ...]


class Scarce:
    """Which quotas are nearly used up now; of one deployment, in one process."""

    __slots__ = ("_scarce",)

    def __init__(self) -> None:
        self._scarce: set[str] = set()

    def takes(
        self,
        quotas: Quotas,
        *,
        input_tokens: int,
        output_tokens: int,
        team: int,
        weight: int,
        fair: FairShares,
        now: float,
    ) -> Takes:
        """What a call of a team takes that asks for so much output."""
        amounts = _amounts(input_tokens, output_tokens)
        takes: list[tuple[Counter, int]] = []
        names: list[str] = []
        for name, most in quotas.most:
            key = _key(quotas, name)
            amount = min(amounts[name], most)  # what is more than the whole quota is AWS's to refuse
            takes.append((Counter(key, MINUTE_MS, most), amount))
            names.append(name)
            if fair.is_shared(key):
                is_scarce = name in self._scarce or fair.is_short(key, most=most, now=now)
                limit = fair.limit(key, team=team, weight=weight, most=most, now=now) if is_scarce else most
                takes.append((Counter(f"{key}{_OF_TEAM}{team}", MINUTE_MS, max(limit, amount)), amount))
                names.append(name)
        return Takes(tuple(takes), tuple(names))

    def learn(self, takes: Takes, decision: RateDecision) -> None:
        """How much of each is used decides how the next call is let through."""
        for (counter, _), name, used in zip(takes.takes, takes.names, decision.used, strict=True):
            if is_of_team(counter):
                continue
            if used > _SCARCE_FROM * counter.limit:
                self._scarce.add(name)
            elif used < _SCARCE_UNTIL * counter.limit:
                self._scarce.discard(name)


def note_demand(
    pools: Sequence[Quotas],
    fair: FairShares,
    *,
    input_tokens: int,
    output_tokens: int,
    team: int,
    weight: int,
    now: float,
) -> None:
    """What a call of a team wants of the quotas of its route, wherever it gets it: an equal part of each."""
    amounts = _amounts(input_tokens, output_tokens)
    for quotas in pools:
        for name, most in quotas.most:
            amount = min(amounts[name], most) / len(pools)
            fair.note(_key(quotas, name), team=team, weight=weight, amount=amount, now=now)


def _amounts(input_tokens: int, output_tokens: int) -> dict[str, int]:
    return {
        "requests": 1,
        "tokens": input_tokens + output_tokens,
        "input": input_tokens,
        "output": output_tokens,
    }


def _key(quotas: Quotas, name: str) -> str:
    return f"quota:{quotas.pool}:{name}"


def is_of_team(counter: Counter) -> bool:
    """Whether it counts what one team has of a quota."""
    return _OF_TEAM in counter.key


def used_of(takes: Takes, quotas: Quotas, usage: Usage) -> dict[Counter, int]:
    """What a call took in the end, by its usage."""
    read = usage.prompt - usage.cache_read
    amounts = {
        "tokens": read + usage.output * quotas.burndown,
        "input": read,
        "output": usage.output * quotas.burndown,
    }
    return {
        counter: amounts[name]
        for (counter, _), name in zip(takes.takes, takes.names, strict=True)
        if name in amounts
    }
