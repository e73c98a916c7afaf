"""What prompt caches saved: by team, model and prompt, in the API and on the page, of one's own teams only."""

from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.policy import PriceEntry, Rates, cache_saving, cost
from gateway.events import Usage
from governance.usage.models import VolatileBeginning
from governance.usage.services.rollups import roll_up_calls
from kernel.clock import utc_now
from tests.accounts.api_resources import API
from tests.governance.records.factories import make_call
from tests.world import World

PAGE = reverse("admin:governance_volatilebeginning_changelist")
RATE = st.none() | st.integers(0, 10**11)


@given(
    rates=st.builds(
        Rates,
        input=st.integers(0, 10**11),
        output=st.integers(0, 10**11),
        cache_read=RATE,
        cache_write=RATE,
        cache_write_1h=RATE,
    ),
    counts=st.tuples(*[st.integers(0, 10**6)] * 5),
)
def test_what_is_saved_is_the_difference_to_the_same_call_without_a_cache(rates, counts):
    price = PriceEntry(valid_from=utc_now(), valid_until=None, rates=rates)
    plain, output, read, written, hour = counts
    used = Usage(input=plain, output=output, cache_read=read, cache_write=written, cache_write_1h=hour)
    without = Usage(input=used.prompt, output=output)
    assert abs(cost(price, used) + cache_saving(price, used) - cost(price, without)) <= 1


@pytest.fixture
def world(world: World) -> World:
    now = utc_now()
    for side in (world.mine, world.other):
        for number in range(4):
            make_call(
                side.team, side.application, api_key=side.api_key, started_at=now, route=f"model of {side.team.name}",
                input_tokens=100, cache_read_tokens=800, cache_write_tokens=100, cache_saved_nanos=(-10**9, 2 * 10**9)[number % 2],
                prompt_name=("", f"greeting of {side.team.name}")[number // 2],
            )  # fmt: skip
            if number == 1:
                roll_up_calls()
        VolatileBeginning.objects.create(
            team=side.team, application=side.application, route="claude", place="system[0] line 1",
            day=now.date(), calls=4, tokens=4 * 12_345,
        )  # fmt: skip
    return world


def ask(world: World, who: str, **parameters):
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    bounds = {
        "from": (today - timedelta(days=2)).isoformat(),
        "to": (today + timedelta(days=1)).isoformat(),
        "time_zone": "UTC",
    }
    return world.client(who).get(f"{API}/usage/", bounds | parameters)


@pytest.mark.django_db
def test_by_team_model_and_prompt(world, settings):
    settings.TIME_ZONE = "UTC"
    for group, name in (
        ("team", world.mine.team.pk),
        ("route", "model of Mine"),
        ("prompt", "greeting of Mine"),
    ):
        rows = {row[group]: row for row in ask(world, "viewer", group_by=group).json()["rows"]}
        row = rows[name]
        assert row["cache_saved_usd"] == ("1" if group == "prompt" else "2"), group
        assert row["cached_share"] == pytest.approx(0.8, abs=0.05)
    both = ask(world, "viewer", group_by="prompt", prompt="greeting of Mine").json()
    assert both["total"]["calls"] == 2
    assert ask(world, "viewer", group_by="prompt,route").status_code == 400
    assert ask(world, "viewer", group_by="prompt", interval="hour").status_code == 400


@pytest.mark.django_db
def test_the_page(world):
    text = world.client("viewer").get(PAGE, {"range": "7d"}).content.decode()
    for shown in (
        "$2.00",
        "model of Mine",
        "greeting of Mine",
        "No prompt",
        "system[0] line 1",
        "about 12,345",
    ):
        assert shown in text, shown
    assert "of Other" not in text
    text = world.client("superuser").get(PAGE, {"range": "7d"}).content.decode()
    assert "model of Other" in text
    assert (
        "No prompts in this range"
        in world.client("viewer").get(PAGE, {"range": "last_month"}).content.decode()
    )
    assert world.client("nobody").get(PAGE).status_code in (200, 302, 403)
    wrong = world.client("viewer").get(PAGE, {"range": "moon"})
    assert "This can" in wrong.content.decode()
