"""Whatever a background task of a process raises, it goes on; only who stops it ends it."""

import asyncio

import psycopg
import psycopg_pool
import pytest
import redis

from kernel.upkeep import Kept, Upkeep, keep_thread

ERRORS = [
    Exception, BaseException, GeneratorExit, psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.AdminShutdown, psycopg.errors.DiskFull,
    psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed, redis.ConnectionError,
    redis.ResponseError, redis.TimeoutError, asyncio.CancelledError, asyncio.InvalidStateError, TimeoutError, OSError, KeyError, RecursionError, MemoryError,
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "error"), [("every", error) for error in ERRORS] + [("endless", error) for error in ERRORS[::5]]
)
async def test_nothing_ends_it(error, kind):
    upkeep, done, raised = Upkeep(), asyncio.Event(), []

    async def work(kept: Kept | None = None) -> None:
        if len(raised) < 2:
            raised.append(error)
            raise error()
        done.set()
        if kept is not None:
            kept.went_round()
            await asyncio.Event().wait()

    if kind == "every":
        kept = upkeep.every(0.01, "The work", work, deadline=5)
    else:
        kept = upkeep.endless("The work", work, late_after=5, retry=0.01)
    async with asyncio.timeout(20):
        await done.wait()
        while not kept.rounds:  # noqa: ASYNC110 - seen from without
            await asyncio.sleep(0.01)
    assert kept.failures == 2
    assert kept.error == ""
    await upkeep.stop()
    assert len(asyncio.all_tasks()) == 1


async def test_what_hangs_is_cut_at_its_deadline_and_said_to_be_late():
    upkeep, begun = Upkeep(), 0

    async def hang() -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    kept = upkeep.every(0.01, "The work", hang, deadline=0.05)
    async with asyncio.timeout(20):
        while begun < 2 or not upkeep.late():  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
    assert kept.error == "TimeoutError"
    assert list(upkeep.late()) == ["The work"]
    await upkeep.stop()


async def test_who_stops_it_ends_it():
    upkeep, rounds = Upkeep(), 0

    async def work() -> None:
        nonlocal rounds
        rounds += 1

    upkeep.every(0.001, "One", work, deadline=1)
    upkeep.every(0.001, "Other", work, deadline=1)
    await asyncio.sleep(0.1)
    await upkeep.stop("One")
    assert rounds
    assert {task.get_name() for task in asyncio.all_tasks()} >= {"Other"}
    await upkeep.stop()
    before = rounds
    await asyncio.sleep(0.05)
    assert rounds == before


async def test_the_same_failure_is_told_once(caplog):
    kept = Kept("The work", 1)
    for _ in range(5):
        kept.failed(OSError("gone"))
    kept.failed(ValueError("wrong"))
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert kept.failures == 6


@pytest.mark.parametrize("error", ERRORS)
async def test_what_comes_and_goes_is_gone_on_with_until_it_is_done(error):
    upkeep, tries = Upkeep(), 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise error()

    upkeep.until_done("The line", work, retry=0.01)
    upkeep.until_done("The line", work, retry=0.01)  # another of the same name
    async with asyncio.timeout(20):
        while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - seen from without
            await asyncio.sleep(0.01)
    assert (tries, upkeep.kept["The line"].failures) == (4, 2)
    assert not upkeep.late()


@pytest.mark.parametrize("error", ERRORS[::3])
def test_a_thread_goes_on_until_it_returns(error):
    tries = []

    def work() -> None:
        tries.append(error)
        if len(tries) < 3:
            raise error()

    keep_thread("the thread", work, retry=0.01).join(20)
    assert len(tries) == 3
