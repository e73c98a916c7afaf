"""Scores, rules and wishes: the order in which deployments are asked."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.capability import Capability
from gateway.catalogue.policy import PriceEntry, Rates
from gateway.catalogue.routing_rules import SHIPPED, RuleEntry, Weights, first_that_holds
from gateway.catalogue.rules import actions_of
from gateway.catalogue.wishes import Wishes
from gateway.routing.scoring import scored
from gateway.routing.scoring.lengths import Lengths
from gateway.routing.scoring.ranking import Asked, Figures, is_meant, rank
from gateway.routing.scoring.scored import is_scored
from gateway.snapshot.accounts import AccountEntry
from gateway.snapshot.state import DeploymentEntry

NOW = datetime(2026, 11, 30, tzinfo=UTC)
OUTSIDE = AccountEntry(
    id=1, name="Direct", provider="openai", base_url="https://api.openai.com/v1", organisation="", key="k"
)


def deployment(number: int, *, cost: int = 100, model: str = "", released: date | None = None, account=None):
    price = PriceEntry(
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=None,
        rates=Rates(input=cost * 1000, output=cost * 5000),
    )
    return DeploymentEntry(
        id=number,
        model_id=model or f"vendor.model-{number}",
        name=f"Model {number}",
        kind="text",
        vendor="Vendor",
        region="us-east-1",
        invoke_id=f"us.vendor.model-{number}",
        capability=Capability(),
        actions=actions_of(()),
        prices=(price,),
        weight=1,
        account=account,
        released=released,
    )


def asked(**wishes) -> Asked:
    return Asked(input_tokens=1000, output_tokens=300, moment=NOW, wishes=Wishes(**wishes))


FIGURES = st.builds(
    Figures,
    quality=st.none() | st.floats(0, 1),
    seconds=st.none() | st.floats(0.01, 60),
    error_rate=st.floats(0, 1),
)
WEIGHTS = st.builds(Weights, cost=st.floats(0.01, 1), quality=st.floats(0, 1), latency=st.floats(0, 1))


@given(st.lists(st.tuples(st.integers(1, 10_000), FIGURES), min_size=1, max_size=8), WEIGHTS)
def test_scores_are_shares_and_their_order_is_the_order(rows, weights):
    figures = {number: found for number, (_, found) in enumerate(rows)}
    found = rank(
        [deployment(number, cost=cost) for number, (cost, _) in enumerate(rows)],
        asked(),
        lambda each: figures[each.id],
        weights=weights,
    )
    scores = [found.scores[each.id] for each in found.deployments]
    assert all(0 <= score <= 1.0000001 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert {each.id for each in found.deployments} == set(figures)
    assert 0.3 <= found.confidence <= 1
    assert 1 <= found.alike <= len(rows)


@given(
    st.lists(st.tuples(st.integers(1, 10_000), FIGURES), min_size=2, max_size=8),
    st.integers(0, 7),
    st.sampled_from(["cost", "quality", "latency"]),
)
def test_what_becomes_better_does_not_fall_behind(rows, chosen, what):
    chosen %= len(rows)

    def place(rows):
        figures = {number: found for number, (_, found) in enumerate(rows)}
        found = rank(
            [deployment(number, cost=cost) for number, (cost, _) in enumerate(rows)],
            asked(),
            lambda each: figures[each.id],
        )
        mine = found.scores[chosen]
        return sum(score > mine + 1e-9 for score in found.scores.values())

    cost, figures = rows[chosen]
    figures = figures._replace(quality=figures.quality or 0.0, seconds=figures.seconds or 1.0)
    before = [*rows]
    before[chosen] = (cost, figures)
    after = [*before]
    match what:
        case "cost":
            after[chosen] = (max(1, cost // 2), figures)
        case "quality":
            after[chosen] = (cost, figures._replace(quality=min(1.0, figures.quality + 0.3)))
        case "latency":
            after[chosen] = (cost, figures._replace(seconds=figures.seconds / 2))
    assert place(after) <= place(before)


TABLE = [
    (Wishes(compliance=True, newest=True, cost="low"), "Compliance: Bedrock only", 2, 0.95),
    (Wishes(newest=True, cost="low"), "Newest model", 3, 0.85),
    (Wishes(cost="low"), "Low cost: cheapest that is good enough", 4, 0.80),
    (Wishes(cost="high"), "All others: best score", None, None),
    (Wishes(), "All others: best score", None, None),
]
"""What is wished, the rule that decides, the model that it chooses below, its confidence; None: by scores."""


@pytest.mark.parametrize(("wishes", "name", "first", "confidence"), TABLE)
def test_the_rules_that_ship(wishes, name, first, confidence):
    rule = first_that_holds(SHIPPED, route="r", feature="f", wishes=wishes)
    assert rule is not None
    assert rule.name == name
    there = [
        deployment(1, cost=10, account=OUTSIDE),  # cheapest, not good enough
        deployment(2, cost=300),
        deployment(3, cost=900, released=date(2026, 10, 1), account=OUTSIDE),
        deployment(4, cost=50, released=date(2025, 1, 1), account=OUTSIDE),
    ]
    quality = {1: 0.4, 2: 0.9, 3: 0.95, 4: 0.75}
    if rule.choose == "bedrock":
        there = [each for each in there if each.is_in_aws]
    found = rank(
        there,
        Asked(input_tokens=1000, output_tokens=300, moment=NOW, wishes=wishes),
        lambda each: Figures(quality[each.id], 1.0),
        rule=rule,
    )
    assert found.rule == name
    if first is not None:
        assert found.deployments[0].id == first
        assert found.confidence == confidence
    else:
        assert found.deployments[0].id == max(found.scores, key=lambda number: found.scores[number])


def test_a_rule_is_for_its_routes_and_use_cases():
    rules = (
        RuleEntry(name="a", use_cases=frozenset({"chat"}), routes=frozenset({"big"})),
        RuleEntry(name="b", asks="latency"),
    )

    def chosen(route, feature, wishes=None):
        found = first_that_holds(rules, route=route, feature=feature, wishes=wishes)
        return found and found.name

    assert chosen("big", "chat") == "a"
    assert chosen("small", "chat") is None
    assert chosen("big", "mail", Wishes(latency=500)) == "b"


def test_what_a_caller_may_only_tighten_never_makes_a_call_dearer():
    there = [
        deployment(1, cost=100),
        deployment(2, cost=900, released=date(2026, 9, 9)),
        deployment(3, cost=50),
    ]

    def first(names, **wishes):
        found = rank(there, asked(**wishes), lambda _: Figures(0.8, 1.0), tighten_only=frozenset(names))
        return found.deployments[0].id

    assert first((), newest=True) == 2
    assert first(("newest",), newest=True) == 3
    assert first((), model="model-2") == 2
    assert first(("model",), model="Model 2") == 3
    assert first(("model",), model="us.vendor.model-3") == 3


def test_a_preferred_model_that_is_none_of_them_is_said():
    found = rank([deployment(1)], asked(model="gpt-9"), lambda _: Figures())
    assert found.reason.endswith("the preferred model is not among them")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("claude-haiku-4-5", True),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("Claude-Haiku-4-5-20251001", True),
        ("claude-haiku-4", True),
        ("haiku", False),
        ("claude-haiku-4-50", False),
    ],
)
def test_how_a_preferred_model_may_be_named(name, is_one):
    there = deployment(1, model="anthropic.claude-haiku-4-5-20251001-v1:0")
    assert is_meant(name, there) is is_one


def test_the_cheapest_where_none_is_good_enough_is_the_best_of_them():
    rule = RuleEntry(name="r", choose="cheapest", quality_bar=0.9)
    found = rank(
        [deployment(1, cost=10), deployment(2, cost=90)],
        asked(),
        lambda each: Figures({1: 0.5, 2: 0.8}[each.id]),
        rule=rule,
    )
    assert found.deployments[0].id == 2
    assert "none of 2 is known to reach a quality of 0.9" in found.reason


def test_deployments_of_one_model_that_are_about_as_good_are_alike():
    there = [deployment(number, model="vendor.same") for number in range(3)] + [deployment(9, cost=500)]
    found = rank(there, asked(), lambda each: Figures(0.9, {0: 1.0, 1: 1.05, 2: 3.0}.get(each.id, 1.0)))
    assert found.alike == 2


@pytest.mark.parametrize(
    ("wishes", "orders"),
    [
        (Wishes(cost="normal"), False),
        (Wishes(region="eu", compliance=True, latency=9), False),
        (Wishes(cost="low"), True),
        (Wishes(cost="high"), True),
        (Wishes(newest=True), True),
        (Wishes(model="m"), True),
        (None, False),
    ],
)
def test_which_wishes_order_the_deployments_of_any_route(wishes, orders):
    call: Any = SimpleNamespace(request=SimpleNamespace(wishes=wishes))
    route: Any = SimpleNamespace(strategy="ordered")
    assert is_scored(call, route) is orders


def test_what_was_ranked_a_moment_ago_is_not_taken_for_a_call_that_fewer_may_answer(monkeypatch):
    """Two versions of a prompt may be pinned to other regions, and they are calls of one kind otherwise."""
    monkeypatch.setattr(scored, "document_of", lambda call: None)
    route = SimpleNamespace(name="r", strategy="score", weights=None, tighten_only=frozenset())
    live = SimpleNamespace(lengths=Lengths(), rankings=scored.Rankings(), of=lambda _: SimpleNamespace(pace=SimpleNamespace(expected=lambda _: None), error_rate=0.0))  # fmt: skip
    request = SimpleNamespace(wishes=None, feature="", prompt=None)
    conversation = SimpleNamespace(inference_config=None)
    call: Any = SimpleNamespace(
        key=SimpleNamespace(team=SimpleNamespace(id=1)), request=request, has_prompt=False, tier="", body_bytes=400,
        conversation=conversation, moment=NOW,
    )  # fmt: skip
    snapshot: Any = SimpleNamespace(routing_rules=(), qualities={})
    anywhere = tuple(deployment(number) for number in (1, 2, 3))

    def answered(deployments) -> set[int]:
        found = scored.by_score(call, route, deployments, snapshot, live)  # type: ignore[arg-type]
        return {each.id for each in found.deployments}

    assert answered(anywhere) == {1, 2, 3}
    assert answered(anywhere[1:]) == {2, 3}
    assert answered(anywhere) == {1, 2, 3}


def test_a_rule_of_an_administrator_is_not_held_to_what_callers_may_wish():
    old, new = (
        deployment(1, cost=100, released=date(2025, 1, 1)),
        deployment(2, cost=900, released=date(2026, 1, 1)),
    )
    rule, tighten = RuleEntry(name="R", choose="newest"), frozenset({"newest"})
    figures = Figures(quality=0.5, seconds=1.0)

    def first(wishes: Wishes, rule: RuleEntry | None) -> int:
        what = Asked(input_tokens=1000, output_tokens=300, moment=NOW, wishes=wishes)
        return rank([old, new], what, lambda _: figures, rule=rule, tighten_only=tighten).deployments[0].id

    assert first(Wishes(), rule) == 2
    assert first(Wishes(newest=True), None) == 1
    assert first(Wishes(newest=True), rule) == 1
