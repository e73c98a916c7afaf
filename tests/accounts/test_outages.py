"""While Postgres or Valkey can't, pages and the management API answer 503, say what is wrong, and log no traceback."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import kombu.exceptions
import psycopg
import pytest
from django.db import DatabaseError, InternalError, OperationalError, ProgrammingError, connection
from django.test import Client

from kernel.bugs import BugHandler
from tests.world import World

pytestmark = pytest.mark.django_db
OUTAGES = [
    (InternalError, psycopg.errors.ReadOnlySqlTransaction, "takes no writes"), (OperationalError, psycopg.errors.DiskFull, "no disk space"),
    (OperationalError, psycopg.errors.TooManyConnections, "no connection free"), (OperationalError, psycopg.OperationalError, "can't be reached"),
    (ProgrammingError, psycopg.errors.InsufficientPrivilege, "lost a privilege"), (OperationalError, psycopg.errors.QueryCanceled, "too long"),
    (OperationalError, psycopg.errors.DeadlockDetected, "twice at once"), (OperationalError, psycopg.errors.AdminShutdown, "can't be reached"),
]  # fmt: skip


@contextmanager
def failing(django: type[DatabaseError], cause: type[Exception], *, at: str = "") -> Iterator[None]:
    """Every statement fails, or those with some words in them."""

    def fail(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if at in sql:
            raise django("as told") from cause("as told")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield


def asking(world: World) -> Client:
    client = world.client("superuser")
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(
    ("django", "cause", "words"), OUTAGES, ids=lambda value: getattr(value, "__name__", "")
)
@pytest.mark.parametrize("at", ["", "accounts_team"])
def test_who_asks_is_told_what_is_away(world, caplog, django, cause, words, at):
    """In a view, and before one: a session can't be read."""
    client = asking(world)
    with failing(django, cause, at=at):
        page, answer = client.get("/admin/accounts/team/"), client.get("/api/v1/teams/")
    assert (page.status_code, answer.status_code) == (503, 503)
    assert words in unescape(page.content.decode())
    assert words in answer.json()["detail"]
    assert answer.json()["code"] == "unavailable"
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("at", ["", "accounts_team"])
def test_a_fault_of_our_own_is_told_as_one_and_logged_with_its_traceback(world, caplog, at):
    client = asking(world)
    with failing(ProgrammingError, psycopg.errors.UndefinedColumn, at=at):
        page, answer = client.get("/admin/accounts/team/"), client.get("/api/v1/teams/")
    assert (page.status_code, answer.status_code) == (500, 500)
    assert answer.json()["code"] == "internal_error"
    assert len([record for record in caplog.records if record.exc_info]) >= 2


def test_a_queue_that_is_away_is_told_too(world, monkeypatch):
    client = asking(world)
    with failing(OperationalError, kombu.exceptions.OperationalError, at="accounts_team"):
        page = client.get("/admin/accounts/team/")
    assert page.status_code == 503
    assert "Valkey can't be reached" in unescape(page.content.decode())


def test_it_is_counted_by_where(monkeypatch):
    seen: list[str] = []
    monkeypatch.setattr("kernel.bugs._waiting.add", seen.append)
    handler, logger = BugHandler(), logging.getLogger("tests.bugs")
    logger.addHandler(handler)
    logger.propagate = False  # the root has one, too
    try:
        for error in (KeyError(), psycopg.OperationalError(), ValueError()):
            logger.error("as told", exc_info=error)
        logger.error("no traceback")
        logger.warning("no error", exc_info=KeyError())
        logger.error("of Celery", exc_info=KeyError(), extra={"data": {"name": "the.task"}})
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    assert seen == ["tests.bugs", "tests.bugs", "the.task"]
