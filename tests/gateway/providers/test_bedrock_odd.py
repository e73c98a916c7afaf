"""Bedrock behind something that answers in ways of its own: a proxy, a balancer, half a connection."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.providers import transport
from gateway.providers.bedrock.client import BedrockClient
from gateway.providers.bedrock.errors import wait_of
from gateway.providers.provider import Attempt
from gateway.providers.transport import Transport
from gateway.refusals import Refusal
from tests.gateway.providers.raw_provider import http, raw_provider

BODY = b'{"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}'


@asynccontextmanager
async def bedrock(url: str) -> AsyncIterator[BedrockClient]:
    credentials: Any = SimpleNamespace(bearer_token="a-token")
    client = BedrockClient(
        transport=Transport(max_connections=5, connect_timeout_seconds=2),
        credentials=credentials,
        endpoint_url=url,
    )
    try:
        yield client
    finally:
        await client.close()


async def refused(answer: bytes, *, is_streamed: bool, hangs: bool = False) -> Refusal:
    async with raw_provider() as raw, bedrock(raw.url) as client:
        raw.answer, raw.hangs = answer, hangs
        ask = client.converse_stream if is_streamed else client.converse
        with pytest.raises(Refusal) as raised:
            async with aclosing(ask(Attempt("us-east-1", "amazon.nova-lite-v1:0", 8.0), BODY)) as events:
                [event async for event in events]
    return raised.value


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_an_error_is_one_though_its_words_never_come(monkeypatch, is_streamed):
    monkeypatch.setattr(transport, "_ERROR_SECONDS", 0.2)
    throttled = "x-amzn-errortype: ThrottlingException"
    cut = await refused(http(503, b'{"mess', length=500), is_streamed=is_streamed)
    hung = await refused(http(429, b'{"mess', throttled, length=500), is_streamed=is_streamed, hangs=True)
    assert (cut.code, cut.may_be_billed, cut.may_ask_another) == ("upstream_error", False, True)
    assert (hung.code, hung.may_be_billed) == ("upstream_throttled", False)


async def test_bytes_that_are_no_text_are_an_answer_that_can_t_be_read():
    bad = b'{"output": {"message": {"content": [{"text": "\xff"}]}}, "stopReason": "end_turn", "usage": {}}'
    found = await refused(http(200, bad), is_streamed=False)
    assert (found.code, found.may_be_billed) == ("upstream_error", True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"x-amz-retry-after": "1500.5"}, 1.5005),
        ({"x-amz-retry-after": "0"}, 0.0),
        ({"x-amz-retry-after": "-1"}, None),
        ({"x-amz-retry-after": "soon", "retry-after": "2"}, 2.0),
        ({"x-amz-retry-after": "9" * 200}, 24 * 3600.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:00 +9999999999999999"}, None),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 30 Nov 2026 11:00:00 GMT"}, 0.0),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_any_form(headers, seconds):
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert wait_of(lambda name: headers.get(name, ""), now=now) == seconds
