"""Requests beyond one's own team and for one value of many; their end; and the queue their mail goes to."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from governance import tasks
from governance.limits.models import Budget, Grant, LimitRequest
from governance.limits.policy.limit_requests import LimitRequestError
from governance.limits.services import limit_requests
from kernel.clock import utc_now
from tests.accounts.api_resources import API, ask
from tests.accounts.factories import make_application, make_member
from tests.governance.limits.factories import DOLLAR, make_budget, make_rate_limit
from tests.queueing import run_at_once
from tests.services import ROOT
from tests.world import World

pytestmark = pytest.mark.django_db
PATH = f"{API}/limit-requests/"
ADD = "admin:governance_limitrequest_add"


@pytest.fixture
def world(world: World, monkeypatch) -> World:
    """Mail is sent at once: there is no worker."""
    run_at_once(monkeypatch)
    LimitRequest.objects.all().delete()
    Grant.objects.all().delete()
    return world


@pytest.fixture
def everything(world) -> Budget:
    return make_budget(name="Everything", limit_nanos=500 * DOLLAR)


def request_more(world: World, who: str = "viewer", **body):
    return ask(world.client(who), "post", PATH, {"amount": "5", "reason": "Needed"} | body)


def decide(world: World, who: str, pk: int, what: str = "approve", **body):
    return ask(world.client(who), "post", f"{PATH}{pk}/{what}/", body)


def test_more_of_the_organisation_s_budget_is_a_superuser_s_to_grant(
    world, everything, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        made = request_more(world, budget=everything.pk)
    assert (made.status_code, made.json()["team"]) == (201, world.mine.team.pk)
    assert {message.to[0] for message in mail.outbox} == {"root@example.com"}
    for who in ("owner", "admin"):
        assert decide(world, who, made.json()["id"]).status_code == 403
    assert decide(world, "superuser", made.json()["id"]).status_code == 200
    assert Grant.objects.get().budget == everything


def test_a_member_learns_nothing_of_others_use(world, everything):
    everything.windows.create(
        starts_at="2000-01-01T00:00Z", ends_at="9999-01-01T00:00Z", spent_nanos=98_765 * DOLLAR
    )
    Budget.objects.filter(pk=everything.pk).update(period="total")
    pk = request_more(world, "developer", budget=everything.pk).json()["id"]
    pages = [
        reverse(ADD), f"{reverse(ADD)}?budget={everything.pk}",
        reverse("admin:governance_limitrequest_change", args=[pk]), f"{PATH}{pk}/", PATH,
    ]  # fmt: skip
    for page in pages:
        for who in ("viewer", "owner"):
            answer = world.client(who).get(page)
            text = answer.content.decode().replace(",", "")
            assert (answer.status_code, "98765" in text) == (200, False), page
    assert "$98,765.00" in world.client("superuser").get(pages[2]).content.decode()


def test_an_organisation_s_limit_of_one_end_user_is_a_superuser_s_to_know(world):
    named = make_budget(end_user="ann@other.example")
    assert request_more(world, budget=named.pk).status_code == 400
    assert "ann@other" not in world.client("owner").get(reverse(ADD)).content.decode()
    assert "ann@other" in world.client("superuser").get(reverse(ADD)).content.decode()


def test_everything_is_on_record(world):
    pk = request_more(world, budget=world.mine.budget.pk).json()["id"]
    decide(world, "owner", pk, note="For now")
    grant = LimitRequest.objects.get(pk=pk).grant
    ask(world.client("admin"), "post", f"{API}/grants/{grant.pk}/revoke/", {"note": "Over"})
    url = reverse("admin:governance_limitrequest_history", args=[pk])
    page = world.client("viewer").get(url).content.decode()
    said = ("Asked.", "Approved. For now", "Ended early: Over")
    assert [page.count(text) for text in said] == [1, 1, 1]
    assert all(name in page for name in ("The viewer", "The owner", "The admin"))
    assert world.client("nobody").get(url).status_code in (302, 403, 404)


def test_who_is_in_no_team_has_nothing_to_ask_for(world, everything):
    assert request_more(world, "nobody", budget=everything.pk).status_code in (400, 403)
    assert world.client("nobody").get(reverse(ADD), {"budget": everything.pk}).status_code in (403, 404)
    assert not LimitRequest.objects.exists()


def test_who_is_in_two_teams_says_for_which(world, everything):
    make_member(world.other.team, world.people["viewer"], "viewer")
    assert "for which of your teams" in request_more(world, budget=everything.pk).json()["team"][0]
    made = request_more(world, budget=everything.pk, team=world.other.team.pk)
    assert made.json()["team"] == world.other.team.pk
    form = {"amount": "5", "reason": "Needed", "until": f"{timezone.localdate()}"}
    url = f"{reverse(ADD)}?budget={everything.pk}"
    assert "required" in world.client("viewer").post(url, form).content.decode()
    assert world.client("viewer").post(url, form | {"team": world.mine.team.pk}).status_code == 302


def test_a_share_of_the_organisation_s_budget_is_raised_for_one_s_own_team(world):
    each = make_budget(limit_nanos=50 * DOLLAR, per="team")
    made = request_more(world, budget=each.pk)
    assert made.json()["subject"] == str(world.mine.team.pk)
    stolen = request_more(world, budget=each.pk, subject=str(world.other.team.pk))
    assert "does not exist" in stolen.json()["subject"][0]
    assert request_more(world, budget=each.pk, team=world.other.team.pk).status_code == 400
    page = world.client("superuser").get(
        reverse("admin:governance_limitrequest_change", args=[made.json()["id"]])
    )
    assert "Raises the monthly limit for Mine from $50.00 to $55.00" in page.content.decode()


@pytest.mark.parametrize("subject", ["x", "0", "-1", "9" * 30, "\u0661"])
def test_an_application_is_named_by_its_id(world, subject):
    each = make_budget(world.mine.team, per="application")
    other = request_more(world, budget=each.pk, subject=str(world.other.application.pk))
    for answer in (other, request_more(world, budget=each.pk, subject=subject)):
        assert (answer.status_code, list(answer.json())) == (400, ["subject"])
    mine = request_more(world, budget=each.pk, subject=str(world.mine.application.pk))
    assert mine.status_code == 201
    assert "for Mine app" in mine.json()["summary"]


def test_the_form_fits_what_is_asked_for(world):
    client, team = world.client("viewer"), world.mine.team
    per_app = make_budget(team, per="application")
    page = client.get(reverse(ADD), {"budget": per_app.pk}).content.decode()
    assert "Mine app" in page
    assert "Other app" not in page
    per_user = make_rate_limit(team, metric="concurrent", limit=3, per="end_user")
    url = f"{reverse(ADD)}?rate_limit={per_user.pk}"
    assert "How many more calls at once" in client.get(url).content.decode()
    form = {"amount": "2", "subject": "ann", "reason": "Needed", "until": f"{timezone.localdate()}"}
    assert client.post(url, form).status_code == 302
    assert LimitRequest.objects.get(rate_limit=per_user).subject == "ann"
    url = f"{reverse(ADD)}?application={world.mine.application.pk}"
    assert "nova-lite" in client.get(url).content.decode()
    assert "valid choice" in client.post(url, form | {"model": "gpt-9"}).content.decode()
    assert client.post(url, form | {"model": "nova-lite"}).status_code == 302


@pytest.mark.parametrize(
    "query", ["budget=x", "budget=0", "budget=" + "9" * 40, "rate_limit=-1", "application=%00"]
)
def test_what_is_no_limit_is_not_found(world, query):
    assert world.client("owner").get(f"{reverse(ADD)}?{query}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("budget", "1e9999999"), ("budget", "1e3"), ("budget", 1.5), ("budget", True), ("rate_limit", 2.0), ("budget", "1,5"), ("budget", "5 EUR"),
        ("rate_limit", "9" * 5000), ("rate_limit", "1_000"), ("rate_limit", "1.5"), ("rate_limit", "\u0661"),
        ("rate_limit", "9" * 15),
    ],
)  # fmt: skip
def test_amounts_that_are_none(world, kind, amount):
    limit = world.mine.budget if kind == "budget" else world.mine.team.ratelimits.get()
    answer = request_more(world, **{kind: limit.pk, "amount": amount})
    assert (answer.status_code, list(answer.json())) == (400, ["amount"])


def test_a_model_that_no_route_has(world):
    answer = request_more(world, application=world.mine.application.pk, model="gpt-9")
    assert answer.json() == {"model": ["There is no route named “gpt-9”."]}


def test_what_nobody_decides_on_expires(world, django_capture_on_commit_callbacks):
    pk = request_more(world, budget=world.mine.budget.pk).json()["id"]
    kept = request_more(world, budget=world.mine.budget.pk).json()["id"]
    assert tasks.expire_requests.run() == 0
    LimitRequest.objects.filter(pk=pk).update(ends_at=utc_now() - timedelta(seconds=1))
    owner = world.client("owner")
    url = reverse("admin:governance_limitrequest_change", args=[pk])
    assert (
        ask(owner, "get", f"{PATH}{pk}/").json()["state"] == "expired"
    )  # before anybody has written it down
    for state, found in (("pending", [kept]), ("expired", [pk]), ("approved", [])):
        assert [row["id"] for row in owner.get(f"{PATH}?state={state}").json()["results"]] == found
    page = owner.get(url).content.decode()
    assert "Expired" in page
    assert 'value="approve"' not in page
    assert decide(world, "owner", pk).status_code == 409
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.expire_requests.run() == 1
    assert [message.to for message in mail.outbox] == [["viewer@example.com"]]
    assert LimitRequest.objects.get(pk=pk).state == "expired"
    assert tasks.expire_requests.run() == 0
    assert decide(world, "viewer", pk, "withdraw").status_code == 409


def test_an_end_is_given_a_reason_and_told(world, django_capture_on_commit_callbacks):
    pk = request_more(world, budget=world.mine.budget.pk).json()["id"]
    decide(world, "owner", pk)
    grant = Grant.objects.get()
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        ask(world.client("admin"), "post", f"{API}/grants/{grant.pk}/revoke/", {"note": "The launch is off"})
    assert mail.outbox[0].to == ["viewer@example.com"]
    assert "The launch is off" in mail.outbox[0].body
    found = world.client("viewer").get(f"{API}/grants/{grant.pk}/").json()
    assert (found["revoke_reason"], found["request"]) == ("The launch is off", pk)
    with pytest.raises(LimitRequestError, match="Say why"):
        limit_requests.revoke(grant, by=world.superuser, now=utc_now(), reason=" ")


def test_who_asked_may_end_it_where_they_run_the_team(world):
    pk = request_more(world, "owner", budget=world.mine.budget.pk).json()["id"]
    decide(world, "admin", pk)
    url = reverse("admin:governance_limitrequest_change", args=[pk])
    world.client("developer").post(url, {"action": "revoke", "note": "x"})
    assert Grant.objects.get().revoked_at is None
    world.client("owner").post(url, {"action": "revoke", "note": "Not needed"})
    assert Grant.objects.get().revoked_at is not None


def test_a_list_of_requests_takes_as_many_queries_for_many(world, django_assert_max_num_queries):
    client, url = world.client("viewer"), reverse("admin:governance_limitrequest_changelist")

    def queries() -> int:
        with django_assert_max_num_queries(100) as found:
            assert client.get(url).status_code == 200
        return len(found)

    each = make_budget(world.mine.team, per="application")
    request_more(world, budget=each.pk, subject=str(world.mine.application.pk))
    few = queries()
    for number in range(12):
        own = make_application(world.mine.team, f"app {number}")
        request_more(world, budget=each.pk, subject=str(own.pk))
        request_more(world, "developer", application=own.pk, model="nova-lite", amount="0")
    assert queries() == few


def test_a_person_who_is_gone_is_not_written_to(world, django_capture_on_commit_callbacks):
    pk = request_more(world, budget=world.mine.budget.pk).json()["id"]
    User.objects.filter(pk=world.people["viewer"].pk).update(is_active=False)
    with django_capture_on_commit_callbacks(execute=True):
        decide(world, "owner", pk, "deny")
    assert mail.outbox == []


def test_every_process_knows_the_queue():
    """A web process that did not would queue mail on a broker that is not there."""
    code = "import django; django.setup(); from governance.tasks import mail; print(mail.app.conf.broker_url)"
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": f"{ROOT}/platform:{ROOT}", "DATABASE_URL": "postgres://x",
        "REDIS_URL": "redis://queue.test:6379/3",
    }  # fmt: skip
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == environment["REDIS_URL"]
    assert settings.CELERY_BROKER_URL
