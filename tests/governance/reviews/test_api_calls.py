"""Calls through the management API: found by index, page by page without counting, content by capability."""

from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.demo.calls import call_id_at
from kernel.clock import utc_now
from tests.accounts.api_resources import API, ids
from tests.governance.records.factories import make_call
from tests.world import SECRET_WORDS

pytestmark = pytest.mark.django_db
CALLS = f"{API}/calls/"


@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_pages_follow_one_another_without_counting(world, who):
    made = [make_call(world.mine.team, world.mine.application) for _ in range(7)]
    expected = [str(call.pk) for call in reversed([world.mine.call, *made])]
    client, found, url = world.client(who), [], f"{CALLS}?page_size=3&team={world.mine.team.pk}"
    client.get(CALLS)
    with CaptureQueriesContext(connection) as queries:
        while url:
            page = client.get(url).json()
            assert len(page["results"]) <= 3
            found += [row["call_id"] for row in page["results"]]
            url = page["next"]
    assert found == expected
    assert "count" not in page
    assert not [each["sql"] for each in queries if "COUNT(" in each["sql"]]
    assert len(queries) == 4 * 3  # session, sign-in, person, page


@pytest.mark.parametrize(
    "cursor", ["x", "cD14", "cD0wMTk5", "bz0tMQ%3D%3D", "cD1hYmM%3D", "%00", "\u00e9", "cD0wMDAwAA=="]
)
@pytest.mark.parametrize("resource", ["calls", "teams"])
def test_a_made_up_cursor_is_refused(world, resource, cursor):
    answer = world.client("owner").get(f"{API}/{resource}/?cursor={cursor}")
    assert answer.status_code in {200, 404}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?model=amazon.nova-pro-v1:0", ["pro"]),
        ("?status=failed", ["failed"]),
        ("?status=succeeded&model=amazon.nova-pro-v1:0", ["pro"]),
        ("?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z", ["failed"]),
        ("?to=2026-03-02T00:00:00Z", ["pro"]),
    ],
)
def test_filters(world, query, expected):
    days = {"pro": 1, "failed": 2}
    fields = {"pro": {"model": "amazon.nova-pro-v1:0"}, "failed": {"status": "failed", "http_status": 502}}
    random, calls = Random(1), {}
    for name, day in days.items():
        moment = datetime(2026, 3, day, 12, tzinfo=UTC)
        pk = call_id_at(moment, random)
        calls[str(pk)] = name
        make_call(world.mine.team, world.mine.application, call_id=pk, started_at=moment, **fields[name])
    assert [calls.get(pk, "now") for pk in ids(world.client("viewer"), "calls", query)] == expected


def test_filters_by_team_and_application(world):
    client, mine, other = world.client("superuser"), world.mine, world.other
    assert ids(client, "calls", f"?team={mine.team.pk}") == [str(mine.call.pk)]
    assert ids(client, "calls", f"?application={other.application.pk}") == [str(other.call.pk)]
    since = quote((utc_now() + timedelta(hours=1)).isoformat())
    assert ids(client, "calls", f"?from={since}") == []


@pytest.mark.parametrize(
    "query",
    ["team=x", "team=-1", f"application={10**30}", "status=fine", "from=yesterday", "model=%00", "to=0"],
)
def test_a_filter_that_cannot_be_is_named(world, query):
    answer = world.client("viewer").get(f"{CALLS}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == [query.split("=")[0]]


@pytest.mark.parametrize(
    ("who", "may_read"),
    [("superuser", True), ("owner", True), ("developer", True), ("reviewer", True), ("viewer", False)],
)
def test_content_is_for_those_who_may_read_it(world, who, may_read):
    client = world.client(who)
    answer = client.get(f"{CALLS}{world.mine.call.pk}/")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    call = answer.json()
    assert (SECRET_WORDS in answer.content.decode()) == may_read
    assert (call["content"] is not None) == may_read
    assert (call["cost_usd"], call["reserved_usd"]) == ("0.0015", "0")
    assert call["stages"][0] == ["authenticate", 0.02, "ok"]
    assert (call["team"], call["api_key"]) == (world.mine.team.pk, world.mine.api_key.pk)
    listed = client.get(CALLS)
    assert SECRET_WORDS not in listed.content.decode()
    assert "content" not in listed.json()["results"][0]


@pytest.mark.parametrize("pk", ["x", "1", "00000000-0000-0000-0000-000000000000", "%00"])
def test_a_call_that_is_not_there(world, pk):
    assert world.client("superuser").get(f"{CALLS}{pk}/").status_code == 404
