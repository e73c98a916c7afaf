"""Budgets and rate limits of every scope, through the admin and the API: what can be made, and what is refused."""

import pytest
from django.conf import settings
from django.urls import reverse

from governance.limits.models import Budget, RateLimit
from kernel.placeholders import team_key
from kernel.tags import kept_tag
from tests.accounts.api_resources import API, ask
from tests.governance.limits.factories import make_budget, make_windows
from tests.world import World

pytestmark = pytest.mark.django_db


def make(world: World, who: str, resource: str = "budgets", **body):
    usual = (
        {"limit_usd": "10"}
        if resource == "budgets"
        else {"metric": "requests", "period": "hour", "limit": 10}
    )
    return ask(world.client(who), "post", f"{API}/{resource}/", usual | body)


SCOPES = {
    "a feature in a team": {"feature": "search"},
    "an end user": {"end_user": "ann"},
    "a model": {"model": "nova-lite"},
    "each end user": {"per": "end_user"},
    "each feature of a model": {"model": "nova-lite", "per": "feature"},
}


@pytest.mark.parametrize("resource", ["budgets", "rate-limits"])
@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES.keys())
def test_a_team_s_limit_of_any_scope(world, scope, resource):
    answer = make(world, "admin", resource, team=world.mine.team.pk, **scope)
    assert answer.status_code == 201, answer.content
    for name, value in scope.items():
        assert answer.json()[name] == value
    assert answer.json()["scope"].startswith("team Mine")


@pytest.mark.parametrize("name", ["end_user", "feature"])
def test_who_is_named_is_kept_as_calls_keep_it(world, name):
    answer = make(world, "admin", team=world.mine.team.pk, **{name: "Jane@Example.com"})
    key = team_key(settings.MASTER_KEY, str(world.mine.team.public_id))
    assert answer.json()[name] == kept_tag("jane@example.com", key, is_person=True)
    refused = make(world, "superuser", **{name: "jane@example.com"})
    assert "Choose a team" in " ".join(refused.json()[name])


def test_an_api_key_s_budget_belongs_to_its_application_and_team(world):
    answer = make(world, "admin", team=world.mine.team.pk, api_key=world.mine.api_key.pk, period="day")
    assert answer.status_code == 201, answer.content
    assert answer.json()["application"] == world.mine.application.pk


def test_the_organisation_s_limits_are_a_superuser_s(world):
    assert make(world, "owner").status_code == 403
    answer = make(world, "superuser")
    assert (answer.status_code, answer.json()["scope"]) == (201, "the organisation")
    path = f"{API}/budgets/{answer.json()['id']}/"
    assert ask(world.client("owner"), "get", path).status_code == 404
    assert ask(world.client("owner"), "patch", path, {"limit_usd": "1"}).status_code == 404
    page = world.client("superuser").get(reverse("admin:governance_budget_changelist")).content.decode()
    assert "The organisation" in page
    assert (
        "The organisation"
        not in world.client("owner").get(reverse("admin:governance_budget_changelist")).content.decode()
    )


REFUSED = {
    "zero": ({"limit_usd": "0"}, "limit_usd", "greater than $0"),
    "negative": ({"limit_usd": "-5"}, "limit_usd", "decimal string"),
    "absurd": ({"limit_usd": "1000000001"}, "limit_usd", "At most $1,000,000,000"),
    "another currency": ({"limit_usd": "100 EUR"}, "limit_usd", "Write dollars"),
    "no number": ({"limit_usd": 5}, "limit_usd", "decimal string"),
    "a name of 10 kB": ({"feature": "x" * 10_000}, "feature", "no more than 200"),
    "what can't be shown": ({"feature": "a\x00b"}, "feature", ""),
    "no such route": ({"model": "gpt-9"}, "model", "no route named"),
    "no such zone": ({"time_zone": "Mars/Base"}, "time_zone", "unknown time zone"),
    "each of one": ({"feature": "search", "per": "feature"}, "per", "nothing to tell apart"),
    "no such period": ({"period": "fortnight"}, "period", ""),
    "the same again": ({}, "non_field_errors", "already exists. Edit that one"),
}


