"""The pages of budgets and rate limits: what is used, by whom, what is granted, and what deleting takes along."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from governance.alerts.models import Alert, Delivery
from governance.limits.models import Budget, Grant, LimitRequest, RateLimit
from kernel.clock import utc_now
from tests.accounts.factories import make_application, make_superuser
from tests.governance.limits.factories import DOLLAR, make_budget, make_grant, make_windows

pytestmark = pytest.mark.django_db
LIST = "admin:governance_budget_changelist"


def page_of(client: Client, limit: Budget | RateLimit, page: str = "change") -> str:
    name = f"admin:governance_{limit._meta.model_name}_{page}"
    return client.get(reverse(name, args=[limit.pk])).content.decode()


def count(client: Client, django_assert_max_num_queries) -> int:
    with django_assert_max_num_queries(100) as queries:
        assert client.get(reverse(LIST)).status_code == 200
    return len(queries)


def test_a_list_takes_as_many_queries_for_many_as_for_few(world, django_assert_max_num_queries):
    team, client = world.mine.team, world.client("viewer")
    make_windows(
        make_budget(team, per="application"),
        {str(world.mine.application.pk): 1},
    )
    few = count(client, django_assert_max_num_queries)
    for number in range(15):
        application = make_application(team, f"app {number}")
        own = make_budget(team, application=application)
        make_windows(own, {"": 5})
        make_grant(own, amount=1, starts_at=utc_now() - timedelta(1), ends_at=utc_now() + timedelta(1))
        each = make_budget(team, feature=f"f{number}", per="application")
        make_windows(each, {str(application.pk): 7})
    assert count(client, django_assert_max_num_queries) == few


def test_the_home_page_shows_the_fullest_and_the_organisation_s_to_superusers(world):
    everything = make_budget(name="Everything")
    make_windows(everything, {"": 999_000_000})
    for number in range(12):
        make_budget(world.mine.team, feature=f"idle {number}")
    home = reverse("admin:index")
    seen = world.client("superuser").get(home).content.decode()
    assert "$0.9990 of $1.00" in seen
    assert seen.count("idle ") == 5  # eight in all, the fullest first
    assert "Everything" not in world.client("owner").get(home).content.decode()


def test_the_list_names_who_uses_most(world):
    budget = make_budget(world.mine.team, per="application")
    second = make_application(world.mine.team, "Greedy")
    make_windows(budget, {str(world.mine.application.pk): 1, str(second.pk): 900_000_000, "777777": 2})
    page = world.client("viewer").get(reverse(LIST)).content.decode()
    assert "$0.9000 of $1.00 · most used by Greedy" in page
    assert "Application 777777, deleted" in page_of(world.client("viewer"), budget)


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        ("organisation", {"All"}), ("team", {"", "People"}), ("application", {"App"}), ("api_key", {"Key"}),
        ("feature", {"Feature"}), ("each", {"People"}), ("nonsense", {"All", "", "App", "Key", "Feature", "People"}),
    ],
)  # fmt: skip
def test_limits_are_found_by_what_they_are_for(world, scope, shown):
    Budget.objects.filter(team=world.other.team).delete()
    mine = world.mine
    scopes = {
        "All": {}, "App": {"team": mine.team, "application": mine.application},
        "Key": {"team": mine.team, "application": mine.application, "api_key": mine.api_key},
        "Feature": {"team": mine.team, "feature": "search"}, "People": {"team": mine.team, "per": "end_user"},
    }  # fmt: skip
    for name, fields in scopes.items():
        make_budget(name=name, **fields)
    answer = world.client("superuser").get(reverse(LIST), {"scope": scope})
    assert {budget.name for budget in answer.context["cl"].result_list} == shown


def test_a_page_of_counters_at_a_time(world):
    budget = make_budget(world.mine.team, period="day", per="end_user")
    make_windows(budget, {f"user {number:02}": number for number in range(25)})
    client = world.client("viewer")
    first = page_of(client, budget)
    assert "1 to 10 of 25" in first
    assert "user 24" in first
    third = client.get(
        reverse("admin:governance_budget_change", args=[budget.pk]), {"page": "3"}
    ).content.decode()
    assert "user 00" in third
    assert "user 24" not in third
    for wrong in ("0", "-1", "999999999999", "x", ""):
        url = reverse("admin:governance_budget_change", args=[budget.pk])
        assert client.get(url, {"page": wrong}).status_code == 200


def test_a_used_up_budget_says_what_that_means(world):
    budget, client = world.mine.budget, world.client("owner")
    url = reverse("admin:governance_budget_change", args=[budget.pk])
    assert "used up" not in page_of(client, budget)
    form = {"limit_nanos": "20", "is_hard": "on", "alert_thresholds": "50,100"}
    answer = client.post(url, form, follow=True).content.decode()
    assert "More than this has been spent already: new calls are refused until" in answer
    budget.refresh_from_db()
    assert budget.limit_nanos == 20 * DOLLAR
    assert "This budget is used up: new calls are refused until" in page_of(client, budget)
    client.post(url, {**form, "is_hard": ""})
    assert "used up" not in page_of(client, budget)


def test_what_a_limit_is_for_does_not_move(world):
    client = world.client("owner")
    for limit in (world.mine.budget, world.mine.team.ratelimits.get()):
        assert "Team Mine" in page_of(client, limit)
        url = reverse(f"admin:governance_{limit._meta.model_name}_change", args=[limit.pk])
        wanted = {"limit_nanos": "7", "limit": "7", "is_hard": "on", "alert_thresholds": "50"}
        moved = {
            "team": world.other.team.pk,
            "feature": "x",
            "per": "end_user",
            "period": "hour",
            "time_zone": "UTC+1",
        }
        assert client.post(url, wanted | moved).status_code == 302
        before = limit.scope
        limit.refresh_from_db()
        assert limit.scope == before
        assert getattr(limit, "limit_nanos", 7 * DOLLAR) == 7 * DOLLAR


def test_a_limit_for_a_route_that_is_gone_can_still_be_changed(world):
    budget = make_budget(world.mine.team, model="nova-lite")
    world.route.delete()
    url = reverse("admin:governance_budget_change", args=[budget.pk])
    form = {"limit_nanos": "3", "is_hard": "on", "alert_thresholds": "50"}
    assert world.client("owner").post(url, form).status_code == 302
    budget.refresh_from_db()
    assert budget.limit_nanos == 3 * DOLLAR


def test_grants_are_on_the_page_with_their_request(world):
    request = world.mine.team.limit_requests.get()
    grant = world.mine.budget.grants.get()
    LimitRequest.objects.filter(pk=request.pk).update(grant=grant, state="approved")
    page = page_of(world.client("viewer"), world.mine.budget)
    assert "+ $1.00" in page
    assert reverse("admin:governance_limitrequest_change", args=[request.pk]) in page
    Grant.objects.filter(pk=grant.pk).update(revoked_at=utc_now())
    assert "+ $1.00" not in page_of(world.client("viewer"), world.mine.budget)


def test_a_rate_limit_shows_its_grants(world):
    limit = world.mine.team.ratelimits.get()
    make_grant(limit, amount=250)
    page = page_of(world.client("viewer"), limit)
    assert "+ 250" in page
    assert f"?rate_limit={limit.pk}" in page


@pytest.mark.parametrize("who", ["owner", "superuser"])
def test_deleting_a_budget_says_what_goes_and_takes_it(world, who):
    client, budget = world.client(who), world.mine.budget
    make_windows(budget, {f"user {number}": 1 for number in range(50)})
    page = page_of(client, budget, "delete")
    assert "Counters of periods: 51" in page
    assert "user 7" not in page  # not one by one
    client.post(reverse("admin:governance_budget_delete", args=[budget.pk]), {"post": "yes"})
    assert not Budget.objects.filter(pk=budget.pk).exists()
    assert not LimitRequest.objects.filter(team=world.mine.team).exists()
    assert not Alert.objects.filter(window__budget=budget.pk).exists()
    assert Delivery.objects.filter(channel__team=world.other.team).exists()


def test_deleting_an_application_warns_of_its_budgets(world):
    application = make_application(world.mine.team, "Short-lived")
    make_budget(world.mine.team, application=application, name="Its own")
    url = reverse("admin:accounts_application_delete", args=[application.pk])
    assert "Budget: Its own" in world.client("owner").get(url).content.decode()
    world.client("developer").post(url, {"post": "yes"})  # may not delete budgets, so not what they are of
    assert Budget.objects.filter(name="Its own").exists()
    world.client("owner").post(url, {"post": "yes"})
    assert not Budget.objects.filter(name="Its own").exists()


def test_a_superuser_limits_the_organisation_before_there_is_a_team(world):
    Membership.objects.all().delete()
    root = make_superuser("first")
    client = Client()
    client.force_login(root)
    for team in (world.mine.team, world.other.team):
        team.memberships.all().delete()
    form = {
        "limit_nanos": "1,000",
        "period": "month",
        "time_zone": "UTC",
        "is_hard": "on",
        "alert_thresholds": "50",
    }
    assert client.post(reverse("admin:governance_budget_add"), form).status_code == 302
    assert Budget.objects.get(team=None).limit_nanos == 1000 * DOLLAR
