"""Providers beside Bedrock that answer in ways of their own: what is understood all the same, what is an error, and what is charged."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.events import Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart, Usage
from gateway.providers import transport
from gateway.providers.anthropic.vendor import headroom_of
from gateway.providers.direct.errors import refusal_of, told_by, wait_of
from gateway.providers.openai.embeddings import vectors
from gateway.providers.openai.errors import RULES
from gateway.refusals import Refusal
from tests.gateway.providers.raw_provider import chat, delta, events, http, raw_provider
from tests.gateway.providers.test_direct_client import answered, attempt_of, providers

OURS, THEIRS = "openai-compatible", "anthropic"
USED = {"prompt_tokens": 5, "completion_tokens": 3}
MESSAGE = {
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 3},
}
DAY = 24 * 3600


async def said(
    answer: bytes, provider: str = OURS, *, is_streamed: bool, hangs: bool = False, **fields: Any
) -> Any:
    """The events, or the refusal."""
    async with raw_provider() as raw, providers() as known:
        raw.answer, raw.hangs = answer, hangs
        attempt = attempt_of("", provider, **{"base_url": raw.url, "seconds": 8.0} | fields)
        try:
            return await answered(known[provider], attempt, is_streamed=is_streamed)
        except Refusal as refusal:
            return refusal


def used(found: Any) -> Usage | None:
    """What the answer used; None where that is estimated."""
    assert isinstance(found[-1], Finished), found
    return None if found[-1].is_cut else found[-1].usage


USAGES: list[tuple[Any, Usage | None]] = [
    (None, None),
    ({}, None),
    ({"total_tokens": 50}, None),
    ({"prompt_tokens": 0, "completion_tokens": 0}, None),
    ({"prompt_tokens": 5, "completion_tokens": 0}, None),
    ({"prompt_tokens": -5, "completion_tokens": -100}, None),
    ({"prompt_tokens": 5, "completion_tokens": -100}, None),
    ({"prompt_tokens": 10**25, "completion_tokens": 3}, None),
    ({"prompt_tokens": 5, "completion_tokens": 10**12}, None),
    ({"prompt_tokens": "5", "completion_tokens": "3"}, None),
    ([5, 3], None),
    (USED, Usage(input=5, output=3)),
    ({"prompt_tokens": 5.0, "completion_tokens": 2.5}, Usage(input=5, output=3)),
    ({**USED, "total_tokens": 8}, Usage(input=5, output=3)),
    ({**USED, "total_tokens": 108, "completion_tokens_details": {"reasoning_tokens": 100}}, Usage(input=5, output=103)),
    ({**USED, "prompt_tokens_details": {"cached_tokens": 4}}, Usage(input=1, cache_read=4, output=3)),
    ({**USED, "prompt_tokens_details": {"cached_tokens": -4}}, Usage(input=5, output=3)),
    ({**USED, "prompt_tokens_details": {"cached_tokens": None, "audio_tokens": 2}}, Usage(input=5, output=3)),
    ({**USED, "total_tokens": 58, "prompt_tokens_details": {"cached_tokens": 50}}, Usage(input=5, cache_read=50, output=3)),
]  # fmt: skip


@pytest.mark.parametrize(("usage", "expected"), USAGES)
async def test_what_can_t_have_been_used_is_estimated_and_all_else_is_charged(usage, expected):
    whole = await said(http(200, chat(usage=usage)), is_streamed=False)
    assert used(whole) == expected
    last = {"choices": [], "usage": usage}
    stream = await said(events(delta({"content": "Hi"}), delta({}, "stop"), last), is_streamed=True)
    assert used(stream) == expected


async def test_of_sums_the_last_that_says_something_counts():
    several = (
        delta({"content": "Hi"}, usage={"prompt_tokens": 5, "completion_tokens": 1}),
        delta({}, usage=USED),
    )
    found = await said(
        events(*several, delta({}, "stop", usage={"prompt_tokens": 0, "completion_tokens": 0})),
        is_streamed=True,
    )
    assert used(found) == Usage(input=5, output=3)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, None),
        ({"input_tokens": 0, "output_tokens": 3}, None),
        ({"input_tokens": 5, "output_tokens": 0}, None),
        ({"input_tokens": -5, "output_tokens": -3}, None),
        ({"input_tokens": 10**15, "output_tokens": 3}, None),
        (
            {"input_tokens": 0, "output_tokens": 3, "cache_read_input_tokens": 9},
            Usage(cache_read=9, output=3),
        ),
        ({"input_tokens": 5, "output_tokens": 3}, Usage(input=5, output=3)),
    ],
)
@pytest.mark.parametrize("is_streamed", [False, True])
async def test_the_same_of_anthropic(usage, expected, is_streamed):
    answer = http(200, {**MESSAGE, "usage": usage})
    if is_streamed:
        answer = events(
            {"type": "message_start", "message": {"content": [], "usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
            {"type": "message_stop"},
            end=b"",
        )
    assert used(await said(answer, THEIRS, is_streamed=is_streamed)) == expected


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -7}, {"prompt_tokens": 10**20}, [1], 7])
def test_vectors_whose_tokens_nobody_says_are_had_all_the_same(usage):
    answer = {"data": [{"index": 0, "embedding": [0.5]}], "usage": usage}
    assert vectors(json.dumps(answer).encode(), 1) == ([[0.5]], 0)


@pytest.mark.parametrize("provider", [OURS, THEIRS])
async def test_what_was_asked_for_as_a_stream_may_come_whole(provider):
    body = chat(usage=USED) if provider == OURS else MESSAGE
    found = await said(http(200, body), provider, is_streamed=True)
    assert used(found) == Usage(input=5, output=3)
    assert [event.text for event in found if isinstance(event, TextDelta)] == ["Hi"]


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("provider", [OURS, THEIRS])
async def test_an_answer_that_goes_on_and_on_is_left(monkeypatch, provider, is_streamed):
    """What comes whole, but does not say how long it is."""
    monkeypatch.setattr(transport, "_MAX_ANSWER_BYTES", 1000)
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[" + b" " * 10_000
    found = await said(answer, provider, is_streamed=is_streamed, hangs=True)
    assert (found.code, found.may_be_billed) == ("upstream_error", True)
    assert "broke" in found.message


def call(number: int | None, call_id: str | None, name: str | None, arguments: Any) -> dict[str, Any]:
    found = {"index": number, "id": call_id, "function": {"name": name, "arguments": arguments}}
    return {"tool_calls": [{key: value for key, value in found.items() if value is not None}]}


TOOLS = [
    # calls that all have the number 0, told apart by their ids
    ([call(0, "a", "f", '{"x":1}'), call(0, "b", "f", '{"x":2}')], [("a", '{"x":1}'), ("b", '{"x":2}')]),
    ([call(None, "a", "f", '{"x":1}'), call(None, "b", "g", '{"x":2}')], [("a", '{"x":1}'), ("b", '{"x":2}')]),
    # an id and a name that are said again with each piece
    ([call(0, "a", "f", '{"x"'), call(0, "a", "f", ":2}")], [("a", '{"x":2}')]),
    # another id with each piece, and no name
    ([call(0, "a", "f", '{"x"'), call(0, "b", None, ":2}")], [("a", '{"x":2}')]),
    ([call(None, "a", "f", '{"x"'), call(None, None, None, ":2}")], [("a", '{"x":2}')]),
    # arguments that are no text
    ([call(0, "a", "f", {"x": [1]})], [("a", '{"x":[1]}')]),
]  # fmt: skip


@pytest.mark.parametrize(("pieces", "expected"), TOOLS)
async def test_calls_of_tools_are_told_apart(pieces, expected):
    found = await said(events(*map(delta, pieces), delta({}, "tool_calls")), is_streamed=True)
    calls: list[tuple[str, str]] = []
    for event in found:
        if isinstance(event, ToolStart):
            calls.append((event.tool_use_id, ""))
        elif isinstance(event, ToolDelta):
            calls[-1] = calls[-1][0], calls[-1][1] + event.arguments
    assert calls == expected


async def test_content_in_parts_and_other_choices():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Hi"},
        {"type": "reference", "reference_ids": [1]},
    ]
    answer = chat({"content": parts}, usage=USED)
    answer["choices"].insert(0, {"index": 1, "message": {"content": "Not this"}, "finish_reason": "length"})
    found = await said(http(200, answer), is_streamed=False)
    assert [event.text for event in found if isinstance(event, (TextDelta, ReasoningDelta))] == ["Hm.", "Hi"]
    assert found[-1].stop_reason == "end_turn"
    unknown = await said(http(200, chat({"content": [{"type": "image_url"}]})), is_streamed=False)
    assert unknown.may_be_billed


BAD = (
    b'{"choices": [{"message": {"content": "\xff"}, "delta": {"content": "\xff"}, "finish_reason": "stop"}]}'
)


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("provider", [OURS, THEIRS])
async def test_bytes_that_are_no_text_are_an_answer_that_can_t_be_read(provider, is_streamed):
    answer = events(BAD) if is_streamed else http(200, BAD)
    if provider == THEIRS:
        answer = events(b'{"type": "\xff"}') if is_streamed else http(200, b'{"content": [{"text": "\xff"}]}')
    found = await said(answer, provider, is_streamed=is_streamed)
    assert (found.code, found.may_be_billed) == ("upstream_error", True)


FAULTS: list[tuple[int, Any, str, bool]] = [
    # status, body; the code, whether only administrators can mend it
    (301, b"", "upstream_error", True),
    (307, b"<html>", "upstream_error", True),
    (405, b"", "upstream_error", True),
    (410, b"", "upstream_error", True),
    (500, b"<html>", "upstream_error", False),
    (529, b"", "upstream_error", False),
    (400, [{"error": {"code": 400, "message": "API key expired. Please renew the API key."}}], "upstream_error", True),
    (200, {"error": {"code": 401, "message": "No."}}, "upstream_error", True),
    (200, {"error": {"code": 429, "message": "Slow."}}, "upstream_throttled", False),
    (200, {"error": {"code": 502, "message": "Down."}, "choices": [{"message": {"content": ""}, "finish_reason": "error"}]},
     "upstream_error", False),
    (200, {"object": "error", "type": "BadRequestError", "code": 400, "message": "No."}, "invalid_request", False),
]  # fmt: skip


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize(("status", "body", "code", "is_for_admins"), FAULTS)
async def test_an_error_in_any_shape_is_told_by_what_it_means(status, body, code, is_for_admins, is_streamed):
    answer = http(status, body)
    found = await said(answer, is_streamed=is_streamed)
    assert (found.code, bool(found.for_admins), found.may_be_billed) == (code, is_for_admins, False), found
    if status == 200:
        within = await said(events(body), is_streamed=True)
        assert (within.code, within.exception) == (found.code, found.exception)


async def test_an_event_that_is_called_an_error_is_one():
    answer = http(
        200, b'event: error\ndata: {"code": "overloaded", "message": "Busy."}\n\n', kind="text/event-stream"
    )
    found = await said(answer, is_streamed=True)
    assert (found.exception, found.may_be_billed) == ("overloaded", False)


@pytest.mark.parametrize("status", [201, 202, 204])
async def test_who_took_the_request_may_bill_it(status):
    assert (await said(http(status), is_streamed=False)).may_be_billed


async def test_an_error_is_one_though_its_words_never_come(monkeypatch):
    monkeypatch.setattr(transport, "_ERROR_SECONDS", 0.2)
    monkeypatch.setattr(transport, "_MAX_ERROR_BYTES", 1000)
    cut = await said(http(503, b'{"err', length=500), is_streamed=False)
    hung = await said(http(429, b'{"err', length=500), is_streamed=True, hangs=True)
    endless = await said(http(500, b"x" * 5000, length=10**9), is_streamed=False, hangs=True)
    assert [(each.code, each.may_be_billed) for each in (cut, hung, endless)] == [
        ("upstream_error", False), ("upstream_throttled", False), ("upstream_error", False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1.5"}, 2),
        ({"retry-after": "0.2"}, 1),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 200}, DAY),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "1500.5"}, 2),
        ({"retry-after-ms": "x", "retry-after": "3"}, 3),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Mon, 30 Nov 2026 11:00:00 GMT"}, 1),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:00 +9999999999999999"}, None),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30 -0000"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_any_form(headers, seconds):
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert wait_of(lambda name: headers.get(name, ""), now=now) == seconds


def test_resets_beyond_the_calendar_are_not_read():
    headers = {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "0001-01-01T00:00:00+14:00",
    }
    found = headroom_of(lambda name: headers.get(name, ""))
    assert found is not None
    assert found.rests == 0.0


@pytest.mark.parametrize("before", [0, 470, 495, 499])
def test_no_piece_of_a_key_is_repeated(before):
    key = "sk-proj-" + "k" * 60
    body = f'{{"error": {{"code": "no {key}", "message": "{"x" * before}{key} is no key, {key}"}}}}'
    refusal = refusal_of(told_by(body.encode()), status=500, title="It", rules=RULES, secret=key)
    for text in (refusal.message, refusal.exception, refusal.detail):
        assert "sk-p" not in text


def test_names_of_errors_are_short_and_of_one_line():
    body = b'{"error": {"code": "a\\nb' + b"x" * 5000 + b'", "message": "No."}}'
    refusal = refusal_of(told_by(body), status=500, title="It", rules=RULES)
    assert len(refusal.exception) <= 100
    assert "\n" not in refusal.exception
