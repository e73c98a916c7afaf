"""A gateway in the test's own process, on its database, with a simulator behind it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from accounts.policy.key_text import key_id_of
from embedded.environment import with_simulator
from gateway.call import Call
from gateway.call.groups import Request
from gateway.conversation import Conversation
from gateway.pipeline import fold
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.privacy.policy.storage import StoragePolicy
from tests.governance.limits.test_ledger import conninfo
from tests.simulator import RunningSimulator, running

RAW = StoragePolicy(bodies="raw")


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.fixture
def gateway_settings(
    settings: Any, simulator: RunningSimulator, redis_url: str, monkeypatch: pytest.MonkeyPatch, db: None
) -> Any:
    """Settings with which a gateway works on the test's database."""
    settings.DATABASE_URL = settings.DATABASE_DIRECT_URL = conninfo()
    settings.BEDROCK_ENDPOINT_URL = simulator.url
    for name, value in with_simulator({}, simulator.url).items():
        monkeypatch.setenv(name, value)
    return settings


@asynccontextmanager
async def started() -> AsyncIterator[Gateway]:
    """A gateway, stopped with the block."""
    gateway = Gateway()
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


def call_of(key_text: str, text: str, *, conversation: dict[str, Any] | None = None, **fields: Any) -> Call:
    """A call that has just come in. `fields` are those of its request."""
    request = Request(
        **{"wire_format": "converse", "is_stream": False, "model": "nova-lite", "key_text": key_text, "client_ip": None}
        | fields
    )  # fmt: skip
    said = {"messages": [{"role": "user", "content": [{"text": text}]}], **(conversation or {})}
    return Call(request=request, conversation=msgspec.convert(said, Conversation), body_bytes=len(text))


async def made(gateway: Gateway, call: Call, *, policy: StoragePolicy = RAW) -> Call:
    """The call, when it has ended well or badly, under its key's rules with this policy of storage."""
    keys, key_id = gateway.snapshot.keys, key_id_of(call.request.key_text or "") or ""
    if key_id in keys:
        rules = copy(keys[key_id].rules)
        rules.storage = policy
        keys[key_id] = replace(keys[key_id], rules=rules)
    try:
        await fold(call, gateway)
    except Refusal:
        assert call.refusal is not None
    return call
