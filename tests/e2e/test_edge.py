"""What stands before a call: whoever has no valid key costs next to nothing, leaves little, and holds nobody up."""

import asyncio
import json
import socket
import time
from datetime import UTC, datetime

import httpx
import pytest

from tests.client import HTTP
from tests.e2e.conftest import MODEL
from tests.services import until

PATHS = [
    "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/v1/embeddings",
    "/v1/rerank", "/v1/moderations", "/v1/feedback", "/v1/prompts/x/run", f"/bedrock/model/{MODEL}/converse",
    f"/bedrock/model/{MODEL}/converse-stream", f"/bedrock/model/{MODEL}/invoke", f"/bedrock/model/{MODEL}/count-tokens",
    "/bedrock/guardrail/abc/version/1/apply", "/bedrock/retrieveAndGenerate",
]  # fmt: skip


@pytest.fixture(scope="module")
def strict(shared_world):
    """A gateway that lets an address try three keys a minute."""
    return shared_world.stack.gateway(env={"GATEHOUSE_UNKNOWN_CALLS_PER_MINUTE": "3"})


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_key_is_told_before_the_body_is_read(world, path):
    """The body never comes: only its length is announced."""
    host, port = world.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer gh_wrong\r\nContent-Length: 19000000\r\n\r\n"
        client.sendall(head.encode())
        answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 401 "), answer


@pytest.mark.parametrize("is_http2", [False, True])
@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/nothing", "/admin/login/"])
def test_no_answer_says_what_the_server_is(world, path, is_http2):
    with httpx.Client(base_url=world.url, http1=not is_http2, http2=is_http2) as client:
        assert "server" not in client.get(path).headers


def test_a_large_body_with_a_wrong_key_is_answered_and_the_connection_goes_on(world):
    with httpx.Client(base_url=world.url, timeout=20) as client:
        wrong = client.post(
            "/v1/chat/completions", content=b"{}" * 1_000_000, headers={"authorization": "Bearer gh_wrong"}
        )
        right = client.get("/v1/models", headers={"authorization": f"Bearer {world.key}"})
    assert (wrong.status_code, right.status_code) == (401, 200)


def test_whoever_knocks_too_often_is_told_to_wait_and_others_are_not(world, strict):
    tried = [HTTP.get(f"{strict.url}/v1/models", headers={"x-api-key": f"gh_{n}"}) for n in range(6)]
    assert {each.status_code for each in tried} == {401, 429}
    assert tried[-1].headers["retry-after"] == "60"
    good = HTTP.get(f"{strict.url}/v1/models", headers={"x-api-key": world.key})
    assert good.status_code == 200


def test_calls_without_a_key_leave_ten_rows_a_minute_whatever_they_are(world):
    """As many addresses as may be, by two processes' word."""
    minute = datetime(2026, 1, 1, 12, tzinfo=UTC)
    items = [
        {"minute": minute.isoformat(), "address": f"192.0.2.{n}", "calls": n, "sample": {}}
        for n in range(1, 40)
    ]
    world.execute("SELECT gatehouse_note_unknown_callers(%s)", json.dumps(items[:20]))
    world.execute("SELECT gatehouse_note_unknown_callers(%s)", json.dumps(items[10:]))
    rows = world.execute("SELECT address, calls FROM governance_unknowncaller WHERE minute = %s", minute)
    assert len(rows) == 10
    assert sum(row["calls"] for row in rows) == sum(range(1, 21)) + sum(range(11, 40))
    assert sum(not row["address"] for row in rows) == 1


