"""Scenarios over the management API and on their page: from calls and from nothing, worked out, kept, compared."""

from urllib.parse import urlencode

import pytest

from gateway.catalogue.models import Deployment, ProviderAccount, Route
from gateway.costs.models import CostScenario
from governance.records.models import AuditRecord
from tests.accounts.api_resources import API, ask
from tests.gateway.catalogue.factories import make_deployment, make_model, make_price, make_route
from tests.governance.records.factories import make_call
from tests.world import World

pytestmark = [pytest.mark.django_db]
PAGE = "/admin/gateway/costscenario/"
SCENARIO = {
    "calls": 1_000_000,
    "months": 12,
    "kinds": [{"name": "chat", "share": "1", "input_tokens": 1000, "output_tokens": 100}],
}


@pytest.fixture
def prices(world: World) -> None:
    """Two models at Bedrock, and the first at an account with its provider."""
    AuditRecord.objects.all().delete()
    dear = make_model("anthropic.claude-x", "Claude X")
    at_bedrock = make_deployment(dear, input_rate=None)
    make_price(at_bedrock, input_rate=3 * 10**9, output_rate=15 * 10**9, cache_read_rate=3 * 10**8)
    make_price(at_bedrock, input_rate=10**9, output_rate=5 * 10**9, tier="batch")
    make_route("claude-x", at_bedrock)
    account = ProviderAccount.objects.create(name="Our Anthropic", provider="anthropic")
    there = Deployment.objects.create(
        model=dear, region="anthropic", provider_account=account, provider_model="claude-x"
    )
    make_price(there, input_rate=2 * 10**9, output_rate=15 * 10**9)


def ways(answer) -> dict[str, dict]:
    assert answer.status_code == 200, answer.content
    return {each["name"]: each for each in answer.json()["ways"]}


def post(world: World, choice: dict, who: str = "viewer", **changes):
    return ask(
        world.client(who),
        "post",
        f"{API}/usage/scenario/",
        {"scenario": SCENARIO | changes, "choice": choice},
    )


def test_every_list_of_a_model_and_where_they_cross(world, prices):
    choice = {"routes": ["claude-x", "nova-lite"], "direct_fixed_nanos": 1000 * 10**9}
    answer = post(world, choice)
    found = ways(answer)
    # 1,000 tokens at $3 and 100 at $15 a million: $4,500 a month of a million calls.
    assert found["claude-x at Bedrock"]["month_usd"] == ["4500"] * 12
    assert found["claude-x, batch"]["month_usd"][0] == "1500"
    assert found["claude-x at Our Anthropic"]["month_usd"][0] == "4500"
    assert found["nova-lite at Bedrock"]["month_usd"][0] == "60"
    assert "half" in found["nova-lite, batch"]["note"]
    crossing = next(
        each for each in answer.json()["crossings"] if each["other"] == "claude-x at Our Anthropic"
    )
    # $0.001 less a call makes up for $1,000 at a million calls.
    assert crossing["break_even"] == {
        "when": "from",
        "calls": 1_000_000,
        "why": crossing["break_even"]["why"],
    }
    assert crossing["month"] == 1
    assert crossing["cached_share"] == pytest.approx(1 / 2.7)
    assert answer.json()["base"] == "claude-x at Bedrock"


def test_provisioned_throughput_with_a_commitment(world, prices):
    units = {"hourly_nanos": 5 * 10**9, "commitment_months": 6, "input_tpm": 100_000}
    answer = post(world, {"routes": ["claude-x"], "provisioned": [units]}, peak_to_mean="8", months=3)
    way = ways(answer)["claude-x, model units committed for six months"]
    # A thousand million tokens in 43,200 minutes, eight times that at the peak: 185,185 a minute.
    assert way["units"] == [2, 2, 2]
    assert (way["month_usd"][0], way["owed_after_usd"], way["total_usd"]) == ("7200", "21600", "43200")
    (crossing,) = [each for each in answer.json()["crossings"] if "units" in each["other"]]
    assert crossing["break_even"]["when"] == "never"


def test_what_is_wrong_is_said_where_it_is(world, prices):
    for choice, changes, field in (
        ({"routes": []}, {}, "choice"), ({"routes": ["claude-x"], "bedrock_discount": "2"}, {}, "choice"),
        ({"routes": ["claude-x"]}, {"calls": -1}, "scenario"), ({"routes": ["claude-x"]}, {"call": 1}, "scenario"),
    ):  # fmt: skip
        answer = post(world, choice, **changes)
        assert answer.status_code == 400
        assert field in answer.json(), answer.content
    answer = post(world, {"routes": ["no-such"]})
    assert answer.status_code == 400
    assert "no-such" in answer.content.decode()


def test_the_calls_there_were_are_a_scenario_of_one_s_own_teams(world, prices):
    for _ in range(3):
        make_call(
            world.mine.team,
            world.mine.application,
            feature="chat",
            input_tokens=60,
            cache_read_tokens=40,
            output_tokens=10,
        )
    make_call(world.mine.team, world.mine.application, feature="sql", input_tokens=1000, output_tokens=100)
    make_call(world.mine.team, world.mine.application, status="refused", input_tokens=0, output_tokens=0)
    make_call(world.other.team, world.other.application, feature="theirs")
    found = world.client("viewer").get(f"{API}/usage/scenario/").json()
    assert found["calls"] == 4
    by_name = {kind["name"]: kind for kind in found["kinds"]}
    assert set(by_name) == {"chat", "sql"}
    assert (by_name["chat"]["share"], by_name["chat"]["input_tokens"], by_name["chat"]["cached_share"]) == (
        "3",
        100,
        "0.4000",
    )
    assert float(found["peak_to_mean"]) > 1
    assert world.client("viewer").get(f"{API}/usage/scenario/?feature=none").status_code == 404
    answer = ask(
        world.client("viewer"),
        "post",
        f"{API}/usage/scenario/",
        {"scenario": found, "choice": {"routes": ["claude-x"]}},
    )
    assert ways(answer)


