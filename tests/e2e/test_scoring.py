"""Routes that choose by score, rules and callers' wishes, as callers meet them; and copies of calls."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from gateway.catalogue.models import Deployment, Model, ModelQuality, Route, RoutingRule
from gateway.catalogue.services.shadow_budgets import keep_shadow_budget
from tests.client import HTTP
from tests.e2e.conftest import World
from tests.gateway.catalogue.factories import make_route
from tests.governance.limits.invariants import assert_sound
from tests.services import until

pytestmark = [pytest.mark.slow]

HAIKU, SONNET, NOVA = (
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "amazon.nova-lite-v1:0",
)
QUALITY = {HAIKU: 0.8, SONNET: 0.95, NOVA: 0.5}
NAME = "scored"
PREFER = "X-Gatehouse-Prefer"


def at(model_id: str, region: str, profile: str) -> Deployment:
    return Deployment.objects.get(
        model__model_id=model_id, region=region, profile=profile, provider_account=None, arn=""
    )


@pytest.fixture(scope="module")
def scored(shared_world: World) -> Iterator[None]:
    """A route of three models, one of them in Europe too, whose quality is known."""

    def make() -> None:
        deployments = [
            at(HAIKU, "us-east-1", "us"),
            at(SONNET, "us-east-1", "us"),
            at(NOVA, "us-east-1", "us"),
            at(HAIKU, "eu-central-1", "eu"),
        ]
        make_route(NAME, *deployments, strategy="score", timeout_seconds=30)
        for model_id, score in QUALITY.items():
            ModelQuality.objects.create(model=Model.objects.get(model_id=model_id), score=score)

    shared_world.stack.make(make)
    shared_world.knows(shared_world.new_key())
    yield

    def clear() -> None:
        Route.objects.filter(name=NAME).delete()
        ModelQuality.objects.all().delete()

    shared_world.stack.make(clear)


def ask(world: World, prefer: str = "", *, key: str | None = None, feature: str = "", **body: Any) -> Any:
    headers = {
        **({PREFER: prefer} if prefer else {}),
        **({"X-Gatehouse-Feature": feature} if feature else {}),
    }
    members = {"model": NAME, "messages": [{"role": "user", "content": "Hello"}], **body}
    return world.post(json=members, headers=headers, key=key)


def routing(world: World, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = world.record(answer.headers["x-gatehouse-call-id"])["checks"]["routing"]
    return found


@pytest.mark.usefixtures("scored")
def test_the_best_score_answers_and_says_so(world):
    answer = ask(world)
    found = routing(world, answer)
    said = answer.headers["x-gatehouse-decision"]
    assert said.isascii()
    assert "rule 'All others: best score': best score of 4" in said
    assert found["rule"] == "All others: best score"
    scores = [each["score"] for each in found["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 4
    assert found["score"] == scores[0]
    assert 0 < found["confidence"] < 1


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize(
    ("prefer", "model", "confidence", "words"),
    [
        ("compliance=bedrock", None, 0.95, "rule 'Compliance: Bedrock only'"),
        ("newest", HAIKU, 0.85, "rule 'Newest model': newest of 4"),
        ("cost=low", HAIKU, 0.80, "cheapest of 3 with a quality of 0.7 or more"),
        ("model=claude-sonnet-4-5", SONNET, None, "the model preferred"),
        ("region=eu", HAIKU, None, "eu-central-1"),
    ],
)
def test_wishes_count(world, prefer, model, confidence, words):
    answer = ask(world, prefer)
    found = routing(world, answer)
    assert words in answer.headers["x-gatehouse-decision"]
    if model is not None:
        assert answer.headers["x-gatehouse-model"] == model
    if confidence is not None:
        assert found["confidence"] == confidence
    assert found["wishes"]


@pytest.mark.usefixtures("scored")
def test_a_wish_in_the_body_by_the_sdks(world, opened):
    client = opened(openai.OpenAI(api_key=world.key, base_url=f"{world.url}/v1", max_retries=0))
    raw = client.chat.completions.with_raw_response.create(
        model=NAME,
        messages=[{"role": "user", "content": "Hello"}],
        extra_body={"gatehouse": {"prefer": {"model": "claude-sonnet-4-5"}}},
    )
    assert raw.headers["x-gatehouse-model"] == SONNET
    assert "x-gatehouse-adjusted" not in raw.headers
    response = client.responses.with_raw_response.create(
        model=NAME, input="Hello", extra_body={"gatehouse": {"prefer": {"model": "claude-sonnet-4-5"}}}
    )
    assert response.headers["x-gatehouse-model"] == SONNET
    claude = opened(anthropic.Anthropic(api_key=world.key, base_url=world.url, max_retries=0))
    message = claude.messages.with_raw_response.create(
        model=NAME,
        max_tokens=64,
        messages=[{"role": "user", "content": "Hello"}],
        extra_body={"gatehouse": {"prefer": {"region": "eu"}}},
    )
    assert message.headers["x-gatehouse-region"] == "eu-central-1"


@pytest.mark.usefixtures("scored")
def test_what_stands_against_each_is_named(world):
    answer = ask(world, "region=ap-southeast-2")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_suitable_model")
    message = answer.json()["error"]["message"]
    assert message.count("it does not answer in ap-southeast-2 alone (region)") == 4
    refused = world.post(
        "/v1/messages",
        json={"model": NAME, "max_tokens": 8, "messages": [{"role": "user", "content": "Hi"}]},
        headers={PREFER: "cost=tiny"},
    )
    assert refused.status_code == 400
    assert refused.json()["type"] == "error"
    assert "must be low, normal or high" in refused.json()["error"]["message"]


@pytest.mark.usefixtures("scored")
def test_a_rule_for_a_use_case_holds_at_once_and_only_there(world):
    def add() -> None:
        RoutingRule.objects.create(
            name="Mail in Europe",
            position=0,
            use_cases=["mail"],
            regions=["eu"],
            choose="score",
            confidence=0.7,
        )

    world.stack.make(add)
    try:
        world.knows(world.new_key())
        found = routing(world, ask(world, feature="mail"))
        assert (found["rule"], found["confidence"]) == ("Mail in Europe", 0.7)
        assert [each["region"] for each in found["candidates"]] == ["eu-central-1"]
        assert routing(world, ask(world, feature="chat"))["rule"] == "All others: best score"
    finally:
        world.stack.make(lambda: RoutingRule.objects.filter(name="Mail in Europe").delete())
        world.knows(world.new_key())


@pytest.mark.usefixtures("scored")
def test_a_short_budget_leaves_out_what_is_dearer(world):
    """Of two thousand tokens each: Sonnet may come to $0.030, Haiku to $0.011."""
    key = world.new_key(team="Scored on a budget")
    world.set_budget(team="Scored on a budget", limit_nanos=15_000_000)
    world.knows(world.new_key())
    answer = ask(world, "model=claude-sonnet-4-5", key=key, max_tokens=2000)
    found = routing(world, answer)
    assert answer.headers["x-gatehouse-model"] in (HAIKU, NOVA)
    assert "the budget leaves out what is dearer" in found["events"]


@pytest.mark.usefixtures("scored")
def test_a_window_that_is_too_small_is_left_out(world):
    world.stack.make(lambda: Model.objects.filter(model_id=SONNET).update(context_window=2000))
    try:
        world.knows(world.new_key())
        answer = ask(
            world,
            "model=claude-sonnet-4-5",
            messages=[{"role": "user", "content": "One word, and another. " * 2000}],
            max_tokens=50,
        )
        assert answer.headers["x-gatehouse-model"] != SONNET
        assert "windows that are too small are left out" in routing(world, answer)["events"]
    finally:
        world.stack.make(lambda: Model.objects.filter(model_id=SONNET).update(context_window=200_000))
        world.knows(world.new_key())


def copies(world: World) -> list[dict[str, Any]]:
    return world.execute(
        "SELECT * FROM governance_auditrecord WHERE feature = 'shadow:shadowed' ORDER BY started_at"
    )


def test_copies_go_to_another_model_within_their_own_budget(world):
    def make() -> None:
        route = make_route(
            "shadowed",
            at(HAIKU, "us-east-1", "us"),
            shadow_route="claude-sonnet-4-5",
            shadow_percent=100,
            shadow_budget="0.0004",
        )
        keep_shadow_budget(route)

    world.stack.make(make)
    world.knows(world.new_key())
    world.say(*["Blue."] * 12)
    for _ in range(10):
        answer = world.chat("What is it?", model="shadowed", max_tokens=4)
        assert (answer.status_code, answer.headers["x-gatehouse-model"]) == (200, HAIKU)
    until(lambda: len(copies(world)) == 10, what="the copies")
    found = copies(world)
    assert {each["route"] for each in found} == {"claude-sonnet-4-5"}
    answered = [each for each in found if each["status"] == "succeeded"]
    assert 0 < len(answered) < 10
    assert {each["code"] for each in found if each not in answered} == {"budget_exceeded"}
    assert sum(each["cost_nanos"] for each in found) <= 400_000
    originals = {str(each["checks"]["shadow_of"]) for each in found}
    assert len(originals) == 10
    assert world.record(originals.pop())["model"] == HAIKU
    metrics = HTTP.get(f"{world.url}/metrics").text
    assert f'gatehouse_shadow_calls_total{{outcome="answered"}} {len(answered)}' in metrics
    assert_sound(world.execute)


def test_a_prompt_weighs_by_itself(world, scored):
    weights = {"cost": 0, "quality": 1, "latency": 0}
    world.new_prompt("weighed", {"model": NAME, "weights": weights, "messages": [{"text": "Hello."}]})
    until(lambda: world.post("/v1/prompts/weighed/run", json={}).status_code == 200, what="the prompt")
    answer = world.post("/v1/prompts/weighed/run", json={})
    assert answer.headers["x-gatehouse-model"] == SONNET
    body = json.dumps({"gatehouse": {"prefer": {"region": "eu"}}})
    assert world.post("/v1/prompts/weighed/run", content=body).headers["x-gatehouse-region"] == "eu-central-1"
