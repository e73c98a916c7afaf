"""Nothing of a caller's words is anywhere as it was sent: a canary in each place of each format, then everything is searched."""

import json
import re

import pytest

from gateway.conversation import Block, Conversation, Tool
from gateway.entrances.formats.anthropic_request import MessagesRequest
from gateway.entrances.formats.completions import CompletionRequest
from gateway.entrances.formats.embeddings import EmbeddingRequest
from gateway.entrances.formats.openai_request import ChatRequest
from gateway.entrances.formats.rerank import RerankRequest
from gateway.entrances.formats.responses_items import SHAPES
from gateway.entrances.formats.responses_request import ResponsesRequest
from tests.client import HTTP
from tests.e2e.canaries import CANARY, example, numbered, places_of
from tests.e2e.conftest import MODEL
from tests.services import until

pytestmark = pytest.mark.slow

HI = [{"role": "user", "content": "Hi"}]
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
_SPELLED = re.compile(rb"[Ww]ilhelmina[^a-z]{0,3}[Cc]anary\d*")


def _under(body, member):
    return lambda value: body | {member: [value]}


FORMATS = {
    "chat": ("/v1/chat/completions", ChatRequest, lambda value: {"model": MODEL, "messages": HI} | value),
    "messages": ("/v1/messages", MessagesRequest, lambda value: {"model": MODEL, "messages": HI, "max_tokens": 5} | value),
    "converse": (f"/bedrock/model/{MODEL}/converse", Conversation, lambda value: CONVERSE | value),
    "converse block": (f"/bedrock/model/{MODEL}/converse", Block, lambda value: {"messages": [{"role": "user", "content": [value]}]}),
    "converse tool": (f"/bedrock/model/{MODEL}/converse", Tool, lambda value: CONVERSE | {"toolConfig": {"tools": [value]}}),
    "responses": ("/v1/responses", ResponsesRequest, lambda value: {"model": MODEL, "input": "Hi"} | value),
    "completions": ("/v1/completions", CompletionRequest, lambda value: {"model": MODEL, "prompt": "Hi"} | value),
    "embeddings": ("/v1/embeddings", EmbeddingRequest, lambda value: {"model": "titan-embed-text-v2", "input": "Hi"} | value),
    "rerank": ("/v1/rerank", RerankRequest, lambda value: {"model": "rerank-v3-5", "query": "a", "documents": ["b"]} | value),
    **{
        f"item {kind}": ("/v1/responses", shape, lambda value, kind=kind: {"model": MODEL, "input": [{"type": kind} | value]})
        for kind, shape in SHAPES.items()
    },
}  # fmt: skip


def _bodies(shape, whole):
    """Each place once: with the members that the format needs, unless the canary stands in one of them."""
    needed = example(shape)
    for path, value in places_of(shape):
        changed = {
            name: member
            for name, member in value.items()
            if name not in needed or member != needed[name] or shape in (Block, Tool)
        }
        yield path, whole(changed)


@pytest.mark.parametrize("name", FORMATS)
def test_a_canary_in_each_place_is_nowhere_afterwards(world, name):
    path, shape, whole = FORMATS[name]
    asked, statuses, leaks = 0, set(), []
    for place, value in _bodies(shape, whole):
        body = numbered(value, asked)
        assert CANARY.split("{")[0] in body, place
        answer = world.post(path, content=body.encode(), headers={"content-type": "application/json"})
        statuses.add(answer.status_code)
        assert answer.status_code < 500, (place, answer.text)
        if _SPELLED.search(json.dumps(world.received()[-3:]).encode()):
            leaks.append(place)
            HTTP.delete(f"{world.stack.simulator}/_simulator/requests")
        asked += 1
    assert not leaks
    assert asked >= 3
    assert 400 in statuses or 200 in statuses
    _searched(world)


def _searched(world):
    """Every table, Valkey and the logs."""
    until(lambda: not world.execute("SELECT 1 FROM governance_hold"), what="the last settlement")
    tables = world.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for table in tables:
        rows = world.execute(
            f"SELECT t::text AS text FROM \"{table['relname']}\" t WHERE t::text ~* 'wilhelmina'"
        )
        found = [
            row["text"][max(0, match.start() - 80) : match.end() + 20]
            for row in rows
            if (match := re.search(_SPELLED.pattern.decode(), row["text"])) is not None
        ]
        assert not found, (table["relname"], found[:3])
    for value in world.stack.valkey_values():
        assert not _SPELLED.search(value)
    for text in world.stack.logs():
        assert not _SPELLED.search(text.encode())


@pytest.mark.parametrize("header", ["x-gatehouse-end-user", "x-gatehouse-feature", "x-gatehouse-session", "x-request-id", "user-agent",
                                    "traceparent", "tracestate", "anthropic-beta", "x-claude-code-session-id", "session-id", "openai-organization"])  # fmt: skip
def test_nor_is_one_in_a_header(world, header):
    value = CANARY.format(n=7)
    answer = world.post(json={"model": MODEL, "messages": HI}, headers={header: value})
    assert answer.status_code in (200, 400)
    _searched(world)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
def test_nor_in_the_name_of_a_model(world, path):
    body = {"model": CANARY.format(n=8), "max_tokens": 5, "messages": HI, "input": "Hi"}
    assert HTTP.post(world.url + path, json=body, headers={"x-api-key": world.key}).status_code in (400, 404)
    _searched(world)
