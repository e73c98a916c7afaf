"""The list of calls and a call's page: quick without counting, and content for those who may read it."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gateway.demo.calls import call_id_at
from governance.records.models import AuditRecord
from governance.records.selectors.calls import first_id_at, ids_beginning_with, models_called
from governance.reviews.admin.check_lines import check_lines
from kernel.clock import utc_now
from tests.call_ids import time_of
from tests.governance.records.factories import make_call
from tests.world import SECRET_WORDS

pytestmark = pytest.mark.django_db
LIST = "/admin/governance/auditrecord/"


def ids_on(answer) -> list:
    return [call.pk for call in answer.context["cl"].result_list]


def page_of(call) -> str:
    return reverse("admin:governance_auditrecord_change", args=[call.pk])


@pytest.mark.parametrize("who", ["superuser", "viewer"])
@pytest.mark.parametrize(
    "query", ["", "?status=failed", "?q=0", "?started_at_from=2026-01-01", "?_facets=True"]
)
def test_a_page_of_the_list_counts_nothing(world, who, query):
    client = world.client(who)
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(LIST + query).status_code == 200
    assert len(queries) <= 11  # a search asks once whether it is for an id
    assert not [each["sql"] for each in queries if "COUNT(" in each["sql"] and "auditrecord" in each["sql"]]
    lists = [each["sql"] for each in queries if 'FROM "governance_auditrecord"' in each["sql"]]
    assert lists
    assert all("LIMIT" in sql for sql in lists)


def test_the_number_of_queries_does_not_grow_with_the_rows(world, django_assert_num_queries):
    client = world.client("viewer")
    with CaptureQueriesContext(connection) as before:
        client.get(LIST)
    for _ in range(30):
        make_call(world.mine.team, world.mine.application)
    with django_assert_num_queries(len(before)):
        client.get(LIST)


def test_pages_lead_on_and_back(world):
    AuditRecord.objects.all().delete()
    calls = [make_call(world.mine.team, world.mine.application).pk for _ in range(120)]
    newest_first = sorted(calls, reverse=True)
    client = world.client("viewer")
    first = client.get(LIST)
    assert ids_on(first) == newest_first[:50]
    assert first.context["cl"].newer_url == ""
    second = client.get(LIST + first.context["cl"].older_url)
    assert ids_on(second) == newest_first[50:100]
    third = client.get(LIST + second.context["cl"].older_url)
    assert ids_on(third) == newest_first[100:]
    assert third.context["cl"].older_url == ""
    assert ids_on(client.get(LIST + third.context["cl"].newer_url)) == newest_first[50:100]
    assert ids_on(client.get(LIST + second.context["cl"].newer_url)) == newest_first[:50]


def test_paging_keeps_filters(world):
    for _ in range(60):
        make_call(world.mine.team, world.mine.application, status="failed", http_status=502)
    client = world.client("viewer")
    first = client.get(LIST + "?status=failed")
    assert "status=failed" in first.context["cl"].older_url
    second = client.get(LIST + first.context["cl"].older_url)
    assert len(ids_on(second)) == 10


def test_filters_find(world):
    mine, other = world.mine, world.other
    failed = make_call(mine.team, mine.application, status="failed", model="meta.llama")
    client = world.client("superuser")
    assert ids_on(client.get(LIST, {"team": other.team.pk})) == [other.call.pk]
    assert ids_on(client.get(LIST, {"application": other.application.pk})) == [other.call.pk]
    assert ids_on(client.get(LIST, {"model": "meta.llama"})) == [failed.pk]
    assert ids_on(client.get(LIST, {"status": "failed"})) == [failed.pk]
    assert ids_on(client.get(LIST, {"status": "not_succeeded"})) == [failed.pk]
    assert len(ids_on(client.get(LIST))) == 3


def test_days_include_their_ends(world):
    AuditRecord.objects.all().delete()
    random = Random(1)
    moments = [datetime(2026, 3, day, hour, tzinfo=UTC) for day in (1, 2, 3) for hour in (0, 23)]
    ids = [
        make_call(world.mine.team, None, call_id=call_id_at(each, random), started_at=each).pk
        for each in moments
    ]
    answer = world.client("viewer").get(
        LIST, {"started_at_from": "2026-03-02", "started_at_to": "2026-03-02"}
    )
    assert sorted(ids_on(answer)) == sorted(ids[2:4])


@pytest.mark.parametrize(
    "query",
    [
        {"started_at_from": "yesterday"}, {"started_at_from": "2026-02-31"}, {"started_at_to": "9999-12-31"},
        {"team": "x"}, {"team": "9" * 40}, {"team": "²"}, {"before": "not-an-id"}, {"q": "%"}, {"status": "'"},
        {"p": "9999"}, {"o": "1.2"}, {"all": ""}, {"team": ["1", "2"]},
    ],
)  # fmt: skip
def test_odd_queries_do_no_harm(world, query):
    assert world.client("viewer").get(LIST, query, follow=True).status_code == 200


def test_search_by_an_id_or_its_beginning(world):
    text = str(world.mine.call.pk)
    client = world.client("viewer")
    for term in (text, text.replace("-", ""), text[:20], text.upper()):
        assert world.mine.call.pk in ids_on(client.get(LIST, {"q": term}))
    assert ids_on(client.get(LIST, {"q": str(world.other.call.pk)})) == []
    assert ids_on(client.get(LIST, {"q": str(uuid4())})) == []
    assert ids_on(client.get(LIST, {"q": "hello"})) == []


@pytest.mark.parametrize("role", ["owner", "admin", "developer", "reviewer", "superuser"])
def test_who_may_read_content_reads_it(world, role):
    page = world.client(role).get(page_of(world.mine.call)).content.decode()
    assert SECRET_WORDS in page
    assert '<span class="gh-placeholder">&lt;EMAIL_ADDRESS_3f2a9c&gt;</span>' in page


def test_viewers_see_figures_only(world):
    answer = world.client("viewer").get(page_of(world.mine.call))
    page = answer.content.decode()
    assert SECRET_WORDS not in page
    assert "EMAIL_ADDRESS_3f2a9c" not in page
    assert "840 ms" in page
    assert "us-east-1" in page
    assert "no-store" in answer.headers["Cache-Control"]


def test_what_callers_send_is_shown_as_text(world):
    call = make_call(
        world.mine.team, None, requested_model="<script>x</script>", route="", message="<b>", code="c"
    )
    page = world.client("viewer").get(page_of(call)).content.decode()
    assert "<script>x" not in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    "stages",
    [[], {}, [["a"]], [["a", "b", "c"]], [[1, None, "ok"]], [["invoke", 0, "ok"]], [["x", -5, "bad"]]],
)
def test_a_page_bears_odd_stages(world, stages):
    call = make_call(None, None, stages=stages, status="refused", code="invalid_api_key", http_status=401)
    assert world.client("superuser").get(page_of(call)).status_code == 200
    assert world.client("owner").get(page_of(call)).status_code == 404


def test_a_page_bears_what_its_record_names_and_is_gone(world):
    """A record outlives the key it was made with, which the API deletes with its application."""
    call = make_call(world.mine.team, world.mine.application, api_key=world.mine.api_key)
    world.mine.api_key.delete()
    for who in ("viewer", "superuser"):
        answer = world.client(who).get(page_of(call))
        assert answer.status_code == 200
        assert "(deleted)" in answer.content.decode()
        assert world.client(who).get(LIST).status_code == 200


def test_ids_and_times_agree():
    now = utc_now()
    least = first_id_at(now)
    assert abs(time_of(least) - now) < timedelta(milliseconds=2)
    assert call_id_at(now, Random(3)) >= least
    assert call_id_at(now - timedelta(seconds=1), Random(3)) < least
    bounds = ids_beginning_with("01a1-FC")
    assert bounds is not None
    assert str(bounds[0]).startswith("01a1fc00")
    assert str(bounds[1]).startswith("01a1fcff")
    assert ids_beginning_with("xyz") is None
    assert ids_beginning_with("") is None


def test_models_are_found_one_by_one(world):
    make_call(None, None, model="")
    make_call(None, None, model="meta.llama")
    assert models_called() == ["amazon.nova-lite-v1:0", "meta.llama"]


def test_an_answer_that_was_dropped_is_told_with_what_it_cost():
    dropped = {"kind": "CREDIT_CARD", "model": "amazon.nova-lite-v1:0", "cost_nanos": 1_800_000}
    assert check_lines({}, {"violation": dropped}) == [
        (
            "Another model was asked",
            "the answer of amazon.nova-lite-v1:0 was dropped because of Payment card; it cost $0.001800",
        )
    ]


def test_an_answer_that_was_told_again_names_its_call():
    assert check_lines({}, {"replayed": "0192"}) == [
        ("Told again", "the answer of call 0192, by its idempotency key")
    ]
