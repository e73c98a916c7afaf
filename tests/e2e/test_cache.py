"""Answers that are given again, as callers meet them: what is the same, what is not, and what they say and cost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import anthropic
import boto3
import httpx
import openai
import pytest
from botocore.config import Config

from accounts.models import Team
from gateway.cache.models import CacheEntry, CachePair, CachePurge
from gateway.catalogue.models import CacheRule, Route
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.services import until

pytestmark = [pytest.mark.slow]

NUMBERS = count(1)
HAIKU = "claude-haiku-4-5"


@pytest.fixture
def team(shared_world: World) -> str:
    return f"Cache {next(NUMBERS)}"


@pytest.fixture
def cached(shared_world: World, team: str) -> Iterator[Callable[..., str]]:
    """Makes a rule of the test's own team; a key of it that a gateway knows with the rule."""

    def make(**fields: Any) -> str:
        shared_world.new_key(team=team)

        def rule() -> None:
            CacheRule.objects.create(
                name=team,
                team=Team.objects.get(name=team),
                **{"semantic": "off", "semantic_ms": 5000} | fields,
            )

        shared_world.stack.make(rule)
        key = shared_world.new_key(team=team)
        shared_world.knows(key)
        return key

    yield make
    shared_world.stack.make(lambda: CacheRule.objects.filter(name=team).delete())


def ask(world: World, key: str, text: str = "What is the capital of France?", *, cache: str = "", slot: str = "", user: str = "", **body: Any) -> httpx.Response:  # fmt: skip
    headers = {"X-Gatehouse-Cache": cache, "X-Gatehouse-Cache-Key": slot, "X-Gatehouse-End-User": user}
    members = {"model": MODEL, "messages": [{"role": "user", "content": text}], **body}
    return world.post(json=members, headers={name: said for name, said in headers.items() if said}, key=key)


