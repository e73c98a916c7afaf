"""Answers, errors and headers of providers beside Bedrock, as events, refusals and head-room."""

import json
from datetime import UTC, datetime

import pytest

from gateway.catalogue.base_urls import problem_of
from gateway.catalogue.services.try_account import _USUAL
from gateway.events import (
    BlockStop,
    Citations,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
)
from gateway.providers.anthropic.answer import MessagesReader, decode_event
from gateway.providers.anthropic.errors import RULES as ANTHROPIC_RULES
from gateway.providers.anthropic.vendor import headroom_of as anthropic_headroom
from gateway.providers.ask import VENDORS
from gateway.providers.direct.errors import refusal_of, told_by, wait_of
from gateway.providers.openai.answer import ChatReader, NoAnswerError, decode_chunk
from gateway.providers.openai.embeddings import embedding_bodies, vectors
from gateway.providers.openai.errors import RULES
from gateway.providers.openai.headroom import headroom_of, seconds_of
from gateway.providers.openai.strict_schemas import is_strict
from gateway.providers.provider import Headroom


def chat(*chunks, **options):
    reader = ChatReader(**options)
    events = [event for chunk in chunks for event in reader.feed(decode_chunk(json.dumps(chunk).encode()))]
    return [*events, *reader.end()], reader


def delta(reason=None, **said):
    return {"choices": [{"index": 0, "delta": said, "finish_reason": reason}]}


def test_calls_that_come_one_after_the_other_are_blocks_of_their_own():
    events, _ = chat(
        delta(role="assistant", content=""),
        delta(content="I look"),
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]),
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"x":1}'}}]),
        delta("stop"),
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2}}},
    )  # fmt: skip
    assert events == [
        TextDelta(0, "I look"), BlockStop(0), ToolStart(1, "a", "f"), ToolDelta(1, "{}"), BlockStop(1),
        ToolStart(2, "b", "g"), ToolDelta(2, '{"x":1}'), BlockStop(2),
        Finished("tool_use", Usage(input=4, output=4, cache_read=3, cache_write=2)),
    ]  # fmt: skip


def test_what_was_used_is_estimated_where_nobody_says():
    events, _ = chat(delta("length", content="Hm"))
    assert events[-1] == Finished("max_tokens", Usage(), is_cut=True)


def test_reasoning_and_refusals_of_servers_that_say_them():
    events, _ = chat(delta(reasoning_content="hm"), delta("stop", refusal="No."))
    assert events[:4] == [ReasoningDelta(0, "hm"), BlockStop(0), TextDelta(1, "No."), BlockStop(1)]
    assert events[-1].stop_reason == "refusal"


def test_an_answer_without_a_reason_is_not_complete():
    assert not chat(delta(content="Hm"))[1].is_complete


def test_calls_that_are_mixed_up_are_no_answer():
    first = {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}
    second = {"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}}
    with pytest.raises(NoAnswerError):
        chat(
            delta(tool_calls=[first, second]),
            delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]),
        )
    with pytest.raises(NoAnswerError):
        chat(delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]))


def test_sources_come_with_the_first_text():
    chunk = delta("stop", content="Hi") | {"citations": ["https://example.com/a"]}
    events, _ = chat(chunk, searches=True)
    (found,) = next(event for event in events if isinstance(event, Citations)).found
    assert found["location"] == {"web": {"url": "https://example.com/a", "domain": "example.com"}}
    assert not any(isinstance(event, Citations) for event in chat(chunk)[0])


