"""The page of usage and its API: the right figures, of one's own teams only, to take away as well."""

import csv
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils.html import escape

from governance.usage.selectors.usage import usage_rows
from governance.usage.services.rollups import roll_up_calls
from kernel.clock import utc_now
from tests.accounts.api_resources import API
from tests.governance.records.factories import make_call
from tests.world import World

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:governance_usageday_changelist")


@pytest.fixture
def world(world: World) -> World:
    """In both teams calls of two features; some a month ago; half of them summed up already."""
    now = utc_now()
    for side in (world.mine, world.other):
        for number in range(6):
            make_call(
                side.team, side.application, api_key=side.api_key, feature=("search", "=chat")[number % 2],
                end_user=f"{side.team.name} user {number}", started_at=now - timedelta(days=number * 9),
                cost_nanos=10**9, status=("succeeded", "failed", "cancelled")[number % 3],
            )  # fmt: skip
            if number == 3:
                roll_up_calls()
    return world


def ask(world: World, who: str, **parameters):
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    usual = {
        "from": (today - timedelta(days=100)).isoformat(),
        "to": (today + timedelta(days=1)).isoformat(),
    }
    return world.client(who).get(f"{API}/usage/", usual | parameters)


def test_figures_by_group(world):
    found = ask(world, "viewer", group_by="feature,team").json()
    rows = {row["feature"]: row for row in found["rows"]}
    assert rows["search"]["cost_usd"] == rows["=chat"]["cost_usd"] == "3"
    assert {row["team"] for row in found["rows"]} == {world.mine.team.pk}
    assert found["total"]["calls"] == 7
    assert (found["total"]["failed_cost_usd"], found["total"]["cancelled_cost_usd"]) == ("2", "2")
    assert ask(world, "superuser").json()["total"]["calls"] == 14


def test_filters_and_intervals(world):
    months = ask(world, "viewer", interval="month", time_zone="Europe/Berlin", feature="search").json()[
        "rows"
    ]
    assert sum(row["calls"] for row in months) == 3
    assert all(row["starts_at"].endswith(("+01:00", "+02:00")) for row in months)
    people = ask(world, "viewer", group_by="end_user").json()["rows"]
    assert {row["end_user"] for row in people if row["end_user"]} == {f"Mine user {n}" for n in range(6)}


def test_another_team_s_usage_is_not_there(world):
    assert ask(world, "owner", team=world.other.team.pk).json()["total"]["calls"] == 0
    assert ask(world, "nobody").json()["total"]["calls"] == 0
    page = world.client("owner").get(PAGE, {"group": "end_user", "range": "90d"}).content.decode()
    assert "Mine user 3" in page
    assert "Other user" not in page
    assert world.client("owner").get(PAGE, {"team": world.other.team.pk}).status_code == 200


WRONG = {
    "no range": {"from": ""},
    "an unknown group": {"group_by": "moon"},
    "an unknown zone": {"time_zone": "Mars/Base"},
    "an unknown interval": {"interval": "week"},
    "end users by model": {"group_by": "end_user,model"},
    "too long for hours": {"interval": "hour"},
    "from after to": {"to": "2001-01-01T00:00:00Z"},
    "a range between quarters of an hour": {"from": "2026-11-01T12:05:00Z"},
    "a range that begins before the first year": {"from": "0001-01-01T00:00:00+14:00"},
    "end users of another zone's days": {"group_by": "end_user", "time_zone": "Asia/Kolkata"},
    "end users of half a day": {"end_user": "x", "from": "2026-11-01T12:00:00Z"},
    "another type": {"team": "mine"},
}


@pytest.mark.parametrize("parameters", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_answered(world, parameters):
    answer = ask(world, "viewer", **parameters)
    assert answer.status_code == 400
    assert answer.json()


def test_the_page(world):
    page = world.client("viewer").get(PAGE, {"range": "30d", "group": "feature"}).content.decode()
    assert "Failed and cancelled" in page
    assert escape("=chat") in page
    assert "Team Mine" in page or "team Mine" in page  # its budget's course
    assert "Too early to say" in page or "four times in five" in page
    empty = world.client("viewer").get(PAGE, {"feature": "nothing"}).content.decode()
    assert "Choose a longer range" in empty


def test_more_groups_than_colours_and_rows(world, monkeypatch):
    now = utc_now()
    for number in range(12):
        make_call(
            world.mine.team,
            None,
            feature=f"feature {number:02}",
            started_at=now,
            cost_nanos=(20 - number) * 10**9,
        )
    page = world.client("viewer").get(PAGE, {"range": "30d", "group": "feature"}).content.decode()
    assert "All others" in page
    assert "feature 11" in page
    monkeypatch.setattr("governance.usage.api.usage.MAX_ROWS", 3)
    found = ask(world, "viewer", group_by="feature").json()
    assert (len(found["rows"]), found["is_cut"]) == (3, True)
    assert float(found["total"]["cost_usd"]) == pytest.approx(sum(20 - n for n in range(12)) + 6.0015)


def test_the_figures_above_the_table_are_of_all_rows(world, monkeypatch):
    monkeypatch.setitem(usage_rows.__kwdefaults__, "at_most", 2)
    page = world.client("viewer").get(PAGE, {"range": "90d", "group": "end_user"})
    assert page.context_data["cards"][1]["value"] == "7"
    assert len(page.context_data["lines"]) == 2
    assert sum(line.share for line in page.context_data["lines"]) < 40


def test_applications_of_one_name_are_told_apart(world):
    """Two applications may have one name, in different teams."""
    twin = world.other.application
    twin.name = world.mine.application.name
    twin.save()
    make_call(world.other.team, twin, started_at=utc_now(), cost_nanos=7 * 10**9)
    found = world.client("superuser").get(PAGE, {"range": "90d", "group": "application"}).context_data
    costs = [cost for _, name, cost in found["chart"].legend if name == twin.name]
    assert costs == ["$13.00", "$6.00"]


def test_links_to_exports_ask_what_the_page_asked(world):
    asked = {"range": "30d", "group": "feature", "feature": "=chat&team=0#x y"}
    make_call(world.mine.team, world.mine.application, feature=asked["feature"], started_at=utc_now())
    client = world.client("viewer")
    page = client.get(PAGE, asked).content.decode()
    links = re.findall(r'href="(\?[^"]*format=csv)"', page)
    rows = list(csv.DictReader(client.get(PAGE + unescape(links[0])).content.decode().splitlines()))
    assert [row["feature"] for row in rows] == ["'=chat&team=0#x y"]


@pytest.mark.parametrize("chosen", ["today", "7d", "30d", "90d", "month", "last_month"])
@pytest.mark.parametrize(
    "group", ["team", "application", "api_key", "feature", "route", "region", "end_user"]
)
def test_every_choice_is_answered(world, chosen, group):
    page = world.client("viewer").get(PAGE, {"range": chosen, "group": group}).content.decode()
    assert "This can't be shown" not in page


def test_exports_are_the_same_and_no_formulas(world):
    client = world.client("viewer")
    asked = {"range": "30d", "group": "feature"}
    rows = list(csv.DictReader(client.get(PAGE, {**asked, "format": "csv"}).content.decode().splitlines()))
    data = json.loads(client.get(PAGE, {**asked, "format": "json"}).content)["rows"]
    assert [row["cost_usd"] for row in rows] == [row["cost_usd"] for row in data]
    assert {row["feature"] for row in rows} == {"search", "'=chat", ""}


def test_it_is_for_people_who_are_signed_in(client):
    assert client.get(PAGE).status_code == 302
    assert client.get(f"{API}/usage/").status_code == 403
