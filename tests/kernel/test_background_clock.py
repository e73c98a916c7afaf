"""Celery goes by Postgres' time: its schedule, and what of its tasks is too late."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from config.celery import app
from governance.limits.tasks import pulse
from kernel import clock
from kernel.background_clock import Request, Scheduler

DAYS = timedelta(days=2)


class Collecting(Scheduler):
    """Notes what it would send."""

    producer = None

    def apply_async(self, entry, producer=None, advance=True, **kwargs):
        self.sent.append(entry.name)


@pytest.fixture
def beat(tmp_path):
    scheduler = Collecting(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    scheduler.sent = []
    scheduler.setup_schedule()
    yield scheduler
    scheduler.close()


@pytest.fixture
def postgres_at(monkeypatch):
    """Sets Postgres' clock, as this process knows it, apart from its host's."""

    def go(ahead: timedelta):
        monkeypatch.setattr(clock, "_anchor", None)
        clock.follow(clock.host_now() + ahead, asked_at=clock.perf_counter())

    monkeypatch.setattr(clock, "_anchor", None)
    return go


def all_due(scheduler) -> set[str]:
    """What it sends until there is nothing that is due."""
    while scheduler.tick() == 0:
        pass
    return set(scheduler.sent)


def by_seconds(scheduler) -> dict:
    return {name: each for name, each in scheduler.schedule.items() if hasattr(each.schedule, "run_every")}


def test_a_schedule_that_ran_in_the_future_goes_on(beat):
    for entry in beat.schedule.values():
        entry.last_run_at += DAYS
    all_due(beat)
    for entry in by_seconds(beat).values():
        assert entry.last_run_at <= app.now()
    for entry in by_seconds(beat).values():
        entry.last_run_at -= entry.schedule.run_every
    beat._heap = None
    assert all_due(beat) == set(by_seconds(beat))


def test_entries_of_a_beat_that_runs_go_by_postgres(beat, postgres_at):
    all_due(beat)
    postgres_at(DAYS)
    assert all_due(beat) >= set(by_seconds(beat))
    postgres_at(-DAYS)
    beat.sent.clear()
    all_due(beat)
    assert all(entry.last_run_at <= app.now() for entry in beat.schedule.values())


def message(**headers) -> Request:
    told = {
        "id": "1",
        "task": pulse.name,
        "root_id": None,
        "parent_id": None,
        "argsrepr": "",
        "kwargsrepr": "",
    }
    body = (["ledger"], {}, {})
    sent = SimpleNamespace(
        headers=told | headers, body=body, delivery_info={}, properties={}, content_type=None,
        content_encoding=None, payload=body,
    )  # fmt: skip
    return Request(sent, app=app, task=pulse, decoded=True, headers=told | headers, body=body, utc=True)


@pytest.mark.parametrize("ahead", [-DAYS, timedelta(0), DAYS], ids=["host-ahead", "same", "host-behind"])
def test_tasks_are_late_by_postgres(ahead, postgres_at):
    postgres_at(ahead)
    soon, just = clock.utc_now() + timedelta(seconds=10), clock.utc_now() - timedelta(seconds=1)
    assert not message(expires=soon.isoformat()).maybe_expire()
    assert message(expires=just.isoformat()).maybe_expire()


@pytest.mark.parametrize("ahead", [-DAYS, timedelta(0), DAYS], ids=["host-ahead", "same", "host-behind"])
def test_tasks_wait_as_long_as_was_said_on_any_host(ahead, postgres_at):
    postgres_at(ahead)
    eta = message(eta=(clock.utc_now() + timedelta(seconds=30)).isoformat()).eta
    assert abs((eta - clock.host_now()).total_seconds() - 30) < 5
    assert message().eta is None
