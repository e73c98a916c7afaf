"""Projections and tips: right sums, from one's own calls, and no tip without evidence."""

from datetime import timedelta

import pytest
from django.urls import reverse

from gateway.catalogue.models import CacheRule, Deployment, Price
from governance.records.models import AuditRecord
from governance.usage.models import Tip
from governance.usage.services.tips import refresh_tips
from kernel.clock import utc_now
from tests.accounts.api_resources import API
from tests.gateway.catalogue.factories import make_deployment, make_route
from tests.governance.records.factories import make_call
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(world: World) -> World:
    AuditRecord.objects.all().delete()
    return world


def calls(world: World, number: int, **columns) -> None:
    usual = {"api_key": world.mine.api_key, "price_id": Price.objects.first().pk}
    for _ in range(number):
        make_call(world.mine.team, world.mine.application, **(usual | columns))


def project(world: World, who: str = "viewer", **parameters):
    end = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    bounds = {"from": (end - timedelta(days=10)).isoformat(), "to": end.isoformat()}
    return world.client(who).get(f"{API}/usage/projection/", bounds | parameters)


def test_another_model_s_price(world):
    calls(world, 10, input_tokens=900_000, cache_read_tokens=100_000, output_tokens=100_000, cost_nanos=10**9)
    found = project(world, input_usd="1", output_usd="10", cache_read_usd="0.1").json()
    # 9 m input at $1, 1 m cached at $0.10, 1 m output at $10
    assert (found["calls"], found["was_usd"], found["cost_usd"]) == (10, "10", "19.1")
    assert (found["per_call_usd"], found["month_usd"], found["was_month_usd"]) == ("1.91", "57.3", "30")
    cached = project(world, input_usd="1", output_usd="10", cache_read_usd="0.1", cache_hit_rate="0.5").json()
    assert cached["cost_usd"] == "15.5"
    fixed = project(
        world,
        input_usd="1",
        output_usd="10",
        cache_read_usd="0.1",
        provisioned_units="2",
        provisioned_hourly_usd="5",
    ).json()
    assert fixed["cost_usd"] == "2400"
    assert fixed["break_even_calls"] == -(-7200 * 100 // 191)
    by_route = project(world, route="nova-lite").json()
    assert float(by_route["cost_usd"]) == pytest.approx(10 * 0.06, rel=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        {}, {"input_usd": "1"}, {"route": "nova-lite", "input_usd": "1", "output_usd": "1"}, {"route": "no-such"},
        {"route": "nova-lite", "cache_hit_rate": "2"}, {"route": "nova-lite", "provisioned_units": "2"},
        {"route": "nova-lite", "to": "2001-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_what_cannot_be_projected(world, parameters):
    assert project(world, **parameters).status_code == 400


def test_another_team_s_calls_are_not_in_it(world):
    make_call(world.other.team, world.other.application, cost_nanos=10**9)
    assert project(world, route="nova-lite").json()["calls"] == 0
    assert project(world, team=world.other.team.pk, route="nova-lite").json()["calls"] == 0
    assert project(world, "superuser", route="nova-lite").json()["calls"] == 1


def kinds(world: World) -> dict[str, int]:
    refresh_tips(now=utc_now())
    return {tip.kind: tip.saving_nanos for tip in Tip.objects.filter(team=world.mine.team)}


def test_no_evidence_no_tips(world):
    calls(world, 30, max_tokens=40)
    assert kinds(world) == {}


def test_cacheable_beginnings(world):
    Price.objects.update(input_rate=3 * 10**9, cache_read_rate=3 * 10**8)
    calls(world, 101, prefix_digest="p", prefix_tokens=10_000)
    # A hundred reads of 10,000 tokens at $2.70 a million less.
    assert kinds(world)["cacheable"] == pytest.approx(2.7 * 10**9, rel=0.02)
    AuditRecord.objects.all().delete()
    calls(world, 101, prefix_digest="p", prefix_tokens=10_000, cache_read_tokens=10_000)
    assert "cacheable" not in kinds(world)


def test_repeats_head_room_and_waste(world):
    CacheRule.objects.all().delete()
    calls(world, 60, prompt_digest="same", max_tokens=4000, output_tokens=50, cost_nanos=10**8)
    calls(world, 3, status="cancelled", cost_nanos=10**9)
    found = kinds(world)
    assert found["repeated"] == (59 * 10**8)
    assert found["wasted"] == (3 * 10**9)
    assert found["head_room"] == 0


def test_a_cheaper_model_that_serves_the_feature_already(world):
    calls(world, 25, feature="chat", route="dear", cost_nanos=10**9)
    calls(world, 25, feature="chat", route="cheap", cost_nanos=10**8)
    calls(world, 25, feature="other", route="cheapest", cost_nanos=10**7)
    assert kinds(world)["cheaper_model"] == 25 * 9 * 10**8


def test_tips_on_the_page_and_in_the_api(world):
    calls(world, 3, status="cancelled", cost_nanos=10**9)
    assert kinds(world)
    page = reverse("admin:governance_usageday_changelist")
    assert "pays for cancelled calls" in world.client("viewer").get(page).content.decode()
    (tip,) = world.client("viewer").get(f"{API}/usage/tips/").json()["tips"]
    assert (tip["kind"], tip["saving_usd"]) == ("wasted", "3")
    assert world.client("nobody").get(f"{API}/usage/tips/").json() == {"tips": []}


def test_a_route_s_price_is_that_of_its_first_target(world):
    first = Deployment.objects.get()
    other = make_deployment(first.model, "eu-west-1", input_rate=10**9)
    make_route("two", other, first)
    calls(world, 1, input_tokens=1_000_000)
    assert project(world, route="two").json()["cost_usd"] == "1"