def test_anthropic_s_stream_is_summed_up():
    told = [
        {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 5, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 2, "output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 4}}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "ping"},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "brand_new", "text": "Said"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "brand_new_delta", "text": "not told twice"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"}, "usage": {"output_tokens": 30, "input_tokens": 0}},
    ]  # fmt: skip
    reader = MessagesReader(takes_raw=False)
    events = [event for each in told for event in reader.feed(decode_event(json.dumps(each).encode()))]
    assert not reader.is_finished
    events += reader.feed(decode_event(b'{"type": "message_stop"}'))
    assert reader.is_finished
    usage = Usage(input=5, output=30, cache_read=2, cache_write=3, cache_write_1h=4)
    assert events == [
        ReasoningDelta(0, "hm"), ReasoningDelta(0, signature="s"), BlockStop(0), TextDelta(1, "Said"), BlockStop(1),
        Finished("stop_sequence", usage, stop_sequence="END"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>502</html>", b"[]", b'{"error": "text"}', b'{"error": {"message": null, "code": 7}}', b'{"detail": [{"msg": "x"}]}', b'{"message": "m"}'],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 400, 401, 404, 418, 429, 500, 529])
def test_every_error_is_a_refusal(body, status):
    for rules in (RULES, ANTHROPIC_RULES):
        refusal = refusal_of(told_by(body), status=status, title="It", rules=rules)
        assert refusal.message
        assert bool(refusal.for_admins) is (status in (401, 404))
        assert refusal.is_upstream is (status != 400)


def test_a_key_is_never_repeated():
    told = told_by(
        b'{"error": {"message": "Incorrect API key provided: sk-very-secret", "code": "invalid_api_key"}}'
    )
    refusal = refusal_of(told, status=401, title="OpenAI", rules=RULES, secret="sk-very-secret")
    assert "secret" not in refusal.message + refusal.detail
    assert not refusal.may_retry
    assert refusal.may_fail_over


def test_quotas_are_read():
    said = {
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-remaining-tokens": "100",
        "x-ratelimit-reset-tokens": "1m0.5s",
        "x-ratelimit-reset-requests": "x",
    }
    assert headroom_of(lambda name: said.get(name, "")) == Headroom(
        requests=9, tokens=100, resets_seconds=60.5
    )
    assert headroom_of(lambda name: "") is None
    assert [seconds_of(text) for text in ("6m0s", "120ms", "", "soon")] == [360.0, 0.12, None, None]
    now = datetime(2026, 11, 1, tzinfo=UTC)
    said = {
        "anthropic-ratelimit-input-tokens-remaining": "5",
        "anthropic-ratelimit-tokens-reset": "2026-11-01T00:00:30Z",
    }
    found = anthropic_headroom(lambda name: said.get(name, ""), now=now)
    assert found == Headroom(input_tokens=5, resets_seconds=30.0)
    assert wait_of(lambda name: {"retry-after-ms": "1500"}.get(name, ""), now=now) == 2
    assert wait_of(lambda name: {"retry-after": "Sun, 01 Nov 2026 00:00:09 GMT"}.get(name, ""), now=now) == 9


def test_vectors_are_had_in_as_many_requests_as_it_takes():
    bodies = list(embedding_bodies("m", ["x" * 200_000, "y" * 200_000, "z"], None, None))
    assert [number for _, number in bodies] == [1, 2]
    answer = {
        "data": [{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}],
        "usage": {"prompt_tokens": 3},
    }
    assert vectors(json.dumps(answer).encode(), 2) == ([[1], [2]], 3)
    with pytest.raises(ValueError, match="not a vector"):
        vectors(json.dumps(answer).encode(), 3)


def test_schemas_of_strict_mode():
    inner = {"type": "object", "properties": {}, "additionalProperties": False}
    strict = {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}, "b": inner},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert is_strict(strict)
    for wrong in (
        {**strict, "required": ["a"]},
        {**strict, "additionalProperties": True},
        {**strict, "oneOf": []},
        {**strict, "properties": {"a": {}, "b": inner}},
        {"type": "array", "items": strict},
        [],
    ):
        assert not is_strict(wrong)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://api.example.com/v1", True),
        ("https://93.184.215.14/v1", True),
        ("http://api.example.com/v1", False),
        ("https://localhost/v1", False),
        ("https://10.0.0.7/v1", False),
        ("https://169.254.169.254/latest", False),
        ("https://[::1]:8000/", False),
        ("https://[::ffff:10.0.0.1]/", False),
        ("https://vault.internal/", False),
        ("https://user:pass@api.example.com/", False),
        ("https://api.example.com/v1?key=1", False),
        ("https://[::1/", False),
        ("ftp://api.example.com/", False),
        ("https://10.0.0.7\\.example.com/v1", False),
        ("https://10.0.0.7%5c.example.com/v1", False),
        ("https://vault.internal./", False),
        ("https://api.example.com/v1/chat/completions", False),
        ("https://api.anthropic.com/v1/messages/", False),
        ("https://API.Example.com:8443/a/v1/", True),
        ("", False),
    ],
)
def test_addresses_of_the_own_network_are_not_asked(url, is_taken):
    assert (problem_of(url, allow_private=False) == "") is is_taken


def test_an_account_is_tried_where_it_is_asked():
    for kind, url in _USUAL.items():
        assert VENDORS[kind].base_url == url
