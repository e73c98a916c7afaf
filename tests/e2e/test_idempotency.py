"""`Idempotency-Key`: a call that is sent again is made once, charged once and answered the same, over two gateway processes."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import uuid4

import anthropic
import boto3
import httpx
import openai
import pytest
from botocore.config import Config

from accounts.models import Team
from governance.records.models import TeamKey
from governance.records.services import team_keys
from governance.records.services.idempotency_store import drop_expired
from kernel.clock import utc_now
from tests.accounts.factories import make_application, make_key, make_person
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.services import Server, until

MANY = 200
pytestmark = [pytest.mark.slow]

HAIKU = "claude-haiku-4-5"
REGIONS = ("us-east-1", "us-west-2")
SECRET = "I am ann@example.com."


@pytest.fixture(scope="module")
def other(shared_world: World) -> Iterator[Server]:
    """A second gateway process on the same stack, which takes an operation's id of AWS's SDKs for a key, too."""
    server = shared_world.stack.gateway(env={"GATEHOUSE_IDEMPOTENT_AWS_RETRIES": "true"})
    yield server
    server.stop()


@pytest.fixture
def key() -> str:
    return str(uuid4())


def chat(world: World, key: str, content: str = "Hello", *, url: str = "", **members: Any) -> httpx.Response:
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}]} | members
    headers = {"authorization": f"Bearer {world.key}", "idempotency-key": key}
    return HTTP.post(f"{url or world.url}/v1/chat/completions", json=body, headers=headers, timeout=60)


def cost(world: World, answer: httpx.Response) -> int:
    return int(world.record(answer.headers["x-gatehouse-call-id"])["cost_nanos"])


def row(world: World, call_id: str) -> dict[str, Any]:
    found = world.execute("SELECT * FROM governance_idempotentcall WHERE call_id = %s", call_id)
    assert len(found) == 1, found
    return found[0]


def all_told_the_same(world: World, before: int, answers: list[httpx.Response]) -> None:
    """One call at the model, one charge, one body."""
    assert {answer.status_code for answer in answers} == {200}
    assert world.count_received() == before + 1
    first = [answer for answer in answers if "x-gatehouse-replayed" not in answer.headers]
    assert len(first) == 1
    made = first[0].headers["x-gatehouse-call-id"]
    for answer in answers:
        assert answer.content == first[0].content
        if answer is not first[0]:
            assert answer.headers["x-gatehouse-replayed"] == made
            assert answer.headers["x-gatehouse-cost-usd"] == "0"
            assert answer.headers["x-gatehouse-call-id"] != made
            assert cost(world, answer) == 0
    assert cost(world, first[0]) > 0


@pytest.mark.quick
def test_a_call_sent_again_is_made_once_and_told_the_same(world, key):
    before = world.count_received()
    answers = [chat(world, key, SECRET) for _ in range(3)]
    all_told_the_same(world, before, answers)
    assert SECRET in answers[2].json()["choices"][0]["message"]["content"]
    replay = world.record(answers[1].headers["x-gatehouse-call-id"])
    assert replay["status"] == "succeeded"
    assert replay["input_tokens"] == 0
    assert replay["checks"]["replayed"] == answers[0].headers["x-gatehouse-call-id"]
    assert answers[1].headers["x-gatehouse-model"] == answers[0].headers["x-gatehouse-model"]
    kept = row(world, answers[0].headers["x-gatehouse-call-id"])
    assert kept["state"] == "answered"
    assert b"ann@example.com" not in bytes(kept["sealed"])
    assert key.encode() not in bytes(kept["key_digest"])
    metrics = HTTP.get(f"{world.url}/metrics").text
    assert 'gatehouse_idempotent_calls_total{outcome="made"}' in metrics
    assert 'gatehouse_idempotent_calls_total{outcome="in_use"} 0.0' in metrics


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_openai_sdk(world, other, key, is_stream):
    before, told = world.count_received(), []
    for url in (world.url, other.url, world.url):
        with openai.OpenAI(base_url=f"{url}/v1", api_key=world.key, max_retries=0) as client:
            answer = client.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": "Count [simulate: tokens=30]"}],
                stream=is_stream,
                extra_headers={"Idempotency-Key": key},
            )
            told.append([chunk.to_dict() for chunk in answer] if is_stream else answer.to_dict())
    assert told[0] == told[1] == told[2]
    assert world.count_received() == before + 1


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_anthropic_sdk(world, other, key, is_stream):
    before, told = world.count_received(), []
    for url in (world.url, other.url):
        with anthropic.Anthropic(base_url=url, api_key=world.key, max_retries=0) as client:
            answer = client.messages.create(
                model=HAIKU,
                max_tokens=100,
                messages=[{"role": "user", "content": "Count [simulate: tokens=30]"}],
                stream=is_stream,
                extra_headers={"Idempotency-Key": key},
            )
            told.append([event.to_dict() for event in answer] if is_stream else answer.to_dict())
    assert told[0] == told[1]
    assert world.count_received() == before + 1


def bedrock(world: World, url: str, **config: Any) -> Any:
    return boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=f"{url}/bedrock", aws_access_key_id=world.key,
        aws_secret_access_key="any", config=Config(**config),
    )  # fmt: skip


def test_boto3_with_a_header_of_its_own(world, other, key):
    before, told = world.count_received(), []
    for url in (world.url, other.url):
        client = bedrock(world, url, retries={"total_max_attempts": 1})
        client.meta.events.register(
            "before-sign.bedrock-runtime.*",
            lambda request, **_: request.headers.add_header("Idempotency-Key", key),
        )
        answer = client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Hello"}]}])
        told.append((answer["output"], answer["usage"]))
    assert told[0] == told[1]
    assert world.count_received() == before + 1


def test_streams_of_boto3(world, other, key):
    before, told = world.count_received(), []
    for url in (world.url, other.url):
        client = bedrock(world, url, retries={"total_max_attempts": 1})
        client.meta.events.register(
            "before-sign.bedrock-runtime.*",
            lambda request, **_: request.headers.add_header("Idempotency-Key", key),
        )
        found = client.converse_stream(
            modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Count [simulate: tokens=30]"}]}]
        )
        told.append(list(found["stream"]))
    assert told[0] == told[1]
    assert world.count_received() == before + 1


def test_a_retry_of_boto3_is_the_same_operation_where_that_is_switched_on(world, other):
    """A read that times out is tried again by the SDK, with the same id of the operation."""
    for region in REGIONS:
        world.fault(region, latency_ms=2500)
    before = world.count_received()
    client = bedrock(world, other.url, read_timeout=1, retries={"total_max_attempts": 5, "mode": "standard"})
    answer = client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": str(uuid4())}]}])
    assert answer["ResponseMetadata"]["RetryAttempts"] > 0
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-gatehouse-replayed"]
    assert world.count_received() == before + 1


def test_each_entrance_that_makes_a_call(world, other, key):
    text = [{"role": "user", "content": "Hello"}]
    asked = {
        "/v1/responses": {"model": MODEL, "input": "Hello", "store": False},
        "/v1/completions": {"model": MODEL, "prompt": "Hello"},
        "/v1/embeddings": {"model": "titan-embed-text-v2", "input": "Hello"},
        "/v1/messages": {"model": MODEL, "max_tokens": 50, "messages": text},
        f"/bedrock/model/{MODEL}/invoke": {
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": text,
        },
        f"/bedrock/model/{MODEL}/invoke-with-response-stream": {
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": text,
        },
    }  # fmt: skip
    for path, body in asked.items():
        before = world.count_received()
        headers = {"authorization": f"Bearer {world.key}", "idempotency-key": f"{key} {path}"}
        answers = [
            HTTP.post(url + path, json=body, headers=headers, timeout=30)
            for url in (world.url, other.url, world.url)
        ]
        assert {answer.status_code for answer in answers} == {200}, (path, answers[0].text)
        assert len({answer.content for answer in answers}) == 1, path
        assert world.count_received() == before + 1, path
        assert "x-gatehouse-replayed" in answers[1].headers


def test_a_stream_cut_midway_goes_on_and_the_retry_gets_all_of_it(world, other, key):
    for region in REGIONS:
        world.fault(region, tokens_per_second=40)
    before = world.count_received()
    body = {
        "model": MODEL,
        "stream": True,
        "messages": [{"role": "user", "content": "Count [simulate: tokens=60]"}],
    }
    headers = {"authorization": f"Bearer {world.key}", "idempotency-key": key}
    with HTTP.stream("POST", f"{world.url}/v1/chat/completions", json=body, headers=headers) as first:
        lines = first.iter_lines()
        seen = [next(lines) for _ in range(6)]
    call_id = first.headers["x-gatehouse-call-id"]
    again = [
        HTTP.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=30)
        for url in (other.url, world.url)
    ]
    assert world.count_received() == before + 1
    for answer in again:
        assert answer.headers["x-gatehouse-replayed"] == call_id
        assert answer.headers["content-type"] == first.headers["content-type"]
        assert answer.text.splitlines()[:6] == seen
        assert answer.text.rstrip().endswith("data: [DONE]")
    record = world.record(call_id)
    assert record["status"] == "succeeded"
    assert not record["is_estimated"]


def test_another_body_is_refused_in_each_format(world, other, key):
    first = chat(world, key, "One")
    before = world.count_received()
    for url in (world.url, other.url):
        answer = chat(world, key, "Two", url=url)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
        assert answer.json()["error"]["type"] == "invalid_request_error"
        assert answer.headers["x-should-retry"] == "false"
        assert world.record(answer.headers["x-gatehouse-call-id"])["code"] == "idempotency_key_reused"
    headers = {"authorization": f"Bearer {world.key}", "idempotency-key": key}
    body = {"model": MODEL, "max_tokens": 50, "messages": [{"role": "user", "content": "One"}]}
    answer = HTTP.post(f"{world.url}/v1/messages", json=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "invalid_request_error")
    body = {"messages": [{"role": "user", "content": [{"text": "One"}]}]}
    answer = HTTP.post(f"{world.url}/bedrock/model/{MODEL}/converse", json=body, headers=headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    tagged = HTTP.post(
        f"{world.url}/v1/chat/completions",
        json={"model": MODEL, "messages": [{"role": "user", "content": "One"}]},
        headers={**headers, "x-gatehouse-feature": "other"},
    )
    assert tagged.status_code == 422
    assert world.count_received() == before
    assert chat(world, key, "One").headers["x-gatehouse-replayed"] == first.headers["x-gatehouse-call-id"]


@pytest.mark.parametrize("given", ["", "a" * 256, "tab\there"])
def test_a_key_that_is_none(world, given):
    answer = chat(world, given)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Idempotency-Key")


def test_the_same_key_of_another_application_is_another(world, key):
    def make() -> tuple[str, str, str]:
        team = Team.objects.get(name="Tests")
        one, two = (
            team.applications.filter(name=name).first() or make_application(team, name)
            for name in ("Idempotent one", "Idempotent two")
        )
        return make_key(one, "").text, make_key(one, "").text, make_key(two, "").text

    first, rotated, foreign = world.stack.make(make)
    world.knows(foreign)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Mine"}]}
    made, same, others = (
        world.post(key=text, json=body, headers={"idempotency-key": key})
        for text in (first, rotated, foreign)
    )
    assert same.headers["x-gatehouse-replayed"] == made.headers["x-gatehouse-call-id"]
    assert "x-gatehouse-replayed" not in others.headers
    assert others.status_code == 200


def test_what_was_refused_or_failed_before_it_cost_anything_may_be_tried_again(world, other, key):
    refused = chat(world, key, "Hello", model="no-such-model")
    assert refused.status_code == 404
    for region in REGIONS:
        world.fault(region, throttle_rate=1.0)
    failed = chat(world, key)
    assert failed.status_code == 429, failed.text
    world.heal()
    before = world.count_received()
    answers = [chat(world, key), chat(world, key, url=other.url)]
    all_told_the_same(world, before, answers)


def test_many_over_two_processes_make_one_call(world, other, key):
    for region in REGIONS:
        world.fault(region, latency_ms=3000)
    before = world.count_received()
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {world.key}", "idempotency-key": key}

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=100)  # of one address, more may be cut before they show a key
        async with httpx.AsyncClient(timeout=120, limits=limits) as client:
            urls = [f"{(world.url, other.url)[n % 2]}/v1/chat/completions" for n in range(MANY)]
            return await asyncio.gather(*(client.post(url, json=body, headers=headers) for url in urls))

    answers = asyncio.run(ask())
    assert Counter(answer.status_code for answer in answers) == {200: MANY}
    assert world.count_received() == before + 1
    assert len({answer.content for answer in answers}) == 1
    first = [answer for answer in answers if "x-gatehouse-replayed" not in answer.headers]
    assert len(first) == 1
    spent = world.execute(
        "SELECT count(*) AS calls, count(*) FILTER (WHERE cost_nanos > 0) AS charged FROM governance_auditrecord "
        "WHERE call_id = %s OR checks->>'replayed' = %s",
        first[0].headers["x-gatehouse-call-id"],
        first[0].headers["x-gatehouse-call-id"],
    )
    assert spent == [{"calls": MANY, "charged": 1}]


def left(world: World, request_id: str) -> dict[str, Any]:
    statement = "SELECT status, cost_nanos FROM governance_auditrecord WHERE request_id = %s"
    until(lambda: world.execute(statement, request_id), what="the record of who left")
    return world.execute(statement, request_id)[0]


def test_who_waits_leaves_when_its_client_does(world, other, key):
    for region in REGIONS:
        world.fault(region, latency_ms=4000)
    first = ThreadPoolExecutor(1).submit(chat, world, key)
    until(lambda: world.execute("SELECT 1 FROM governance_idempotentcall WHERE state = 'running'"))
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    request_ids = {}
    for url in (world.url, other.url):
        request_ids[url] = str(uuid4())
        headers = {
            "authorization": f"Bearer {world.key}",
            "idempotency-key": key,
            "x-request-id": request_ids[url],
        }
        with suppress(httpx.ReadTimeout):
            HTTP.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=0.5)
    for request_id in request_ids.values():
        assert left(world, request_id) == {"status": "cancelled", "cost_nanos": 0}
    assert first.result().status_code == 200


def test_a_killed_process_gives_its_key_back(world, other, key):
    """At the latest when it has been silent for as long as its holds take it for dead, and still is at a second look."""
    dying = world.stack.gateway()
    for region in REGIONS:
        world.fault(region, latency_ms=60_000)
    threading.Thread(target=lambda: _quietly(lambda: chat(world, key, url=dying.url)), daemon=True).start()
    until(lambda: world.execute("SELECT 1 FROM governance_idempotentcall WHERE state = 'running'"))
    time.sleep(0.5)
    dying.kill()
    world.heal()
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda url: chat(world, key, url=url), (world.url, other.url) * 2))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("x-gatehouse-replayed" not in answer.headers for answer in answers) == 1
    assert time.monotonic() - begun > 10  # not at the first look


def test_clients_that_leave_at_any_moment_leave_no_key_behind(world, other):
    before, keys = world.count_received(), [str(uuid4()) for _ in range(60)]
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}

    def leave(number: int) -> None:
        url = (world.url, other.url)[number % 2]
        headers = {"authorization": f"Bearer {world.key}", "idempotency-key": keys[number]}
        _quietly(
            lambda: HTTP.post(
                f"{url}/v1/chat/completions", json=body, headers=headers, timeout=0.002 + number / 1000
            )
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(leave, range(60)))
    answers = [chat(world, key) for key in keys]
    assert {answer.status_code for answer in answers} == {200}
    assert world.count_received() == before + 60
    until(lambda: not world.execute("SELECT 1 FROM governance_idempotentcall WHERE state = 'running'"))


def _quietly(work: Any) -> None:
    with suppress(httpx.HTTPError):
        work()


def test_an_answer_is_kept_for_a_day_and_swept(world, key):
    first = chat(world, key)
    kept = row(world, first.headers["x-gatehouse-call-id"])
    assert 23 < (kept["expires_at"] - kept["claimed_at"]).total_seconds() / 3600 < 25
    world.execute(
        "UPDATE governance_idempotentcall SET expires_at = now() - interval '1 second' WHERE id = %s",
        kept["id"],
    )
    before = world.count_received()
    again = chat(world, key, "Something else")
    assert again.status_code == 200
    assert "x-gatehouse-replayed" not in again.headers
    assert world.count_received() == before + 1
    world.execute(
        "UPDATE governance_idempotentcall SET expires_at = now() - interval '1 second' WHERE call_id = %s",
        again.headers["x-gatehouse-call-id"],
    )
    assert world.stack.make(lambda: drop_expired(now=utc_now())) >= 1


def test_an_answer_goes_with_the_teams_key_and_is_not_charged_again(world, key):
    def make() -> str:
        team, _ = Team.objects.get_or_create(name="Erasing")
        return make_key(make_application(team, "Erasing"), "").text

    text = world.stack.make(make)
    world.set_budget(team="Erasing", limit_nanos=10**15)
    world.knows(text)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"idempotency-key": key}
    first = world.post(key=text, json=body, headers=headers)
    assert first.status_code == 200

    def erase() -> None:
        keys = TeamKey.objects.filter(team__name="Erasing")
        team_keys.erase(keys, by=make_person("eraser-of-answers"), reason="A test.", now=utc_now())

    world.stack.make(erase)
    before = world.count_received()

    def is_spent() -> bool:
        answer = world.post(key=text, json=body, headers=headers)
        return answer.status_code == 409 and answer.json()["error"]["code"] == "idempotency_key_spent"

    until(is_spent, what="the end of the answer")
    assert world.count_received() == before


def test_a_policy_that_keeps_no_words_keeps_no_answer_and_charges_once(world, key):
    text = world.new_key(team="Wordless")
    world.set_budget(team="Wordless", limit_nanos=10**15)
    world.set_policy({"bodies": "none"}, team="Wordless", key=text)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    first, again = (world.post(key=text, json=body, headers={"idempotency-key": key}) for _ in range(2))
    assert first.status_code == 200
    assert row(world, first.headers["x-gatehouse-call-id"])["sealed"] is None
    assert (again.status_code, again.json()["error"]["code"]) == (409, "idempotency_key_spent")
    assert again.headers["x-should-retry"] == "false"


def test_a_replay_counts_as_a_request(world, key):
    world.new_key(team="Counting replays")
    world.set_budget(team="Counting replays", limit_nanos=10**15)
    world.set_rate_limit(team="Counting replays", metric="requests", limit=3)
    text = world.new_key(team="Counting replays")
    world.knows(text)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    outcomes = Counter(
        world.post(key=text, json=body, headers={"idempotency-key": key}).status_code for _ in range(5)
    )
    assert outcomes == {200: 3, 429: 2}


def test_a_call_without_a_key_leaves_nothing(world):
    before = world.execute("SELECT count(*) AS number FROM governance_idempotentcall")
    answer = world.chat()
    assert "x-gatehouse-replayed" not in answer.headers
    assert world.execute("SELECT count(*) AS number FROM governance_idempotentcall") == before
    assert json.loads(answer.content)["choices"]
