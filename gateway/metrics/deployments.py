"""PURE: the numbers of deployments. Each that a route leads to has its numbers from the start, so that a rate can be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from gateway.discovery.policy import AHEAD_DAYS
from gateway.metrics.families import Reading, Series

if TYPE_CHECKING:
    from typing import Protocol

    from gateway.snapshot.state import Snapshot

    class _Breaker(Protocol):
        @property
        def is_closed(self) -> bool: ...

    class _Share(Protocol):
        def now(self, now: float) -> float: ...

    class _InFlight(Protocol):
        calls: int
        limit: float

    class Known(Protocol):
        """What a process knows of one deployment (gateway/routing/fleet)."""

        answered: int
        throttled: int
        failed: int

        @property
        def breaker(self) -> _Breaker: ...
        @property
        def in_flight(self) -> _InFlight: ...
        @property
        def share(self) -> _Share: ...


_OUTCOMES = ("answered", "throttled", "failed")
_CHANGES = ("opened", "closed")


def fleet_reading(
    known: Mapping[int, Known],
    snapshot: Snapshot,
    changes: Mapping[tuple[int, str], int],
    *,
    now: float,
    today: date,
) -> Reading:
    """The numbers of this process; `now` is a moment of its clock that only goes forward, in seconds, and `today` is in UTC."""
    found: defaultdict[str, Series] = defaultdict(dict)
    near = 0
    for deployment_id, labels, ends_on in _labels(snapshot):
        if ends_on is not None:
            left = (ends_on - today).days
            near += left <= AHEAD_DAYS
            found["gatehouse_deployment_ends_in_days"][labels] = float(left)
        health = known.get(deployment_id)
        for outcome in _OUTCOMES:
            found["gatehouse_deployment_attempts"][*labels, outcome] = float(getattr(health, outcome, 0))
        for change in _CHANGES:
            found["gatehouse_deployment_changes"][*labels, change] = float(
                changes.get((deployment_id, change), 0)
            )
        is_open = health is not None and not health.breaker.is_closed
        found["gatehouse_deployment_open"][labels] = float(is_open)
        if health is not None:
            found["gatehouse_deployment_in_flight"][labels] = float(health.in_flight.calls)
            found["gatehouse_deployment_share"][labels] = health.share.now(now)
            found["gatehouse_deployment_limit"][labels] = float(int(health.in_flight.limit))
    found["gatehouse_deployments_ending"][()] = float(near)
    return dict(found)


_Labelled = tuple[tuple[int, tuple[str, str], "date | None"], ...]
"""Deployments with the values of their labels, and when their models end."""
_last: list[tuple[object, _Labelled]] = []


def _labels(snapshot: Snapshot) -> _Labelled:
    """Every deployment of a route, once for each snapshot: there are hundreds, and they are asked for each second."""
    if _last and _last[0][0] is snapshot:
        return _last[0][1]
    deployments = {each.id: each for route in snapshot.routes.values() for each in route.deployments}
    labels = tuple((each.id, (each.invoke_id, each.region), each.ends_on) for each in deployments.values())
    _last[:] = [(snapshot, labels)]
    return labels
