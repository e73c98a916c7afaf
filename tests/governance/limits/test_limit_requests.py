"""Requests for more: asked by anyone in a team, decided by who runs it, ended by themselves, all on record."""

import threading
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from governance.limits.models import Grant, LimitRequest
from governance.limits.policy.limit_requests import LimitRequestError
from governance.limits.services import limit_requests
from kernel.clock import utc_now
from tests.accounts.api_resources import API, ask
from tests.governance.limits.factories import DOLLAR
from tests.queueing import run_at_once
from tests.world import World, make_world

pytestmark = pytest.mark.django_db

PATH = f"{API}/limit-requests/"


@pytest.fixture
def world(monkeypatch) -> World:
    """Mail is sent at once: there is no worker."""
    run_at_once(monkeypatch)
    world = make_world()
    LimitRequest.objects.all().delete()
    Grant.objects.all().delete()
    return world


def request_more(world: World, who: str = "viewer", **body):
    usual = {"budget": world.mine.budget.pk, "amount": "50.00", "reason": "The launch"}
    wanted = {name: value for name, value in (usual | body).items() if value is not None}
    return ask(world.client(who), "post", PATH, wanted)


def decide(world: World, who: str, pk: int, what: str = "approve", **body):
    return ask(world.client(who), "post", f"{PATH}{pk}/{what}/", body)


def test_a_viewer_asks_and_an_owner_grants(world, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        made = request_more(world)
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["amount"]) == ("pending", "50")
    assert {message.to[0] for message in mail.outbox} == {"owner@example.com", "admin@example.com"}
    assert "The launch" in mail.outbox[0].body
    with django_capture_on_commit_callbacks(execute=True):
        answer = decide(world, "owner", made.json()["id"], amount="20.00", note="For now")
    assert (answer.status_code, answer.json()["state"], answer.json()["note"]) == (200, "approved", "For now")
    grant = Grant.objects.get()
    assert (grant.budget, grant.amount) == (world.mine.budget, 20 * DOLLAR)
    assert timedelta(days=29) < grant.ends_at - utc_now() < timedelta(days=31)
    assert mail.outbox[-1].to == ["viewer@example.com"]
    assert LogEntry.objects.filter(
        object_repr__contains="more for", change_message__contains="For now"
    ).exists()


def test_a_rate_limit_and_a_model(world):
    limit = world.mine.team.ratelimits.get()
    made = request_more(world, budget=None, rate_limit=limit.pk, amount="500")
    decide(world, "admin", made.json()["id"])
    assert Grant.objects.get(rate_limit=limit).amount == 500
    made = request_more(
        world, budget=None, amount=None, application=world.mine.application.pk, model="nova-lite"
    )
    assert made.status_code == 201, made.content
    decide(world, "admin", made.json()["id"])
    assert Grant.objects.get(application=world.mine.application).model == "nova-lite"


@pytest.mark.parametrize("who", ["viewer", "developer", "reviewer", "nobody"])
def test_who_does_not_run_the_team_does_not_decide(world, who):
    pk = request_more(world, "developer").json()["id"]
    expected = 404 if who == "nobody" else 403
    for what in ("approve", "deny"):
        assert decide(world, who, pk, what).status_code == expected
    assert not Grant.objects.exists()


def test_nobody_grants_themselves_more(world):
    pk = request_more(world, "owner").json()["id"]
    assert decide(world, "owner", pk).status_code == 403
    assert decide(world, "admin", pk).status_code == 200


def test_decided_once(world):
    pk = request_more(world).json()["id"]
    assert decide(world, "owner", pk, "deny", note="No").status_code == 200
    for what in ("approve", "deny"):
        answer = decide(world, "admin", pk, what)
        assert (answer.status_code, "denied already" in answer.json()["detail"]) == (409, True)
    assert decide(world, "viewer", pk, "withdraw").status_code == 409


def test_withdrawn_by_who_asked(world):
    pk = request_more(world).json()["id"]
    assert decide(world, "developer", pk, "withdraw").status_code == 403
    assert decide(world, "viewer", pk, "withdraw").json()["state"] == "withdrawn"


def test_a_grant_is_ended_early(world):
    decide(world, "owner", request_more(world).json()["id"])
    path = f"{API}/grants/{Grant.objects.get().pk}/revoke/"
    assert ask(world.client("developer"), "post", path, {}).status_code == 403
    assert ask(world.client("owner"), "post", path, {"note": "Launched"}).status_code == 200
    assert Grant.objects.get().revoked_at is not None
    assert Grant.objects.get().revoked_by == world.people["owner"]
    assert ask(world.client("owner"), "post", path, {"note": "Again"}).status_code == 409
    assert ask(world.client("owner"), "post", path, {}).json() == {"note": ["This field is required."]}


