"""Who reads a replica, and what of it: nothing where there is none, and the primary where it fails."""

from types import SimpleNamespace

import psycopg
import pytest

from accounts.models import Team
from config.replica_router import ReplicaRouter
from governance.privacy.models import PrivacyPolicy
from governance.records.models import AuditRecord
from governance.usage.models import UsageDay
from kernel import replica
from kernel.replica import ALIAS, WROTE_COOKIE, may_be_stale


class Near:
    """A replica whose nearness is what a test says."""

    def __init__(self, is_near: bool) -> None:
        self.near, self.lost = is_near, []

    def is_near(self) -> bool:
        return self.near

    def lose(self, error: BaseException) -> None:
        self.lost.append(error)


def request(method: str = "GET", **cookies: str) -> SimpleNamespace:
    return SimpleNamespace(method=method, COOKIES=cookies)


@may_be_stale
def where(asked) -> list[str | None]:
    router = ReplicaRouter()
    return [router.db_for_read(model) for model in (AuditRecord, UsageDay, Team, PrivacyPolicy)]


@pytest.fixture
def near(settings, monkeypatch):
    settings.REPLICA_DATABASE_URL = "postgres://replica.test/gatehouse"
    found = Near(True)
    monkeypatch.setattr(replica, "nearness", lambda: found)
    return found


def test_records_and_usage_are_read_there_and_nothing_that_decides(near):
    assert where(request()) == [ALIAS, ALIAS, None, None]
    assert ReplicaRouter().db_for_read(AuditRecord) is None  # not by others


@pytest.mark.parametrize(
    "asked",
    [request("POST"), request("PATCH"), request(**{WROTE_COOKIE: "1"})],
    ids=["post", "patch", "wrote"],
)
def test_whoever_writes_or_has_just_written_reads_the_primary(near, asked):
    assert where(asked) == [None] * 4


def test_without_one_or_with_one_that_is_behind_the_primary_is_read(near, settings):
    near.near = False
    assert where(request()) == [None] * 4
    near.near, settings.REPLICA_DATABASE_URL = True, ""
    assert where(request()) == [None] * 4


def test_what_fails_there_is_asked_again_of_the_primary_and_a_bug_is_not(near):
    asked = []

    @may_be_stale
    def fails(it, error):
        asked.append(replica.is_reading())
        if replica.is_reading():
            raise error
        return "answered"

    assert fails(request(), psycopg.errors.SerializationFailure()) == "answered"
    assert (asked, len(near.lost)) == ([True, False], 1)
    with pytest.raises(KeyError):
        fails(request(), KeyError())
    assert len(near.lost) == 1


def test_a_row_from_there_is_written_to_the_primary_and_goes_with_rows_of_it():
    row, team = AuditRecord(), Team()
    row._state.db, team._state.db = ALIAS, "default"
    router = ReplicaRouter()
    assert router.db_for_write(AuditRecord, instance=row) == "default"
    assert router.db_for_write(Team, instance=team) is None
    assert router.allow_relation(row, team)
    assert router.allow_migrate(ALIAS, "governance") is False