def said(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


def word(answer: httpx.Response) -> str:
    return answer.headers.get("x-gatehouse-cache", "").partition(";")[0]


@contextmanager
def slow(world: World, milliseconds: int) -> Iterator[None]:
    """Every model takes so long before it answers."""
    regions = f"{world.stack.simulator}/_simulator/regions"
    for region in ("us-east-1", "us-west-2"):
        HTTP.put(f"{regions}/{region}", json={"latency_ms": milliseconds}).raise_for_status()
    try:
        yield
    finally:
        HTTP.delete(regions).raise_for_status()


def test_the_same_request_is_answered_once_and_costs_once(shared_world, cached):
    world, key = shared_world, cached()
    world.say("Paris is.", "Something else.")
    first, second = ask(world, key), ask(world, key)
    assert (word(first), word(second)) == ("miss", "hit")
    assert said(first) == said(second) == "Paris is."
    assert second.headers["x-gatehouse-cache"].startswith("hit; kind=exact; age=")
    assert second.json()["usage"]["total_tokens"] == 0
    assert second.headers["x-gatehouse-cost-usd"] == "0"
    assert first.headers["x-gatehouse-model"] == second.headers["x-gatehouse-model"]
    record = world.record(second.headers["x-gatehouse-call-id"])
    assert (record["cost_nanos"], record["attempts"], record["status"]) == (0, 0, "succeeded")
    assert record["checks"]["cache"]["call"] == first.headers["x-gatehouse-call-id"]
    assert record["checks"]["cache"]["saved_nanos"] == world.record(first.headers["x-gatehouse-call-id"])["cost_nanos"] > 0  # fmt: skip
    used = "SELECT number FROM gateway_cacheuse WHERE team_id = %s AND outcome = 'exact' AND saved_nanos > 0"
    until(lambda: world.execute(used, record["team_id"]), what="the use")
    assert_sound(world.execute)


def test_every_format_replays_what_it_would_have_said(shared_world, cached, opened):
    world, key = shared_world, cached()
    world.say("One answer for all.")
    first = said(ask(world, key, "Tell me.", max_tokens=500))
    client = opened(openai.OpenAI(base_url=f"{world.url}/v1", api_key=key))
    with client.chat.completions.create(
        model=MODEL, max_tokens=500, stream=True, messages=[{"role": "user", "content": "Tell me."}],
        stream_options={"include_usage": True},
    ) as chunks:  # fmt: skip
        several = list(chunks)
        assert chunks.response.headers["x-gatehouse-cache"].startswith("hit; kind=exact")
    assert "".join(each.choices[0].delta.content or "" for each in several if each.choices) == first
    assert several[-1].usage is not None
    assert several[-1].usage.total_tokens == 0
    haiku = said(ask(world, key, "Tell me.", max_tokens=500, model=HAIKU))
    claude = opened(anthropic.Anthropic(base_url=world.url, api_key=key))
    raw = claude.messages.with_raw_response.create(
        model=HAIKU, max_tokens=500, messages=[{"role": "user", "content": "Tell me."}]
    )
    assert raw.headers["x-gatehouse-cache"].startswith("hit")
    assert raw.parse().content[0].text == haiku  # type: ignore[union-attr]
    with claude.messages.stream(
        model=HAIKU, max_tokens=500, messages=[{"role": "user", "content": "Tell me."}]
    ) as stream:
        assert stream.get_final_text() == haiku
    bedrock = boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=f"{world.url}/bedrock",
        aws_access_key_id=key, aws_secret_access_key="x", config=Config(retries={"max_attempts": 0}),
    )  # fmt: skip
    asked = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "Tell me."}]}], "inferenceConfig": {"maxTokens": 500}}  # fmt: skip
    answer = bedrock.converse(**asked)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-gatehouse-cache"].startswith("hit")
    assert answer["output"]["message"]["content"][0]["text"] == first
    events = list(bedrock.converse_stream(**asked)["stream"])
    assert "".join(each["contentBlockDelta"]["delta"]["text"] for each in events if "contentBlockDelta" in each) == first  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"text": "What is the capital of Frances?"}, {"temperature": 0.3}, {"max_tokens": 99}, {"top_p": 0.5}, {"stop": ["."]},
        {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "What is the capital of France?"}]},
        {"response_format": {"type": "json_object"}}, {"model": "claude-haiku-4-5"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_whatever_differs_is_asked_anew(shared_world, cached, change):
    world, key = shared_world, cached()
    ask(world, key)
    world.say('{"a": 1}')
    assert word(ask(world, key, **change)) == "miss"


def test_another_team_gets_nothing_of_it(shared_world, cached, team):
    world, key = shared_world, cached()
    ask(world, key)

    def rule() -> None:
        CacheRule.objects.filter(name=team).update(team=None)

    world.stack.make(rule)
    other = world.new_key(team=f"{team} other")
    world.knows(other)
    assert word(ask(world, other)) == "miss"
    assert word(ask(world, other)) == "hit"


@pytest.mark.parametrize(
    ("fields", "body", "reason"),
    [
        ({}, {"cache": "no-store"}, "no-store"), ({"max_temperature": 0.5}, {}, "temperature"),
        ({"max_temperature": 0.5}, {"temperature": 0.7}, "temperature"),
        ({}, {"tools": [{"type": "function", "function": {"name": "pay", "parameters": {"type": "object", "properties": {}}}}]}, "tools"),
        ({"exact": False}, {}, "off"),
    ],
)  # fmt: skip
def test_what_may_not_repeat_passes_by(shared_world, cached, fields, body, reason):
    world, key = shared_world, cached(**fields)
    for _ in range(2):
        answer = ask(world, key, **body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-gatehouse-cache"] == f"bypass; reason={reason}"


def test_callers_say_how_old_an_answer_may_be(shared_world, cached):
    world, key = shared_world, cached()
    refused = ask(world, key, cache="only-if-cached")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_cached")
    world.say("Old.", "New.")
    assert said(ask(world, key)) == "Old."
    assert said(ask(world, key, cache="only-if-cached")) == "Old."
    assert said(ask(world, key, cache="max-age=1000")) == "Old."
    assert (
        ask(world, key, cache="only-if-cached, max-age=0").status_code == 404
    )  # what was made a moment ago is older
    renewed = ask(world, key, cache="no-cache")
    assert (said(renewed), word(renewed)) == ("New.", "miss")
    assert said(ask(world, key)) == "New."
    world.execute("UPDATE gateway_cacheentry SET created_at = created_at - interval '1 minute'")
    world.say("Newest.")
    assert said(ask(world, key, cache="max-age=30")) == "Newest."
    for wrong in ("max-age=soon", "no-cash", "only-if-cached, no-cache"):
        answer = ask(world, key, cache=wrong)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "X-Gatehouse-Cache")
    for wrong in ("x" * 501, "a\tb"):
        assert ask(world, key, slot=wrong).json()["error"]["param"] == "X-Gatehouse-Cache-Key"


def test_a_crowd_of_equal_calls_makes_one(shared_world, cached):
    world, key = shared_world, cached()
    other = world.stack.gateway()
    try:
        world.knows(key, other.url)
        world.say("One for all.")

        def one(number: int, cache: str = "max-age=60") -> httpx.Response:
            url = world.url if number % 2 else other.url
            body = {"model": MODEL, "messages": [{"role": "user", "content": f"All at once, with {cache}?"}]}
            return HTTP.post(f"{url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}", "x-gatehouse-cache": cache}, timeout=60)  # fmt: skip

        with slow(world, 700), ThreadPoolExecutor(60) as pool:
            answers = list(pool.map(one, range(120)))
        assert {said(each) for each in answers} == {"One for all."}
        words = sorted(map(word, answers))
        assert words.count("miss") == 1
        assert words.count("hit") == 119
        with slow(world, 700), ThreadPoolExecutor(20) as pool:
            fresh = sorted(map(word, pool.map(lambda number: one(number, "max-age=0"), range(20))))
        assert fresh.count("miss") == 1  # what was made while they waited is new enough
    finally:
        other.stop()