WRONG = {
    "nothing": {"budget": None},
    "no amount": {"amount": "0"},
    "no number": {"amount": "lots"},
    "negative": {"amount": "-5"},
    "past": {"ends_at": "2001-01-01T00:00:00Z"},
    "too far": {"ends_at": "2999-01-01T00:00:00Z"},
    "no reason": {"reason": ""},
    "a subject of none": {"subject": "ann"},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_what_nobody_can_ask_for(world, body):
    answer = request_more(world, **body)
    assert answer.status_code == 400, answer.content
    assert not LimitRequest.objects.exists()


def test_two_things_at_once(world):
    answer = request_more(world, rate_limit=world.mine.team.ratelimits.get().pk)
    assert "Choose one" in answer.json()["non_field_errors"][0]


def test_another_team_s_limits_do_not_exist(world):
    for name, pk in (("budget", world.other.budget.pk), ("rate_limit", world.other.team.ratelimits.get().pk)):
        answer = request_more(world, **{"budget": None, name: pk})
        assert (answer.status_code, "does not exist" in answer.json()[name][0]) == (400, True)


def test_more_than_asked_is_not_granted(world):
    made = request_more(world).json()
    assert decide(world, "owner", made["id"], amount="51").status_code == 409
    late = (utc_now() + timedelta(days=90)).isoformat()
    assert decide(world, "owner", made["id"], ends_at=late).status_code == 409
    assert not Grant.objects.exists()


def test_the_pages(world):
    viewer, owner = world.client("viewer"), world.client("owner")
    add = reverse("admin:governance_limitrequest_add")
    start = viewer.get(add).content.decode()
    assert f"?budget={world.mine.budget.pk}" in start
    assert "Other" not in start
    assert viewer.get(add, {"budget": world.other.budget.pk}).status_code == 404
    ask_here = f"{add}?budget={world.mine.budget.pk}"
    assert "$50.00 of $100.00" in viewer.get(ask_here).content.decode()
    form = {"amount": "50", "reason": "The launch", "until": f"{timezone.localdate() + timedelta(days=3)}"}
    for wrong, text in (
        ({"until": "2001-01-01"}, "must be in the future"),
        ({"until": "9999-12-31"}, "At most a year"),
        ({"amount": "0"}, "How much more"),
        ({"amount": "1,5"}, "not an amount"),
        ({"reason": " "}, "required"),
    ):
        assert text in viewer.post(ask_here, form | wrong).content.decode(), wrong
    assert viewer.post(ask_here, form).status_code == 302
    found = LimitRequest.objects.get()
    assert found.requested_by == world.people["viewer"]
    url = reverse("admin:governance_limitrequest_change", args=[found.pk])
    waiting = viewer.get(url).content.decode()
    assert "Approve" not in waiting
    assert "The owner" in waiting  # for whom it waits
    assert viewer.post(url, {"action": "approve"}).status_code == 403
    assert viewer.post(url, {"action": "something"}).status_code == 403
    page = owner.get(url).content.decode()
    assert "from $100.00 to $150.00" in page
    assert "Spent so far: $50.00" in page
    owner.post(url, {"action": "approve", "amount": "60"})
    owner.post(url, {"action": "approve", "until": f"{timezone.localdate() + timedelta(days=4)}"})
    assert not Grant.objects.exists()
    shorter = timezone.localdate() + timedelta(days=1)
    owner.post(url, {"action": "approve", "amount": "40", "until": f"{shorter}", "note": "Have fun"})
    found.refresh_from_db()
    assert (found.state, found.grant.amount) == ("approved", 40 * DOLLAR)
    assert timezone.localtime(found.grant.ends_at).date() == shorter + timedelta(days=1)
    assert "Have fun" in viewer.get(url).content.decode()
    assert "$50.00 of $140.00" in viewer.get(url).content.decode()
    owner.post(url, {"action": "revoke", "note": ""})
    assert Grant.objects.get().revoked_at is None
    owner.post(url, {"action": "revoke", "note": "Over already"})
    assert Grant.objects.get().revoked_at is not None
    assert "Over already" in viewer.get(url).content.decode()
    assert world.client("nobody").get(url).status_code == 404


def test_the_sidebar_counts_what_waits(world):
    request_more(world)
    page = world.client("owner").get(reverse("admin:index")).content.decode()
    assert "Requests" in page
    with_badge = page.count(">1<") + page.count("\n1\n")
    assert with_badge or " 1 " in page


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does(world):
    request = LimitRequest.objects.get(pk=request_more(world).json()["id"])
    outcomes, barrier = [], threading.Barrier(2)

    def one(who: str) -> None:
        mine = LimitRequest.objects.get(pk=request.pk)
        barrier.wait()
        try:
            limit_requests.approve(mine, by=world.people[who], now=utc_now())
            outcomes.append("granted")
        except LimitRequestError as error:
            outcomes.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(who,)) for who in ("owner", "admin")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[1] == "granted"
    assert Grant.objects.count() == 1
