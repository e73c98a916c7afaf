"""A stream whose first token takes long: the head goes out, then what keeps the connection; clients see the answer alone."""

import json

import boto3
import httpx
import pytest
from anthropic import Anthropic
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from openai import OpenAI

from tests.e2e.conftest import MODEL, World
from tests.services import Server

HELLO = {"model": MODEL, "max_tokens": 50, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
FORMATS = {
    "openai": ("/v1/chat/completions", HELLO),
    "anthropic": ("/v1/messages", HELLO),
    "responses": (
        "/v1/responses",
        {"model": MODEL, "max_output_tokens": 50, "stream": True, "input": "Hello"},
    ),
    "converse": (f"/bedrock/model/{MODEL}/converse-stream", CONVERSE),
}


@pytest.fixture(scope="module")
def impatient(shared_world: World) -> Server:
    """A gateway that says something after each 0.2 s of silence."""
    return shared_world.stack.gateway(env={"GATEHOUSE_STREAM_KEEP_ALIVE_SECONDS": "0.2"})


def slow(world, **settings):
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, **settings)


def pieces(url: str, key: str, kind: str) -> tuple[httpx.Response, list[bytes]]:
    path, body = FORMATS[kind]
    headers = {"authorization": f"Bearer {key}"}
    with httpx.stream("POST", url + path, json=body, headers=headers, timeout=30) as answer:
        return answer, list(answer.iter_raw())


def names(kind: str, data: bytes) -> list[str]:
    """What a stream consists of, in order, each kind once where it repeats."""
    if kind == "converse":
        buffer = EventStreamBuffer()
        buffer.add_data(data)
        found = [
            message.headers.get(":event-type") or message.headers[":exception-type"] for message in buffer
        ]
    else:
        blocks = data.decode().strip().split("\n\n")
        found = [
            ":" if block[0] == ":" else json.loads(_data(block)).get("type", "")
            for block in blocks
            if "[DONE]" not in block
        ]
    return [name for number, name in enumerate(found) if number == 0 or found[number - 1] != name]


def _data(block: str) -> str:
    return block.partition("data: ")[2]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_long_thought_is_not_silent(world, impatient, kind):
    slow(world, time_to_first_token_ms=1500)
    answer, parts = pieces(impatient.url, world.key, kind)
    assert answer.status_code == 200
    said = names(kind, b"".join(parts))
    if kind == "converse":
        assert said[0] == "messageStart"
        assert said[-1] == "metadata"
        assert len(parts[0]) == 1  # a byte of a frame, of which a client sees nothing yet
    elif kind == "anthropic":
        assert said[:3] == ["message_start", "ping", "content_block_start"]
        assert said[-1] == "message_stop"
    elif kind == "responses":
        assert said[:3] == [":", "response.created", "response.in_progress"]
        assert said[-1] in ("response.completed", "response.incomplete")
    else:
        assert said == [":", ""]


@pytest.mark.parametrize("kind", FORMATS)
def test_silence_amid_an_answer(world, impatient, kind):
    slow(world, tokens_per_second=1.5)
    path, body = FORMATS[kind]
    short = json.loads(json.dumps(body).replace("Hello", "[simulate: tokens=4]"))
    with httpx.stream("POST", impatient.url + path, json=short, headers={"authorization": f"Bearer {world.key}"}, timeout=30) as answer:  # fmt: skip
        data = answer.read()
    if kind == "converse":
        buffer = EventStreamBuffer()
        buffer.add_data(data)
        deltas = [
            json.loads(each.payload) for each in buffer if each.headers[":event-type"] == "contentBlockDelta"
        ]
        assert {"delta": {"text": ""}, "contentBlockIndex": 0} in [
            {name: value for name, value in delta.items() if name != "p"} for delta in deltas[1:]
        ]
    else:
        mark = b'{"type":"ping"}' if kind == "anthropic" else b": keep-alive\n\n"
        marks = {"anthropic": b'"text_delta"', "responses": b"output_text.delta"}
        first_text = data.index(marks.get(kind, b'"content":"'))
        assert mark in data[first_text:]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_refusal_keeps_its_status_until_the_head_is_sent(world, impatient, kind):
    """Where a call is never tried again: while one waits for that, the head is sent."""
    world.execute("UPDATE gateway_route SET attempts = 1 WHERE name = %s", MODEL)
    world.knows(world.new_key(), impatient.url)
    slow(world, throttle_rate=1.0)
    try:
        answer, _ = pieces(impatient.url, world.key, kind)
    finally:
        world.execute("UPDATE gateway_route SET attempts = NULL WHERE name = %s", MODEL)
        world.knows(world.new_key(), impatient.url)
    assert answer.status_code == 429


@pytest.mark.parametrize("kind", FORMATS)
def test_a_later_refusal_is_told_in_the_stream(world, impatient, kind):
    world.execute("UPDATE gateway_route SET timeout_seconds = 1 WHERE name = %s", MODEL)
    world.knows(world.new_key(), impatient.url)
    slow(world, latency_ms=8000)
    try:
        answer, parts = pieces(impatient.url, world.key, kind)
    finally:
        world.execute("UPDATE gateway_route SET timeout_seconds = 300 WHERE name = %s", MODEL)
        world.knows(world.new_key(), impatient.url)
    assert answer.status_code == 200
    data = b"".join(parts)
    if kind == "converse":
        assert names(kind, data) == ["messageStart", "modelStreamErrorException"]
    elif kind == "anthropic":
        assert names(kind, data) == ["message_start", "ping", "error"]
    else:
        assert names(kind, data)[0] == ":"
        assert (b'"type":"upstream_timeout"' if kind == "responses" else b'"code":"upstream_timeout"') in data
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["code"]) == ("failed", "upstream_timeout")


def test_another_region_may_still_answer(world, impatient):
    error = {"type": "ServiceUnavailableException", "message": "not now"}
    world.fault("us-east-1", latency_ms=800, error=error)
    answer, parts = pieces(impatient.url, world.key, "openai")
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["region"]) == ("succeeded", "us-west-2")
    assert names("openai", b"".join(parts))[0] == ":"


def test_sdks_see_the_answer_alone(world, impatient):
    slow(world, time_to_first_token_ms=700)
    openai = OpenAI(base_url=f"{impatient.url}/v1", api_key=world.key, max_retries=0)
    with openai.chat.completions.create(**HELLO) as chunks:
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    anthropic = Anthropic(base_url=impatient.url, api_key=world.key, max_retries=0)
    with anthropic.messages.stream(**{name: value for name, value in HELLO.items() if name != "stream"} | {"model": "claude-haiku-4-5"}) as stream:  # fmt: skip
        assert stream.get_final_text()
    bedrock = boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=f"{impatient.url}/bedrock",
        aws_access_key_id=world.key, aws_secret_access_key="unused", config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    kinds = [next(iter(event)) for event in bedrock.converse_stream(modelId=MODEL, **CONVERSE)["stream"]]
    assert (kinds[0], kinds[-1], kinds.count("messageStart")) == ("messageStart", "metadata", 1)
    for client in (openai, anthropic, bedrock):
        client.close()