def test_a_failing_answer_is_kept_for_nobody(shared_world, cached):
    world, key = shared_world, cached()
    world.say({"text": "Cut of", "stop_reason": "max_tokens"}, "Whole.")
    assert ask(world, key).json()["choices"][0]["finish_reason"] == "length"
    second = ask(world, key)
    assert (said(second), word(second)) == ("Whole.", "miss")


def test_values_come_back_to_who_gave_them_and_to_nobody_else(shared_world, cached):
    world, key = shared_world, cached()
    text = "Write to ann@example.com about the bill."
    first = ask(world, key, text, user="ann")
    assert "ann@example.com" in said(first)
    again = ask(world, key, text, user="ann")
    assert (word(again), said(again)) == ("hit", said(first))
    assert word(ask(world, key, text, user="bea")) == "miss"
    assert word(ask(world, key, text.replace("ann@", "bob@"), user="ann")) == "miss"
    kept = world.execute("SELECT question, answer FROM gateway_cacheentry")
    assert not [each for each in kept if "ann@example.com" in each["question"] or b"ann@example.com" in bytes(each["answer"])]  # fmt: skip


def test_purges_end_answers_even_those_on_their_way(shared_world, cached, team):
    world, key = shared_world, cached()
    ask(world, key)

    def purge() -> None:
        CachePurge.objects.create(team=Team.objects.get(name=team))

    assert word(ask(world, key)) == "hit"
    world.stack.make(purge)
    assert word(ask(world, key)) == "miss"
    assert word(ask(world, key)) == "hit"
    with slow(world, 2000), ThreadPoolExecutor(1) as pool:
        late = pool.submit(ask, world, key, "Slow?")
        until(lambda: world.execute("SELECT 1 AS n FROM governance_hold"), what="the call under way")
        world.stack.make(purge)
        assert word(late.result()) == "miss"
    assert word(ask(world, key, "Slow?")) == "miss"


def test_a_policy_that_changes_ends_answers(shared_world, cached, team):
    world, key = shared_world, cached()
    ask(world, key)
    assert word(ask(world, key)) == "hit"
    world.set_policy({"rules": [{"entity": "IBAN_CODE"}]}, team=team, key=key)
    assert word(ask(world, key)) == "miss"


def test_a_slot_answers_before_anything_is_asked(shared_world, cached):
    world, key = shared_world, cached()
    world.say("Analysis one.", "Analysis two.")
    first = ask(world, key, "Analyse account 17, please.", slot="account-17/{half_day}")
    second = ask(world, key, "Another wording.", slot="account-17/{half_day}", stream=False)
    assert (word(first), said(second)) == ("miss", "Analysis one.")
    assert second.headers["x-gatehouse-cache"].startswith("hit; kind=slot; age=")
    stages = [name for name, _, _ in world.record(second.headers["x-gatehouse-call-id"])["stages"]]
    assert not {"screen", "limit rates", "reserve", "queue", "enforce limits"} & set(stages)
    assert said(ask(world, key, slot="account-18/{half_day}")) == "Analysis two."
    world.execute("UPDATE gateway_cacheentry SET expires_at = now(), ends_at = now() WHERE kind = 'slot'")
    assert word(ask(world, key, slot="account-17/{half_day}")) == "miss"


