"""How often, and whom, one call asks: the real fleet, and deployments whose answers are said here."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from gateway.refusals import Refusal
from gateway.routing.attempts import Attempts
from gateway.routing.candidates import routed
from gateway.routing.fleet.breaker import Limits
from gateway.routing.fleet.fleet import Fleet
from gateway.snapshot.state import DeploymentEntry, RouteEntry
from governance.limits.services.rate_limiter import RateLimiter
from tests.bench import choosing

URL = "redis://127.0.0.1:1"  # nothing listens there: each process by its own calls
ALL = tuple(each.id for each in choosing._route("ordered").deployments)
Outcome = Callable[[DeploymentEntry], Refusal | None]


def fails(code: str = "upstream_error") -> Outcome:
    return lambda _: Refusal(code, "It failed.")


async def asked(
    route: RouteEntry,
    outcome: Outcome,
    *,
    stand_ins: tuple[int, ...] = (),
    before: Callable[[Fleet], None] = lambda _: None,
) -> tuple[list[int], str, Fleet]:
    """Whom a call asks in turn, the code it ends with, and the fleet as it is then."""
    from gateway.call.groups import StandIn

    fleet = Fleet(URL, instance_id="test", limits=Limits(failures=10**6), on_change=lambda *_: None)
    limiter = RateLimiter(URL, members=lambda: (0, 1))
    before(fleet)
    call = choosing._call(route)
    call.routed = routed(call, route, Random(1), choosing._SNAPSHOT, fleet)
    places = {each: StandIn(place, "other") for place, each in enumerate(stand_ins, 1)}
    call.routed = replace(call.routed, stand_ins=places)
    attempts = Attempts(call, fleet, limiter, random=Random(1), patience=0.5)
    found: list[int] = []
    try:
        while True:
            deployment = await attempts.next()
            found.append(deployment.id)
            refusal = outcome(deployment)
            if refusal is None:
                attempts.answered()
                return found, "ok", fleet
            attempts.failed(refusal)
    except Refusal as refusal:
        return found, refusal.code, fleet
    finally:
        attempts.ended()
        await fleet.stop()
        await limiter.stop()


def route(number: int = 8, **changes: object) -> RouteEntry:
    entry = choosing._route("ordered")
    return replace(entry, deployments=entry.deployments[:number], **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("code", ["upstream_error", "upstream_timeout"])
def test_a_route_that_says_how_often_is_asked_no_more_often(most, code):
    found, ended, _ = asyncio.run(asked(route(attempts=most), fails(code)))
    assert (found, ended) == (list(ALL[:most]), code)


def test_without_a_number_each_deployment_is_asked_once():
    found, _, _ = asyncio.run(asked(route(), fails()))
    assert found == list(ALL)


@pytest.mark.parametrize("code", ["upstream_error", "upstream_throttled"])
def test_routes_that_are_fallen_back_to_are_asked_once_behind_the_attempts(code):
    found, ended, _ = asyncio.run(asked(route(4, attempts=1), fails(code), stand_ins=ALL[2:4]))
    assert (found, ended) == ([ALL[0], ALL[2], ALL[3]], code)


def test_where_nothing_pays_for_a_retry_the_call_ends_at_once():
    def spent(fleet: Fleet) -> None:
        for each in ALL[:2]:
            fleet.of(each).retries.tokens = 0.0

    begun = time.monotonic()
    found, ended, fleet = asyncio.run(asked(route(2), fails(), before=spent))
    assert (found, ended) == ([ALL[0]], "upstream_error")
    assert time.monotonic() - begun < 0.4  # its patience is half a second
    assert fleet.line("ordered").is_empty


def test_a_quota_that_is_used_up_for_long_is_not_asked_by_every_call():
    used_up = Refusal(
        "upstream_throttled", "Per day.", for_admins="a quota of AWS is used up", retry_after=60
    )

    def known(fleet: Fleet) -> None:
        fleet.failed(fleet.of(ALL[0]), used_up)

    found, ended, _ = asyncio.run(asked(route(2), lambda _: None, before=known))
    assert (found, ended) == ([ALL[1]], "ok")
    begun = time.monotonic()
    found, ended, _ = asyncio.run(asked(route(1), lambda _: None, before=known))
    assert (found, ended) == ([], "upstream_throttled")
    assert time.monotonic() - begun < 0.4  # its patience is half a second


def test_waiting_for_room_costs_no_retries():
    def full(fleet: Fleet) -> None:
        health = fleet.of(ALL[1])
        health.learnt.rate, health.learnt._room_at = 0.01, time.perf_counter()

    _, _, fleet = asyncio.run(asked(route(2), fails(), before=full))
    assert fleet.of(ALL[1]).retries.tokens == fleet.of(ALL[5]).retries.tokens
