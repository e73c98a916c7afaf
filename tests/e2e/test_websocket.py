"""A WebSocket client on /ws/v1/chat."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.e2e.conftest import MODEL, World
from tests.services import until


def dial(world: World, key: str | None = None):
    headers = {} if key == "" else {"Authorization": f"Bearer {key or world.key}"}
    return connect(world.url.replace("http", "ws") + "/ws/v1/chat", additional_headers=headers)


def chat(client_id: str, text: str, **members) -> str:
    body = {"type": "chat", "id": client_id, "model": MODEL, "messages": [{"role": "user", "content": text}]}
    return json.dumps(body | members)


async def until_end(socket, wanted: set[str]) -> dict[str, list[dict]]:
    """The messages of each call, until each has ended."""
    found: dict[str, list[dict]] = {}
    while wanted:
        message = json.loads(await asyncio.wait_for(socket.recv(), 20))
        found.setdefault(message["id"], []).append(message)
        if message["type"] in ("end", "error"):
            wanted = wanted - {message["id"]}
    return found


@pytest.mark.quick
async def test_two_calls_at_once_each_with_its_own_values(world):
    async with dial(world) as socket:
        await socket.send(chat("a", "I am ann@example.com"))
        await socket.send(chat("b", "I am bob@example.org"))
        found = await until_end(socket, {"a", "b"})
    for client_id, mine, other in (
        ("a", "ann@example.com", "bob@example.org"),
        ("b", "bob@example.org", "ann@example.com"),
    ):
        messages = found[client_id]
        text = "".join(message.get("text", "") for message in messages)
        assert mine in text
        assert other not in text
        assert messages[0]["type"] == "start"
        assert messages[-1]["finish_reason"] == "stop"
        assert float(messages[-1]["cost_usd"]) > 0
        assert world.record(messages[0]["call_id"])["wire_format"] == "websocket"


async def test_errors_keep_the_connection(world):
    async with dial(world) as socket:
        await socket.send("{")
        first = json.loads(await socket.recv())
        assert first["error"]["code"] == "invalid_request"
        await socket.send(chat("x", "Hello", model="nothing"))
        assert (await until_end(socket, {"x"}))["x"][-1]["error"]["code"] == "model_not_found"
        await socket.send(chat("y", "Hello"))
        assert (await until_end(socket, {"y"}))["y"][-1]["type"] == "end"


@pytest.mark.parametrize("key", ["", "gh_wrong"])
async def test_without_a_valid_key_nothing_is_answered(world, key):
    with pytest.raises(InvalidStatus) as refused:
        async with dial(world, key):
            pass
    response = refused.value.response
    assert response.status_code == 401
    assert json.loads(response.body)["error"]["code"] == "invalid_api_key"


async def test_a_cancelled_call_is_settled_with_what_it_used(world):
    world.fault(tokens_per_second=50)
    async with dial(world) as socket:
        await socket.send(chat("a", "[simulate: tokens=2000] Hello", max_tokens=3000))
        start = json.loads(await socket.recv())
        for _ in range(5):
            await socket.recv()
        await socket.send(json.dumps({"type": "cancel", "id": "a"}))
        record = await asyncio.to_thread(world.record, start["call_id"])
    assert record["status"] == "cancelled"
    assert record["is_estimated"]
    assert 0 < record["cost_nanos"] < record["reserved_nanos"]
    until(lambda: not world.execute("SELECT 1 FROM governance_hold WHERE call_id = %s", start["call_id"]))


async def test_a_client_that_vanishes_leaves_nothing_behind(world):
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, tokens_per_second=20)
    async with dial(world) as socket:
        await socket.send(chat("a", "[simulate: tokens=200]", max_tokens=300))
        call_id = json.loads(await asyncio.wait_for(socket.recv(), 20))["call_id"]
        socket.transport.abort()
    until(lambda: world.record(call_id)["status"] == "cancelled", what="the end of the call")
    assert "never retrieved" not in world.server.log