def test_a_stale_slot_is_given_while_a_new_one_is_made(shared_world, cached):
    world, key = shared_world, cached(stale_seconds=600)
    world.say("Old.", "New.")
    ask(world, key, slot="a")
    world.execute("UPDATE gateway_cacheentry SET expires_at = now() WHERE kind = 'slot'")
    stale = ask(world, key, slot="a")
    assert said(stale) == "Old."
    assert stale.headers["x-gatehouse-cache"].endswith("; stale")
    until(lambda: said(ask(world, key, slot="a")) == "New.", what="the new answer")


def test_a_prompt_names_its_slot(shared_world, cached, team):
    world, key = shared_world, cached()
    document = {
        "variables": [{"name": "account"}, {"name": "note", "is_required": False, "default": ""}],
        "messages": [{"role": "user", "text": "Analyse {{ account }}. {{ note }}"}],
        "cache_key": "{{ account }}/{{ half_day }}",
    }
    prompt = world.new_prompt(f"analysis-{next(NUMBERS)}", document, team=team)
    name = world.execute("SELECT name FROM prompts_prompt WHERE id = %s", prompt)[0]["name"]
    world.knows(world.new_key(team=team))

    def run(**variables: str) -> httpx.Response:
        return world.post(f"/v1/prompts/{name}/run", json={"variables": variables}, key=key)

    world.say("Of 17.", "Of 18.")
    first, second, other = run(account="17"), run(account="17", note="Be brief."), run(account="18")
    assert [word(each) for each in (first, second, other)] == ["miss", "hit", "miss"]
    world.new_version(prompt, document, label="production")
    world.knows(world.new_key(team=team))
    assert word(run(account="17")) == "miss"


def test_similar_questions_share_an_answer_and_others_do_not(shared_world, cached):
    world, key = shared_world, cached(semantic="serve", min_similarity=0.85, check_share=0)
    world.say("Thirty days.")
    first = ask(world, key, "How many days do I have to return a pair of shoes?")
    alike = ask(world, key, "Please tell me how many days I have to return a pair of shoes.")
    assert said(first) == said(alike) == "Thirty days."
    assert alike.headers["x-gatehouse-cache"].startswith("hit; kind=semantic; age=")
    for other in ("How many days do I have to return a pair of socks?", "How many weeks do I have to return a pair of shoes?",
                  "How many days do I not have to return a pair of shoes?"):  # fmt: skip
        assert word(ask(world, key, other)) == "miss", other


def test_a_question_that_was_looked_up_too_late_is_met_by_the_next(shared_world, cached, team):
    world, key = shared_world, cached(semantic="serve", semantic_ms=1, min_similarity=0.85, check_share=0)
    world.say("By train.")
    assert word(ask(world, key, "How do I get from the airport to the office?")) == "miss"

    def give_time() -> None:
        rule = CacheRule.objects.get(name=team)
        rule.semantic_ms = 5000
        rule.save()

    world.stack.make(give_time)
    world.knows(other := world.new_key(team=team))
    alike = ask(world, other, "Please tell me how I get from the airport to the office.")
    assert (word(alike), said(alike)) == ("hit", "By train.")


def test_shadow_notes_what_would_have_been_served(shared_world, cached, team):
    world, key = shared_world, cached(semantic="shadow", min_similarity=0.85)
    world.say("Thirty days.", "Fourteen days.")
    ask(world, key, "How many days do I have to return a pair of shoes?")
    alike = ask(world, key, "Please tell me how many days I have to return a pair of shoes.")
    assert (word(alike), said(alike)) == ("shadow", "Fourteen days.")

    def pairs() -> list[tuple[str, str]]:
        return world.stack.make(lambda: list(CachePair.objects.filter(team__name=team).values_list("source", "outcome")))  # fmt: skip

    until(pairs, what="the pair")
    assert pairs() == [("shadow", "different")]
    assert world.stack.make(lambda: CacheEntry.objects.filter(team__name=team, is_barred=True).count()) == 1


