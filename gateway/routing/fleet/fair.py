"""PURE: what each team may take of a deployment's quota while several want more of it than there is: its fair share by weight, and
what others leave of theirs (max-min fairness). What all processes are asked for counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, inf

_SECONDS = 30.0
"""Over about so long what was asked is remembered."""
_MIN_SECONDS, _WATCHED_SECONDS = 10.0, 5.0
_MARGIN = 1.1
"""A team's demand goes up and down: so much of it is left to it, where that is less than its share."""
_MIN_DEMAND = 0.5
_MAX_TEAMS = 200
"""Of one quota; of more than that, those that ask for least are not told of."""

Demands = dict[str, dict[int, tuple[float, int]]]
"""By quota and team: what is asked for in a minute, and the team's weight."""


class _Asked:
    __slots__ = ("amount", "at", "begun", "weight")

    def __init__(self, now: float) -> None:
        self.amount, self.at, self.begun, self.weight = 0.0, now, now, 1

    def now(self, now: float) -> float:
        if now > self.at:
            self.amount *= exp((self.at - now) / _SECONDS)
            self.at = now
        return self.amount


class FairShares:
    """Of one process."""

    def __init__(self) -> None:
        self._own: dict[str, dict[int, _Asked]] = {}
        self._others: Demands = {}
        self._since: dict[str, float] = {}

    def note(self, quota: str, *, team: int, weight: int, amount: float, now: float) -> None:
        """A call of a team wants so much."""
        self._since.setdefault(quota, now)
        asked = self._own.setdefault(quota, {}).setdefault(team, _Asked(now))
        asked.weight = weight
        asked.amount = asked.now(now) + amount

    def is_shared(self, quota: str) -> bool:
        """Whether several teams have wanted something of it lately."""
        teams = self._own.get(quota, {})
        others = self._others.get(quota)
        return len(teams) > 1 or (others is not None and not others.keys() <= teams.keys())

    def is_short(self, quota: str, *, most: int, now: float) -> bool:
        """Whether all together want more than there is. A burst of a few seconds does not tell."""
        if now - self._since.get(quota, now) < _WATCHED_SECONDS:
            return False
        wanted = sum(_per_minute(asked, now) for asked in self._own.get(quota, {}).values())
        return wanted + sum(amount for amount, _ in self._others.get(quota, {}).values()) > most

    def limit(self, quota: str, *, team: int, weight: int, most: int, now: float) -> int:
        """The most that a team may have taken in a minute of a quota of `most`: at least 1, at most all of it."""
        demands = dict(self._others.get(quota, {}))
        for number, asked in self._own.get(quota, {}).items():
            before = demands.get(number, (0.0, 1))[0]
            demands[number] = (before + _per_minute(asked, now), asked.weight)
        demands[team] = (inf, max(1, weight))
        return max(1, min(most, int(water_fill(demands, most)[team])))

    def said(self, now: float) -> Demands:
        """What other processes are told; what is no longer wanted is forgotten."""
        found: Demands = {}
        for quota, teams in list(self._own.items()):
            for team in [team for team, asked in teams.items() if asked.now(now) < _MIN_DEMAND]:
                del teams[team]
            if not teams:
                del self._own[quota], self._since[quota]
                continue
            told = sorted(teams.items(), key=lambda each: -each[1].amount)[:_MAX_TEAMS]
            found[quota] = {team: (_per_minute(asked, now), asked.weight) for team, asked in told}
        return found

    def heard(self, told: list[Demands]) -> None:
        """What the other processes say now, each once."""
        others: Demands = {}
        for demands in told:
            for quota, teams in demands.items():
                sums = others.setdefault(quota, {})
                for team, (amount, weight) in teams.items():
                    sums[team] = (sums.get(team, (0.0, 1))[0] + amount, max(1, weight))
        self._others = others


def water_fill(demands: Mapping[int, tuple[float, int]], most: float) -> dict[int, float]:
    """How much each gets of `most`: no more than it wants, and who wants more than its share, by weight, shares what the others leave.

    Source: Bertsekas and Gallager, "Data Networks", 6.5.2, max-min fair flow control; with weights.
    """
    left, found = most, {}
    waiting = sorted(demands.items(), key=lambda each: each[1][0] / each[1][1])
    weights = sum(weight for _, (_, weight) in waiting)
    for team, (demand, weight) in waiting:
        share = left * weight / weights
        got = min(share, demand * _MARGIN)
        found[team] = got
        left -= got
        weights -= weight
    return found


def _per_minute(asked: _Asked, now: float) -> float:
    """Of a team that has just begun to ask, by the time that it has asked for."""
    seconds = _SECONDS * (1.0 - exp(-max(_MIN_SECONDS, now - asked.begun) / _SECONDS))
    return asked.now(now) * 60.0 / seconds
