"""Scenarios that are legal and odd, or neither: what is sent is reckoned with whole, or refused by name, and never left out."""

from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.costs.policy.choice import choice_from
from gateway.costs.policy.scenario import ImpossibleScenarioError, scenario_from
from governance.records.models import AuditRecord
from kernel.money import dollars_to_nanos, format_usd
from tests.accounts.api_resources import API
from tests.gateway.costs.factories import SCENARIO, make_scenario
from tests.gateway.costs.test_scenarios import FORM, PAGE
from tests.governance.records.factories import make_call
from tests.world import World

OWN = {"name": "Ours", "input_nanos": 10**9, "output_nanos": 10**9}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"growth": "1e-2000000"}, "growth: at most 12 decimal places"),
        ({"peak_to_mean": "1." + "1" * 5000}, "peak_to_mean: at most 12"),
        ({"growth": "Infinity"}, "growth: from"),
        ({"growth": "9" * 5000}, "growth: from"),
    ],
)
def test_no_number_takes_minutes_to_reckon_with(changes, named):
    with pytest.raises(ImpossibleScenarioError, match=named) as refused:
        scenario_from({**SCENARIO, **changes})
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"bedrock_discount": "NaN"}, "bedrock_discount: a part"),
        ({"direct_discount": "1e-999999"}, "direct_discount: at most 12"),
        ({"own": [OWN, {**OWN, "input_nanos": 1}]}, "there are two price lists “Ours”"),
        ({"own": [{**OWN, "name": " "}]}, r"own\.0\.name: say what"),
    ],
)
def test_a_choice_that_can_t_be(changes, named):
    with pytest.raises(ImpossibleScenarioError, match=named):
        choice_from({"routes": ["nova-lite"], **changes})


@pytest.fixture
def client(world: World) -> Any:
    AuditRecord.objects.all().delete()
    return world.client("owner")


def page(client: Any, **values: Any) -> str:
    return str(client.get(f"{PAGE}?{urlencode(values, doseq=True)}").content.decode())


@pytest.mark.django_db
def test_a_price_list_does_not_take_another_s_place(client):
    asked = {
        "scenario": SCENARIO,
        "choice": {"routes": ["nova-lite"], "own": [{**OWN, "name": "nova-lite at Bedrock"}]},
    }
    answer = client.post(f"{API}/usage/scenario/", asked, content_type="application/json")
    assert answer.status_code == 400
    assert "call yours otherwise" in answer.content.decode()


@pytest.mark.django_db
def test_the_page_says_of_a_kept_scenario_what_the_api_says(world, client):
    kind = SCENARIO["kinds"][0]
    scenario = {
        **SCENARIO,
        "kinds": [{**kind, "name": f"kind {each}", "input_tokens": 1000 * each} for each in range(1, 11)],
    }
    row = make_scenario(
        world.mine.team,
        "Many",
        scenario=scenario,
        choice={"routes": ["nova-lite"], "own": [OWN, {**OWN, "name": "Theirs"}]},
    )
    told = client.get(f"{API}/cost-scenarios/{row.pk}/analysis/").json()
    text = page(client, kept=row.pk)
    for way in told["ways"]:
        assert format_usd(dollars_to_nanos(way["total_usd"])) in text
    assert "the form has no place for some of it" in text
    plain = make_scenario(world.mine.team, "Plain")
    assert "has no place" not in page(client, kept=plain.pk)


@pytest.mark.django_db
def test_a_feature_with_a_long_name_is_a_kind_as_any_other(world, client):
    make_call(world.mine.team, world.mine.application, feature="f" * 120, route="nova-lite")
    text = page(client)
    assert "f" * 120 in text
    assert "can't be worked out" not in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name1": "forgotten", "share1": "3"}, "Empty the whole line"),
        ({"own_name": "Ours", "own_input": "1"}, "takes a price of input and one of output"),
        ({"own_fixed": "100"}, "What do input and output cost"),
        ({"unit_month": "", "unit_input": "5"}, "What does a model unit cost"),
    ],
)
def test_what_is_half_typed_is_said(client, typed, told):
    text = page(client, **(FORM | {"routes": ["nova-lite"]} | typed))
    assert told in text


@pytest.mark.django_db
def test_what_was_typed_is_not_lost_where_it_can_t_be_kept(world, client):
    sent = FORM | {
        "routes": ["nova-lite"],
        "calls": "12345",
        "months": "900",
        "keep_name": "x",
        "for": world.mine.team.pk,
    }
    text = client.post(f"{PAGE}keep/", sent, follow=True).content.decode()
    assert 'value="12345"' in text


@pytest.mark.django_db
def test_a_nul_in_an_address_is_told_and_no_fault_of_ours(client):
    for address in (f"{PAGE}?fill=1&feature=a%00b", "/admin/gateway/discovered/?region=a%00"):
        answer = client.get(address)
        assert (answer.status_code, "NUL character" in answer.content.decode()) == (400, True)
