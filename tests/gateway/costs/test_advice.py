"""“Bedrock or direct”: what answers come to, for all of them; the page; and rules by one click."""

from itertools import product
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.models import Deployment, ProviderAccount, Route, RoutingRule
from gateway.catalogue.services.routing_rules import add_rules, ship_rules
from gateway.costs.policy.advice import QUESTIONS, Costs, advise
from tests.gateway.catalogue.factories import make_deployment, make_model, make_price, make_route
from tests.world import World

PAGE = "/admin/gateway/costscenario/bedrock-or-direct/"
answers = st.fixed_dictionaries(
    {each.key: st.sampled_from([option.value for option in each.options]) for each in QUESTIONS}
)
amounts = st.none() | st.integers(1, 10**15)
costs = st.builds(Costs, amounts, amounts)


@given(answers, costs)
def test_what_must_stay_in_aws_stays_there(given_answers, found):
    advice = advise(given_answers, found, regions=("eu",), providers=("anthropic",))
    must_aws = (
        given_answers["compliance"] == "yes"
        or given_answers["residency"] == "yes"
        or given_answers["network"] == "no"
    )
    if must_aws:
        assert advice.choice in ("bedrock", "split")
        assert advice.rules[0].choose == "bedrock"
        assert advice.rules[0].regions == (("eu",) if given_answers["residency"] == "yes" else ())
    elif given_answers["features"] == "yes":
        assert advice.choice == "direct"
        assert advice.rules[0].regions == ("anthropic",)
    if advice.choice == "bedrock":
        assert advice.for_bedrock
    if advice.choice == "direct":
        assert advice.for_direct
    assert 0 < advice.confidence <= 0.95


@given(answers, st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_cheaper_side_is_never_recommended_less(given_answers, bedrock, more):
    order = {"direct": 0, "both": 1, "split": 1, "bedrock": 2}
    cheaper = advise(given_answers, Costs(bedrock, bedrock + more))
    dearer = advise(given_answers, Costs(bedrock + more, bedrock))
    assert order[cheaper.choice] >= order[dearer.choice]


@pytest.mark.django_db
def test_every_rule_is_one_that_the_catalogue_takes():
    every = product(*([(each.key, option.value) for option in each.options] for each in QUESTIONS))
    about = {"routes": frozenset(["claude-x"]), "use_cases": frozenset(["chat"]), "regions": ("eu",), "providers": ("anthropic",), "name": "Claims"}  # fmt: skip
    make_route("claude-x")
    sides = (Costs(None, None), Costs(100, 85), Costs(50, 100), Costs(100, 50))
    rules = {
        rule
        for given_answers in every
        for found in sides
        for rule in advise(dict(given_answers), found, **about).rules
    }
    assert {rule.choose for rule in rules} == {"bedrock", "newest", "cheapest", "score"}
    for rule in rules:
        RoutingRule.objects.all().delete()
        (made,) = add_rules([rule], first=True)
        assert made.name.startswith("Claims: ")
        assert (made.routes, made.use_cases) == (["claude-x"], ["chat"])


@pytest.fixture
def prices(world: World) -> None:
    model = make_model("anthropic.claude-x", "Claude X")
    at_bedrock = make_deployment(model, input_rate=None)
    make_price(at_bedrock, input_rate=3 * 10**9, output_rate=15 * 10**9)
    account = ProviderAccount.objects.create(name="Our Anthropic", provider="anthropic")
    there = Deployment.objects.create(
        model=model, region="anthropic", provider_account=account, provider_model="claude-x"
    )
    make_price(there, input_rate=10**9, output_rate=15 * 10**9)
    make_route("claude-x", at_bedrock, there)
    ship_rules()


@pytest.mark.django_db
def test_answers_become_rules_by_one_click(world, prices):
    sent = {
        "compliance": "yes",
        "residency": "yes",
        "regions": "eu",
        "route": "claude-x",
        "use_cases": "claims",
        "name": "Claims",
    }
    page = world.client("superuser").get(f"{PAGE}?{urlencode(sent)}").content.decode()
    assert "Only Bedrock is under your contract" in page
    assert "does not choose by score yet" in page
    Route.objects.filter(name="claude-x").update(strategy="score")
    assert (
        "does not choose by score yet"
        not in world.client("superuser").get(f"{PAGE}?{urlencode(sent)}").content.decode()
    )
    answer = world.client("superuser").post(PAGE, sent, follow=True)
    assert "is made, before all others" in answer.content.decode()
    rule = RoutingRule.objects.first()
    assert (rule.name, rule.choose, rule.regions, rule.routes, rule.use_cases) == (
        "Claims: Bedrock only", "bedrock", ["eu"], ["claude-x"], ["claims"],
    )  # fmt: skip
    assert RoutingRule.objects.count() == 5


@pytest.mark.django_db
def test_both_sides_are_priced_and_who_may_not_make_rules_only_reads(world, prices):
    page = (
        world.client("viewer")
        .get(f"{PAGE}?{urlencode({'compliance': 'no', 'route': 'claude-x', 'newest': 'first_day'})}")
        .content.decode()
    )
    assert "costs" in page
    assert "less for this scenario" in page
    assert "for superusers" in page
    assert world.client("owner").post(PAGE, {"compliance": "no"}).status_code == 403
    assert world.client("nobody").get(PAGE).status_code == 200


@pytest.mark.django_db
def test_what_is_missing_is_said_before_a_rule_is_made(world, prices):
    before = RoutingRule.objects.count()
    for sent, said in (
        ({"residency": "yes", "route": "claude-x"}, "Name the region"),
        ({"features": "yes", "route": "nova-lite"}, "no deployment at a provider"),
    ):
        assert (
            said
            in world.client("superuser")
            .get(f"{PAGE}?{urlencode(sent | {'compliance': 'no'})}")
            .content.decode()
        )
        assert said in world.client("superuser").post(PAGE, sent, follow=True).content.decode()
    assert RoutingRule.objects.count() == before