def test_against_another_price_list(world, prices):
    for _ in range(10):
        make_call(world.mine.team, world.mine.application, input_tokens=1000, output_tokens=100)
    from datetime import timedelta

    from kernel.clock import utc_now

    end = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    bounds = {"from": (end - timedelta(days=30)).isoformat(), "to": end.isoformat()}

    def project(**parameters):
        return world.client("viewer").get(f"{API}/usage/projection/", bounds | parameters)

    found = project(route="nova-lite", against="claude-x", fixed_usd="444", infrastructure_usd="6").json()
    # $0.00006 instead of $0.0045 a call makes up for $444 at 100,000 calls.
    assert found["break_even"]["when"] == "from"
    assert found["break_even_calls"] == 100_000
    assert found["month_with_infrastructure_usd"] == "450.0006"
    never = project(route="claude-x", against="nova-lite").json()
    assert (never["break_even"]["when"], never["break_even_calls"]) == ("never", None)
    assert never["break_even"]["why"]
    twice = project(route="nova-lite", complexity="2").json()
    assert float(twice["cost_usd"]) == pytest.approx(10 * 2 * 0.00006)
    for bad in ({"against": "no-such"}, {"against_input_usd": "1"}, {"against_fixed_usd": "1"}):
        assert project(route="nova-lite", **bad).status_code == 400


FORM = {
    "calls": "1000000", "months": "12", "growth": "5", "peak": "4", "name0": "chat", "share0": "1", "input0": "1000", "output0": "100",
    "machines": "120", "routes": ["claude-x", "nova-lite"], "batch": "on", "direct": "on", "unit_month": "20", "unit_input": "100000",
}  # fmt: skip


def test_the_page_works_a_scenario_out_from_nothing(world, prices):
    page = world.client("viewer").get(f"{PAGE}?{urlencode(FORM, doseq=True)}").content.decode()
    assert "claude-x at Bedrock" in page
    assert "model units committed for a month" in page
    assert "$4,620.00" in page  # the first month with machines
    assert "Never" in page
    wrong = (
        world.client("viewer")
        .get(f"{PAGE}?{urlencode(FORM | {'months': '900'}, doseq=True)}")
        .content.decode()
    )
    assert "can't be worked out" in wrong
    assert "Months" in wrong


def test_the_page_begins_with_the_calls_there_were(world, prices):
    for _ in range(5):
        make_call(world.mine.team, world.mine.application, feature="chat", route="claude-x")
    make_call(world.other.team, world.other.application, feature="their secret plan")
    page = world.client("viewer").get(PAGE).content.decode()
    assert "5 calls of the last thirty days" in page
    assert 'value="chat"' in page
    assert "their secret plan" not in page
    assert "only a beginning" in world.client("nobody").get(PAGE).content.decode()


def test_scenarios_are_kept_compared_and_dropped_by_who_manages(world, prices):
    client = world.client("owner")
    keep = f"{PAGE}keep/"
    for name, calls in (("Now", "1000"), ("Twice", "2000")):
        answer = client.post(
            keep, FORM | {"calls": calls, "keep_name": name, "for": world.mine.team.pk}, follow=True
        )
        assert f"“{name}”, as it was kept" in answer.content.decode()
    ids = list(CostScenario.objects.values_list("pk", flat=True))
    page = client.get(f"{PAGE}?{urlencode({'compare': ids}, doseq=True)}").content.decode()
    assert page.count("nova-lite, batch") >= 2
    assert client.post(keep, FORM | {"keep_name": "x", "for": world.other.team.pk}).status_code == 403
    assert client.post(keep, FORM | {"keep_name": "x", "for": ""}).status_code == 403
    assert (
        world.client("viewer").post(keep, FORM | {"keep_name": "x", "for": world.mine.team.pk}).status_code
        == 403
    )
    assert world.client("viewer").post(f"{PAGE}{ids[0]}/drop/").status_code == 403
    assert world.client("nobody").get(f"{PAGE}?kept={ids[0]}").status_code == 404
    client.post(f"{PAGE}{ids[0]}/drop/")
    assert list(CostScenario.objects.values_list("pk", flat=True)) == ids[1:]


def test_kept_scenarios_in_the_api(world, prices):
    body = {
        "team": world.mine.team.pk,
        "name": "Now",
        "scenario": SCENARIO,
        "choice": {"routes": ["claude-x"]},
    }
    made = ask(world.client("owner"), "post", f"{API}/cost-scenarios/", body)
    assert made.status_code == 201, made.content
    assert ways(world.client("viewer").get(f"{API}/cost-scenarios/{made.json()['id']}/analysis/"))
    assert ask(world.client("owner"), "post", f"{API}/cost-scenarios/", body).status_code == 400
    Route.objects.filter(name="claude-x").delete()
    assert (
        world.client("viewer").get(f"{API}/cost-scenarios/{made.json()['id']}/analysis/").status_code == 400
    )
