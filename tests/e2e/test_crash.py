"""Postgres and Valkey restarted and a gateway killed, each under load: nothing is lost and nothing charged twice."""

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.client import HTTP
from tests.e2e.callers import Caller, Callers
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.services import Server, Stack, temporary_folder, until

pytestmark = [pytest.mark.slow, pytest.mark.load]


@pytest.fixture(scope="module")
def crash_world() -> Iterator[World]:
    """A stack of its own, durable as in production, because its parts get killed."""
    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**15)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world
    shutil.rmtree(folder, ignore_errors=True)


def settled(world: World) -> None:
    """Waits until no call is held any more, and checks the ledger."""
    until(lambda: not world.execute("SELECT 1 FROM governance_hold"), seconds=30, what="the last settlement")
    assert_sound(world.execute)


def on_record(world: World, call_ids: set[str]) -> None:
    rows = world.execute(
        "SELECT call_id::text FROM governance_auditrecord WHERE status = 'succeeded' AND cost_nanos > 0"
    )
    assert call_ids <= {row["call_id"] for row in rows}


def answered(load: Callers, more: int) -> None:
    """Waits until so many more calls have been answered well."""
    wanted = load.outcomes["200"] + more
    until(lambda: load.outcomes["200"] >= wanted, what=f"{more} more answers")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["fast shutdown", "kill -9"])
def test_postgres_restarted_under_load(crash_world, how):
    world = crash_world
    load = Callers([world.url], [Caller(world.key)], 16)

    with load.running():
        answered(load, 21)
        world.stack.restart("postgres", how)
        until(lambda: world.chat().status_code == 200, what="an answer after the restart")
        answered(load, 21)
    assert set(load.outcomes) <= {"200", "503"}, load.outcomes
    assert load.outcomes["200"] > 20
    settled(world)
    on_record(world, load.answered)


def test_valkey_restarted_under_load_stops_no_call(crash_world):
    world = crash_world
    load = Callers([world.url], [Caller(world.key)], 8)

    with load.running():
        answered(load, 21)
        world.stack.restart("valkey", signal.SIGKILL)
        answered(load, 21)
    assert set(load.outcomes) == {"200"}
    until(lambda: HTTP.get(f"{world.url}/readyz").json()["checks"]["valkey"] == "ok")
    settled(world)


def test_a_gateway_killed_under_load_leaves_holds_that_are_charged(crash_world):
    world = crash_world
    other = world.stack.gateway()
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, tokens_per_second=60)
    load = Callers([world.url, other.url], [Caller(world.key)], 24)
    with load.running():
        time.sleep(1.5)
        other.kill()
        time.sleep(1)
    world.heal()
    holds = "SELECT call_id::text, instance_id FROM governance_hold"
    until(
        lambda: len({hold["instance_id"] for hold in world.execute(holds)}) == 1,
        what="the end of the living one's calls",
    )
    left = {hold["call_id"] for hold in world.execute(holds)}
    _bury(world)
    settled(world)
    on_record(world, load.answered)
    expired = world.execute("SELECT * FROM governance_auditrecord WHERE status = 'expired'")
    assert expired
    assert {str(record["call_id"]) for record in expired} <= left
    assert all(
        record["is_estimated"] and record["cost_nanos"] <= record["reserved_nanos"] for record in expired
    )


def test_long_streams_of_a_killed_gateway_are_charged_by_what_they_had_streamed(crash_world):
    world = crash_world
    other = world.stack.gateway()
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, tokens_per_second=20)
    with ExitStack() as open_streams:
        long_id, short_id = (_stream(open_streams, world, other, seconds=seconds) for seconds in (8, 1))
        other.kill()
    world.heal()
    _bury(world)
    settled(world)
    long, short = world.record(long_id), world.record(short_id)
    assert short["cost_nanos"] == short["reserved_nanos"]  # it had not come to a note
    assert (long["status"], long["is_estimated"]) == ("expired", True)
    assert 80 < long["output_tokens"] < 500  # of 3,000 that were held
    assert 0 < long["cost_nanos"] < long["reserved_nanos"] / 4


def test_what_was_held_more_for_an_answer_bounds_its_charge_when_its_gateway_dies(crash_world):
    world = crash_world
    key = world.new_key(team="Extended")
    budget = world.set_budget(team="Extended", limit_nanos=600_000_000)
    other = world.stack.gateway()  # which knows of both when it begins
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, tokens_per_second=2_000)

    def held() -> int:
        (window,) = world.execute(
            "SELECT reserved_nanos FROM governance_budgetwindow WHERE budget_id = %s", budget
        )
        return int(window["reserved_nanos"])

    with ExitStack() as open_streams:
        call_id = _stream(open_streams, world, other, seconds=0.5, key=key, tokens=60_000)
        first = held()
        until(lambda: held() > first, what="an extension of the hold")
        other.kill()
    world.heal()
    _bury(world)
    settled(world)
    record = world.record(call_id)
    assert (record["status"], record["is_estimated"]) == ("expired", True)
    assert first < record["reserved_nanos"] <= 600_000_000
    assert 0 < record["cost_nanos"] <= record["reserved_nanos"]
    assert held() == 0


def _stream(
    open_streams: ExitStack,
    world: World,
    gateway: Server,
    *,
    seconds: float,
    key: str = "",
    tokens: int = 3000,
) -> str:
    """A stream that is read for so long, and stays open then; its call."""
    body = {
        "model": MODEL, "stream": True, "max_tokens": tokens,
        "messages": [{"role": "user", "content": f"[simulate: tokens={tokens}] Go"}],
    }  # fmt: skip
    headers = {"authorization": f"Bearer {key or world.key}"}
    url = f"{gateway.url}/v1/chat/completions"
    answer = open_streams.enter_context(HTTP.stream("POST", url, json=body, headers=headers))
    lines, ends = open_streams.enter_context(closing(answer.iter_lines())), time.monotonic() + seconds
    while time.monotonic() < ends:
        next(lines)
    return str(answer.headers["x-gatehouse-call-id"])


def _bury(world: World) -> None:
    """Expires what a dead process held: its heartbeat is made old, where waiting half a minute would do the same."""
    world.execute(
        "UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 hour' WHERE id IN "
        "(SELECT instance_id FROM governance_hold)"
    )
    until(lambda: _expire(world) == 0, seconds=30, what="the end of all holds")


def _expire(world: World) -> int:
    world.execute("SELECT * FROM gatehouse_expire(5, 500)")
    return len(world.execute("SELECT 1 FROM governance_hold"))
