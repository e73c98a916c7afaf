"""Celery's tasks: an outage is waited for, and a fault of our own is not."""

import asyncio

import psycopg
import pytest
import redis
from django.db import IntegrityError, OperationalError

from gateway.metrics.bugs import BugWatch
from governance.limits.services.rate_limiter import RateLimiter
from kernel import bugs
from kernel.background import app
from tests.services import until

pytestmark = pytest.mark.django_db


def outage(cause: type[Exception]) -> OperationalError:
    error = OperationalError("as told")
    error.__cause__ = cause("as told")
    return error


@pytest.mark.parametrize(
    ("error", "times"),
    [
        (outage(psycopg.OperationalError), 3), (outage(psycopg.errors.ReadOnlySqlTransaction), 3), (outage(psycopg.errors.DiskFull), 3),
        (outage(psycopg.errors.DeadlockDetected), 3), (redis.ConnectionError(), 3), (OSError(), 3), (KeyError(), 1), (IntegrityError(), 1),
        (outage(psycopg.DataError), 1),
    ],
)  # fmt: skip
def test_what_is_away_is_waited_for(error, times):
    tries = []

    @app.task(name=f"tests.{type(error).__name__}.{id(error)}")
    def work() -> str:
        tries.append(error)
        if len(tries) < 3:
            raise error
        return "done"

    found = work.apply()
    del app.tasks[work.name]
    assert len(tries) == times
    assert found.successful() == (times == 3)


def test_an_outage_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr("kernel.background._MAX_RETRIES", 2)
    tries = []

    @app.task(name="tests.endless")
    def work() -> None:
        tries.append(1)
        raise OSError

    assert isinstance(work.apply().result, OSError)
    del app.tasks[work.name]
    assert len(tries) == 3


def test_a_task_does_not_begin_before_it_is_known_what_time_it_is(monkeypatch):
    asked = []

    def ask() -> None:
        asked.append(1)
        if len(asked) < 3:
            raise outage(psycopg.OperationalError)

    monkeypatch.setattr("kernel.background.follow_postgres", ask)

    @app.task(name="tests.by_postgres")
    def work() -> int:
        return len(asked)

    assert work.apply().get() == 3
    del app.tasks[work.name]


def test_a_fault_is_written_though_the_writer_was_about_to_give_up(redis_url, settings, monkeypatch):
    monkeypatch.setattr("kernel.bugs._TRIES", 1)
    monkeypatch.setattr("kernel.bugs._PAUSE_SECONDS", 0.5)
    waiting, client = bugs._Waiting(), redis.from_url(redis_url)
    client.delete(bugs.COUNTS)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    waiting.add("while.away")
    until(lambda: waiting._tries_left == 0 and waiting._counts, what="the last try")
    settings.REDIS_URL = redis_url
    waiting.add("since.then")  # its writer sleeps after the last try
    until(lambda: set(client.hgetall(bugs.COUNTS)) >= {b"while.away", b"since.then"}, what="the counts")
    client.close()


def test_every_process_knows_of_the_faults_of_all(redis_url, settings):
    settings.REDIS_URL = redis_url
    client = redis.from_url(redis_url)
    client.delete(bugs.COUNTS, bugs.LAST)
    for where in ("some.task", "some.task", "gateway.served"):
        bugs._waiting.add(where)
    found: dict[bytes, bytes] = {}

    def are_there() -> bool:
        found.update(client.hgetall(bugs.COUNTS))
        return (found.get(b"some.task"), found.get(b"gateway.served")) == (b"2", b"1")

    until(are_there, what="the counts")
    client.close()

    async def look() -> BugWatch:
        limiter = RateLimiter(redis_url, members=lambda: (0, 1))
        watch = BugWatch(limiter)
        await watch.look(5)
        await limiter.stop()
        return watch

    watch = asyncio.run(look())
    assert (watch.counts["some.task"], watch.counts["gateway.served"]) == (2, 1)
    assert "gateway.served" in watch.told
