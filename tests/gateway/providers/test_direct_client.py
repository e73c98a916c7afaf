"""Providers beside Bedrock asked over HTTP: deadlines, connections that break, addresses, and what they say of quotas."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import pytest

from embedded.ports import free_port
from embedded.simulator.direct.models import KEYS
from gateway.conversation import Conversation, encode
from gateway.events import Finished, TextDelta
from gateway.providers.anthropic.client import MessagesProvider
from gateway.providers.anthropic.vendor import ANTHROPIC
from gateway.providers.direct.client import DirectClient
from gateway.providers.direct.hosts import Hosts
from gateway.providers.openai import dialect
from gateway.providers.openai.client import ChatProvider
from gateway.providers.openai.vendor import COMPATIBLE, OPENAI
from gateway.providers.provider import Asked, Attempt, Headroom, Provider
from gateway.providers.transport import Transport
from gateway.refusals import Refusal
from gateway.snapshot.accounts import AccountEntry
from tests.gateway.factories import simulator

__all__ = ["simulator"]
pytestmark = [pytest.mark.slow]
MODELS = {"openai": ("gpt-4.1", "/openai/v1"), "anthropic": ("claude-opus-5", "/anthropic")}


@asynccontextmanager
async def providers(*, allow_private: bool = True) -> AsyncIterator[dict[str, Provider]]:
    transport = Transport(max_connections=10, connect_timeout_seconds=2)
    hosts = Hosts(allow_private=allow_private)

    def client(vendor: Any) -> DirectClient:
        return DirectClient(vendor, transport=transport, hosts=hosts)

    try:
        yield {
            "openai": ChatProvider(client(OPENAI), dialect.OPENAI),
            "anthropic": MessagesProvider(client(ANTHROPIC)),
            "openai-compatible": ChatProvider(client(COMPATIBLE), dialect.COMPATIBLE),
        }
    finally:
        await transport.close()


def attempt_of(url: str, provider: str, *, seconds: float = 10.0, **fields: Any) -> Attempt:
    name, path = MODELS.get(provider, MODELS["openai"])
    key = KEYS.get(provider, KEYS["openai"])
    account = AccountEntry(
        **{"id": 1, "name": "A", "provider": provider, "base_url": url + path, "key": key} | fields
    )
    return Attempt(provider, name, seconds, account=account, call_id="an-id")


def asked(text: str = "Hi") -> Asked:
    said = {
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "inferenceConfig": {"maxTokens": 500},
    }
    conversation = msgspec.convert(said, Conversation)
    return Asked(conversation, encode(conversation))


async def answered(provider: Provider, attempt: Attempt, *, is_streamed: bool, text: str = "Hi") -> list[Any]:
    async with aclosing(provider.answer(attempt, asked(text), is_streamed=is_streamed)) as events:
        return [event async for event in events]


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("provider", ["openai", "anthropic", "openai-compatible"])
async def test_an_answer_ends_and_says_what_it_is(simulator, provider, is_streamed):
    simulator.reset()
    async with providers() as known:
        attempt = attempt_of(simulator.url, provider)
        events = await answered(known[provider], attempt, is_streamed=is_streamed)
    assert isinstance(events[-1], Finished)
    assert events[-1].usage.output > 0
    assert any(isinstance(event, TextDelta) for event in events)
    assert attempt.request_id.startswith("req_")
    headroom = {"anthropic": Headroom(requests=49, input_tokens=39_000, output_tokens=8_000)}
    found = msgspec_like(attempt.headroom)
    assert found == msgspec_like(headroom.get(provider, Headroom(requests=499, tokens=199_000)))


def msgspec_like(headroom: Headroom | None) -> tuple[Any, ...]:
    """Without when they are whole again, which goes by the clock."""
    assert headroom is not None
    return headroom.requests, headroom.tokens, headroom.input_tokens, headroom.output_tokens


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_deadline_holds_whatever_comes(simulator, provider, is_streamed):
    simulator.reset()
    simulator.configure(provider, tokens_per_second=5)
    async with providers() as known:
        with pytest.raises(Refusal) as raised:
            await answered(
                known[provider], attempt_of(simulator.url, provider, seconds=1.0), is_streamed=is_streamed,
                text="[simulate: tokens=300]",
            )  # fmt: skip
    assert (raised.value.code, raised.value.may_be_billed) == ("upstream_timeout", True)


async def test_closing_an_answer_stops_the_model(simulator):
    simulator.reset()
    simulator.configure("openai", tokens_per_second=20)
    async with providers() as known:
        answer = known["openai"].answer(
            attempt_of(simulator.url, "openai"), asked("[simulate: tokens=400]"), is_streamed=True
        )
        async with aclosing(answer) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        for _ in range(100):
            if (streams := simulator.received()["streams"])["open"] == 0:
                break
            await asyncio.sleep(0.1)
    assert streams["abandoned"] == 1


async def test_who_can_t_be_reached_is_not_billed():
    async with providers() as known:
        for provider in MODELS:
            with pytest.raises(Refusal) as raised:
                await answered(
                    known[provider], attempt_of(f"http://127.0.0.1:{free_port()}", provider), is_streamed=True
                )
            assert raised.value.code == "upstream_error"
            assert not raised.value.may_be_billed
            assert raised.value.may_fail_over


async def test_an_account_without_a_key_that_opens_is_for_admins(simulator):
    async with providers() as known:
        with pytest.raises(Refusal) as raised:
            await answered(known["openai"], attempt_of(simulator.url, "openai", key=""), is_streamed=False)
    assert raised.value.for_admins
    assert not raised.value.may_retry


async def test_a_name_that_leads_into_the_own_network_is_not_asked(simulator, monkeypatch):
    """A name's address may change after an admin has typed it in."""

    async def found(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)
    simulator.reset()
    async with providers(allow_private=False) as known:
        for url in ("https://api.example.com/v1", simulator.url):
            with pytest.raises(Refusal) as raised:
                await answered(known["openai"], attempt_of("", "openai", base_url=url), is_streamed=False)
            assert raised.value.for_admins == "its address may not be asked"
    assert simulator.received()["total"] == 0
