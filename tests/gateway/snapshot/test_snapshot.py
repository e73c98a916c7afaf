"""The snapshot under change: one moment of the database, and kept fresh whatever happens."""

import asyncio
import logging
import threading
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Team
from gateway.snapshot import keeper as keepers
from gateway.snapshot.build import build_snapshot
from gateway.snapshot.keeper import SnapshotKeeper
from gateway.snapshot.limits import SnapshotLimits
from gateway.snapshot.state import Snapshot
from kernel.upkeep import Upkeep
from tests.accounts.factories import make_application, make_key, make_team
from tests.governance.limits.test_ledger import conninfo

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def kept():
    upkeep = Upkeep()
    keeper = SnapshotKeeper(url=conninfo(), poll_seconds=30.0)
    keeper.upkeep = upkeep
    yield keeper
    await upkeep.stop()
    await keeper.stop()


def new_team(name: str) -> None:
    team = make_team(name)
    make_key(make_application(team, "app"), "key")


def elsewhere(function: Any, *arguments: Any) -> None:
    """On a connection of its own, committed when this returns."""

    def run() -> None:
        try:
            function(*arguments)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


async def test_a_team_that_comes_between_two_queries(kept, monkeypatch):
    class Between(SnapshotLimits):
        def __init__(self) -> None:  # teams have been read, keys have not
            elsewhere(new_team, "In between")
            super().__init__()

    monkeypatch.setattr("gateway.snapshot.build.SnapshotLimits", Between)
    await kept.refresh()
    assert kept.current.keys == {}
    monkeypatch.undo()
    await kept.refresh()
    assert [key.team.name for key in kept.current.keys.values()] == ["In between"]


async def test_it_gives_way_to_who_alters_tables(kept, monkeypatch):
    errors: list[Exception] = []
    has_locked = threading.Event()

    def alter() -> None:
        """Wants the tables in another order than a snapshot reads them, as a migration may."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK TABLE governance_budget")
                has_locked.set()
                cursor.execute("LOCK TABLE accounts_team")
        except Exception as error:
            errors.append(error)
        finally:
            has_locked.set()
            connection.close()

    class Between(SnapshotLimits):
        def __init__(self) -> None:  # teams have been read, budgets have not
            altering.start()
            has_locked.wait()
            super().__init__()

    altering = threading.Thread(target=alter)
    monkeypatch.setattr("gateway.snapshot.build.SnapshotLimits", Between)
    with pytest.raises(OperationalError, match="lock timeout"):
        await kept.refresh()
    await asyncio.to_thread(altering.join)
    assert errors == []
    monkeypatch.undo()
    await kept.refresh()


async def test_a_build_that_fails_is_tried_again(kept, monkeypatch, caplog):
    await kept.start(kept.upkeep)
    failed = threading.Event()

    def build() -> Snapshot:
        if failed.is_set():
            return build_snapshot()
        failed.set()
        raise KeyError("something nobody thought of")

    monkeypatch.setattr(keepers, "build_snapshot", build)
    async with asyncio.timeout(20):
        while not kept.current.keys:
            if failed.is_set() and not kept.current.keys:
                await asyncio.to_thread(elsewhere, _team_once)
            await asyncio.sleep(0.1)
    assert "the snapshot failed" in caplog.text
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)


async def test_what_a_failed_build_was_for_is_not_left_to_the_poll(kept, monkeypatch):
    """As where a restart of Postgres ends the listening first, and the build after it."""
    await asyncio.to_thread(elsewhere, make_team, "Before")
    await kept.start(kept.upkeep)
    async with asyncio.timeout(20):
        while kept.age:  # noqa: ASYNC110 - what changed while nobody listened; it has no event
            await asyncio.sleep(0.05)
    before, failures = kept.current, iter([OperationalError("terminating connection")])

    def build() -> Snapshot:
        for error in failures:
            raise error
        return build_snapshot()

    monkeypatch.setattr(keepers, "build_snapshot", build)
    await asyncio.to_thread(elsewhere, lambda: Team.objects.update(name="After"))
    async with asyncio.timeout(15):
        while kept.current is before:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _team_once() -> None:
    if not Team.objects.exists():
        new_team("After the failure")