def test_a_route_that_is_wrong_serves_the_same_alone(shared_world, cached):
    world, key = shared_world, cached(semantic="serve", min_similarity=0.85, check_share=1, error_bound=0.005)
    stopped = []
    for number in range(1, 40):
        thing = f"thing number {number}"
        world.say(f"It costs {number} dollars.", f"It weighs {number + 1000} pounds, not more.")
        ask(world, key, f"How much is the {thing} in the shop?")
        answer = ask(world, key, f"how much is the {thing} in the shop, please?")
        if answer.headers["x-gatehouse-cache"] == "miss; reason=bound":
            stopped.append(number)
            break
        assert word(answer) == "hit", (number, answer.headers["x-gatehouse-cache"])
        until(lambda n=number: world.execute("SELECT sum(wrong) AS n FROM gateway_cacheevidence")[0]["n"] >= n, what="the check")  # fmt: skip
    assert stopped
    assert word(ask(world, key, "How much is the thing number 1 in the shop?")) == "hit"


def test_embeddings_are_given_again(shared_world, cached):
    world, key = shared_world, cached()
    route = world.stack.make(
        lambda: Route.objects.filter(targets__deployment__model__kind="embedding").values_list(
            "name", flat=True
        )[0]
    )
    answers = [
        world.post("/v1/embeddings", json={"model": route, "input": "One text."}, key=key) for _ in range(2)
    ]
    assert [word(each) for each in answers] == ["miss", "hit"]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert answers[1].json()["usage"]["total_tokens"] == 0


def test_nothing_is_said_where_nothing_is_cached(shared_world):
    world = shared_world
    key = world.new_key(team="No cache")
    world.knows(key)
    assert "x-gatehouse-cache" not in ask(world, key).headers
    assert ask(world, key, cache="no-cache").headers["x-gatehouse-cache"] == "bypass; reason=off"
    assert ask(world, key, cache="only-if-cached").status_code == 404


def test_a_request_that_is_known_is_not_looked_through_again(shared_world, cached):
    world, key = shared_world, cached()
    text = "Is ann@example.com a good address? A card of 4111 1111 1111 1111 is no secret."
    answers = [ask(world, key, text, seed=None) for _ in range(4)]
    assert [word(each) for each in answers] == ["miss", "hit", "hit", "hit"]
    assert len({said(each) for each in answers}) == 1
    assert "ann@example.com" in said(answers[-1])
    first, last = (world.record(each.headers["x-gatehouse-call-id"]) for each in (answers[1], answers[-1]))
    assert {"redact", "screen"} <= {name for name, _, _ in first["stages"]}
    assert not {"redact", "screen", "capabilities"} & {name for name, _, _ in last["stages"]}
    for member in ("findings", "body", "model", "end_user", "is_flagged"):
        assert first[member] == last[member], member
    for member in ("policies", "input", "screening"):
        assert first["checks"].get(member) == last["checks"].get(member), member


def test_hits_count_as_requests_where_a_rule_says_so(shared_world, cached, team):
    world, key = shared_world, cached(counts_requests=True)
    world.set_rate_limit(team=team, metric="requests", limit=3)
    world.knows(world.new_key(team=team))
    statuses = [ask(world, key).status_code for _ in range(5)]
    assert statuses.count(429) == 2


def test_a_cache_that_is_slow_or_broken_stops_no_call(shared_world, cached):
    world, key = shared_world, cached(semantic="serve", min_similarity=0.85)
    ask(world, key, "How many days do I have?")
    world.execute("ALTER TABLE gateway_cacheentry RENAME COLUMN vector TO gone")
    try:
        answer = ask(world, key, "How many days do we have?")
        assert (answer.status_code, answer.headers["x-gatehouse-cache"]) == (200, "miss; reason=unavailable")
        assert word(ask(world, key, "How many days do I have?")) == "hit"
    finally:
        world.execute("ALTER TABLE gateway_cacheentry RENAME COLUMN gone TO vector")
    with world.stack.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE gateway_cacheentry IN ACCESS EXCLUSIVE MODE")
        answer = ask(world, key, "How many days do I have?")
        assert (answer.status_code, answer.headers["x-gatehouse-cache"]) == (200, "miss; reason=unavailable")


def test_questions_are_compared_by_an_embedding_route_where_a_rule_names_one(shared_world, cached):
    world = shared_world
    route = world.stack.make(lambda: Route.objects.get(name="titan-embed-text-v2").pk)
    key = cached(semantic="serve", embedder_id=route, min_similarity=0.6, check_share=0)
    world.say("Thirty days.")
    ask(world, key, "How many days of leave do I have?")
    alike = ask(world, key, "how many days of leave do I have, please?")
    assert (said(alike), alike.headers["x-gatehouse-cache"].partition(";")[0]) == ("Thirty days.", "hit")
    assert word(ask(world, key, "How many days of leave do they have?")) == "miss"