@pytest.mark.parametrize(("body", "field", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_what_no_budget_can_be(world, body, field, text):
    before = Budget.objects.count()
    answer = make(world, "admin", team=world.mine.team.pk, **body)
    assert answer.status_code == 400, answer.content
    assert text in " ".join(answer.json()[field])
    assert Budget.objects.count() == before


@pytest.mark.parametrize("name", ["team", "application", "api_key"])
def test_another_team_s_things_do_not_exist(world, name):
    body = {"team": world.mine.team.pk, name: getattr(world.other, name).pk}
    answer = make(world, "admin", **body)
    assert answer.status_code == 400
    assert "does not exist" in answer.json()[name][0]


def test_an_application_of_another_team_does_not_fit(world):
    body = {"team": world.mine.team.pk, "application": world.other.application.pk}
    answer = make(world, "superuser", **body)
    assert answer.json()["application"] == ["This application belongs to Other."]


@pytest.mark.parametrize("field", ["feature", "period", "time_zone", "per"])
def test_what_a_budget_is_for_stays(world, field):
    value = {"feature": "x", "period": "day", "time_zone": "Europe/Berlin", "per": "end_user"}[field]
    path = f"{API}/budgets/{world.mine.budget.pk}/"
    answer = ask(world.client("owner"), "patch", path, {field: value})
    assert answer.json() == {field: ["This can't be changed: make another one."]}


def test_a_limit_below_what_is_spent_is_taken(world):
    path = f"{API}/budgets/{world.mine.budget.pk}/"
    answer = ask(
        world.client("owner"), "patch", path, {"limit_usd": "20", "is_hard": False, "name": "All of us"}
    )
    assert answer.status_code == 200
    assert (answer.json()["current"]["left_usd"], answer.json()["is_hard"]) == ("0", False)


def test_a_budget_goes_with_what_it_is_for(world):
    budget = make_budget(world.mine.team, application=world.mine.application, period="day")
    world.mine.application.delete()
    assert not Budget.objects.filter(pk=budget.pk).exists()


BAD_RATES = {
    "zero": ({"limit": 0}, "limit"),
    "absurd": ({"limit": 10**13}, "limit"),
    "calls at once in an hour": ({"metric": "concurrent"}, "period"),
    "requests in no period": ({"period": ""}, "period"),
    "no such metric": ({"metric": "bytes"}, "metric"),
    "every none of them": ({"every": 0}, "every"),
    "beyond a week": ({"period": "day", "every": 8}, "every"),
    "no such period, every two": ({"period": "fortnight", "every": 2}, "period"),
    "calls at once every two": ({"metric": "concurrent", "period": "", "every": 2}, "every"),
}


@pytest.mark.parametrize(("body", "field"), BAD_RATES.values(), ids=BAD_RATES.keys())
def test_what_no_rate_limit_can_be(world, body, field):
    answer = make(world, "admin", "rate-limits", team=world.mine.team.pk, **body)
    assert answer.status_code == 400
    assert field in answer.json()
    assert RateLimit.objects.count() == 2


def test_several_periods_together_are_one_limit_beside_others(world):
    for body in ({}, {"every": 2}, {"period": "minute", "every": 12}):
        answer = make(world, "admin", "rate-limits", team=world.mine.team.pk, **body)
        assert answer.status_code == 201, answer.content
        assert answer.json()["every"] == body.get("every", 1)
    again = make(world, "admin", "rate-limits", team=world.mine.team.pk, every=2)
    assert again.status_code == 400
    limit = RateLimit.objects.get(team=world.mine.team, every=12)
    assert (limit.period_seconds, limit.what) == (720, "requests per 12 minutes")


def test_filters_of_lists(world):
    make(world, "admin", team=world.mine.team.pk, period="day", is_hard=False)
    client = world.client("admin")
    for query, number in (
        ("?period=day", 1),
        ("?is_hard=false", 1),
        ("?is_hard=true", 1),
        ("?period=year", 0),
    ):
        assert len(client.get(f"{API}/budgets/{query}").json()["results"]) == number, query
    assert client.get(f"{API}/budgets/?period=never").status_code == 400


def test_pages_show_the_fullest_counters(world):
    budget = make_budget(world.mine.team, period="day", per="end_user")
    make_windows(budget, {f"user {n}": n for n in range(100)})
    client = world.client("viewer")
    page = client.get(reverse("admin:governance_budget_change", args=[budget.pk])).content.decode()
    assert "user 99" in page
    assert "user 40<" not in page
    assert (
        "Team Mine, each end user"
        in client.get(reverse("admin:governance_budget_changelist")).content.decode()
    )


def test_forms_of_the_admin(world):
    client, url = world.client("admin"), reverse("admin:governance_ratelimit_add")
    form = {
        "metric": "tokens",
        "limit": "5000",
        "period": "minute",
        "team": world.mine.team.pk,
        "per": "end_user",
    }
    assert client.post(url, form).status_code == 302
    assert RateLimit.objects.get(per="end_user").limit == 5000
    for wrong, text in (
        ({"team": ""}, "for superusers"),
        ({"team": world.other.team.pk}, "valid choice"),
        ({"limit": "0"}, "between 1 and"),
        ({}, "already exists. Edit that one"),
    ):
        assert text in client.post(url, form | wrong).content.decode(), wrong
    budget = {"limit_nanos": "100 EUR", "period": "day", "time_zone": "UTC", "team": world.mine.team.pk}
    page = client.post(reverse("admin:governance_budget_add"), budget).content.decode()
    assert "not an amount in US dollars" in page


def test_a_team_does_not_set_its_own_share(world):
    path = f"{API}/teams/{world.mine.team.pk}/"
    assert ask(world.client("owner"), "patch", path, {"weight": 100}).status_code == 400
    assert ask(world.client("superuser"), "patch", path, {"weight": 3}).json()["weight"] == 3
