"""The tables that tell gateways to make their snapshot anew are those that it is made of."""

import re

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.snapshot.build import build_snapshot
from gateway.snapshot.keeper import CHANNEL
from gateway.snapshot.tables import TABLES, Watched
from prompts.rollout.models import Experiment
from tests.governance.limits.test_ledger import conninfo
from tests.world import make_world

_OTHERS = {
    # Read along with what changes when it does.
    "governance_privacypolicyversion": "a policy names the version that is in force",
    "prompts_arm": "an experiment's arms are made before it starts, which changes its state",
}


@pytest.fixture
def world(db):
    """Rows in every table that a build reads: where one is empty, what it leads to is not asked for."""
    made = make_world()
    Experiment.objects.update(state="running")
    return made


def read_by_a_build() -> set[str]:
    with CaptureQueriesContext(connection) as queries:
        build_snapshot()
    return {name for each in queries for name in re.findall(r'(?:FROM|JOIN) "(\w+)"', each["sql"])}


def test_they_are_what_a_build_reads(world):
    found = read_by_a_build()
    assert _OTHERS.keys() <= found
    assert found - _OTHERS.keys() == {watched.table for watched in TABLES}


@pytest.mark.parametrize("watched", TABLES, ids=lambda watched: watched.table)
def test_each_tells(watched: Watched, django_db_setup, django_db_blocker):
    """Whoever changes it, by whatever means: nothing of Django's is asked."""
    with django_db_blocker.unblock(), psycopg.connect(conninfo(), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with psycopg.connect(conninfo(), autocommit=True) as writer:
            column = watched.columns[0] if watched.columns else "id"
            writer.execute(f"UPDATE {watched.table} SET {column} = {column} WHERE false")
        told = [notice.payload for notice in listener.notifies(timeout=10, stop_after=1)]
    assert told == [watched.table]