def test_they_are_counted_by_address_with_nothing_of_theirs(world):
    def counted():
        rows = world.execute("SELECT calls, sample FROM governance_unknowncaller WHERE minute > '2026-01-02'")
        return sum(row["calls"] for row in rows), rows

    before, records = counted()[0], world.execute("SELECT count(*) AS n FROM governance_auditrecord")
    for n in range(20):
        HTTP.post(
            f"{world.url}/bedrock/model/jane.roe%40example.org/converse",
            headers={"x-api-key": f"jane.roe{n}@example.org", "x-gatehouse-end-user": "jane.roe@example.org"},
            content=b"{}",
        )
    until(lambda: counted()[0] >= before + 20, seconds=20, what="the count")
    assert world.execute("SELECT count(*) AS n FROM governance_auditrecord") == records
    assert "jane" not in json.dumps([row["sample"] for row in counted()[1]])


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","messages":[' + b",".join([b'{"role":"user","content":""}'] * 60_000) + b"]}",
        b'{"model":"m","messages":[],"tools":[' + b",".join([b"{}"] * 300_000) + b"]}",
    ],
    ids=["messages", "tools"],
)
def test_more_values_than_are_taken_are_refused_before_they_are_objects(world, body):
    answer = world.post(content=body)
    assert answer.status_code == 400
    assert "100,000" in answer.json()["error"]["message"]


@pytest.mark.parametrize("depth", [300, 20_000])
def test_a_schema_that_goes_on_and_on_is_the_caller_s_fault(world, depth):
    schema = b'{"properties":{"a":' * depth + b"{}" + b"}}" * depth
    body = (
        b'{"model":"%s","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f",'
        b'"parameters":%s}}]}' % (MODEL.encode(), schema)
    )
    answer = world.post(content=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_large_prompt_with_many_braces_in_its_text_is_no_deep_one(world):
    text = '{"a": [{' * 60_000 + "\\" * 3 + '"'
    body = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": text}]}
    assert world.post(json=body).status_code in (200, 400)
    assert "values" not in world.post(json=body).text


async def test_lists_feedback_previews_and_refused_calls_count_as_requests(world):
    world.new_key(team="Counted")
    world.set_rate_limit(team="Counted", metric="requests", limit=6, period="hour")
    key = world.new_key(team="Counted")
    await asyncio.to_thread(world.knows, key)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=20) as client:
        statuses = [
            (
                await client.post("/v1/chat/completions", json={"model": "nothing", "messages": []})
            ).status_code,
            (await client.post("/v1/chat/completions", content=b"{")).status_code,
            (await client.get("/v1/models")).status_code,
            (await client.get("/v1/me")).status_code,
            (await client.post("/v1/feedback", json={"call_id": "x"})).status_code,
            (await client.post("/api/v1/screening/preview", json={"text": "Hi"})).status_code,
        ]
        while statuses[-1] != 429 and len(statuses) < 12:
            statuses.append((await client.get("/v1/models")).status_code)
        last = await client.post("/v1/chat/completions", content=b"{")
        preview = await client.post("/api/v1/redaction/preview", json={"text": "Hi"})
    assert statuses[-1] == last.status_code == preview.status_code == 429
    assert 0 < int(preview.headers["retry-after"]) <= 3660
    assert len(statuses) == 7


async def test_connections_above_an_address_limit_are_closed_unless_they_soon_show_a_key(world):
    gateway = world.stack.gateway(env={"GATEHOUSE_CONNECTIONS_PER_ADDRESS": "5"})
    host, port = gateway.url.removeprefix("http://").split(":")
    headers = {"authorization": f"Bearer {world.key}"}
    idle = [socket.create_connection((host, int(port)), timeout=5) for _ in range(10)]
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=20) as good:
        # All at once, each over a connection of its own, as many agents in one office begin their day.
        answers = await asyncio.gather(*(good.get("/v1/models") for _ in range(12)))
        assert {answer.status_code for answer in answers} == {200}
        await asyncio.sleep(4.5)
        for client in idle:
            client.setblocking(False)
        assert sum(_is_closed(client) for client in idle) == 5
        assert (await good.get("/v1/models")).status_code == 200
    for client in idle:
        client.close()


def test_more_connections_than_an_address_may_try_are_closed_at_once(world):
    gateway = world.stack.gateway(env={"GATEHOUSE_CONNECTIONS_PER_ADDRESS": "2"})
    host, port = gateway.url.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port)), timeout=5) for _ in range(14)]
    time.sleep(0.5)
    for client in idle:
        client.setblocking(False)
    assert sum(_is_closed(client) for client in idle) >= 4
    for client in idle:
        client.close()


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
