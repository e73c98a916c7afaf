"""PURE: what a call takes of its deployment's quotas, as rate limits count it (governance/limits).

Bedrock reserves the input and `maxTokens` when a call begins, and when it ends keeps the input without what was read from the
cache, and the output times the model's burndown rate (AWS user guide, "How tokens are counted in Amazon Bedrock").
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.catalogue.quotas import Quotas
from gateway.events import Usage
from governance.limits.policy.rate_limits import Counter, RateDecision

MINUTE_MS = 60_000
_PACE_MS, _PACES = 6_000, 10
"""Once half of a minute's quota is used, the rest is let through evenly: it does not all go at once each minute, and whoever
waits gets turns of it."""
_PACED_FROM, _PACED_UNTIL = 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Takes:
    """Of one call: amounts by counter, and by which of the deployment's quotas each counts."""

    takes: tuple[tuple[Counter, int], ...]
    names: tuple[str, ...]


class Paced:
    """Whether a quota is let through evenly by now; of one deployment, in one process."""

    __slots__ = ("_paced",)

    def __init__(self) -> None:
        self._paced: set[str] = set()

    def takes(self, quotas: Quotas, *, input_tokens: int, output_tokens: int) -> Takes:
        """What a call takes that asks for so much output."""
        amounts = {
            "requests": 1,
            "tokens": input_tokens + output_tokens,
            "input": input_tokens,
            "output": output_tokens,
        }
        takes: list[tuple[Counter, int]] = []
        names: list[str] = []
        for name, most in quotas.most:
            key = f"quota:{quotas.pool}:{name}"
            amount = min(amounts[name], most)  # what is more than the whole quota is AWS's to refuse
            takes.append((Counter(key, MINUTE_MS, most), amount))
            names.append(name)
            pace = max(most // _PACES, amount)
            if name in self._paced and pace < most:
                takes.append((Counter(f"{key}:pace", _PACE_MS, pace), amount))
                names.append(name)
        return Takes(tuple(takes), tuple(names))

    def learn(self, takes: Takes, decision: RateDecision) -> None:
        """How much of each is used decides how the next call is let through."""
        for (counter, _), name, used in zip(takes.takes, takes.names, decision.used, strict=True):
            if counter.period_ms != MINUTE_MS:
                continue
            if used > _PACED_FROM * counter.limit:
                self._paced.add(name)
            elif used < _PACED_UNTIL * counter.limit:
                self._paced.discard(name)


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
