"""What is said at addresses where nothing is, to browsers' questions, and to bodies that are packed or broken; traces."""

import gzip
import json

import httpx
import pytest

from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.services import Server

BODY = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}
ORIGIN = "https://app.example.com"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("path", "shape", "words"),
    [
        ("/chat/completions", "openai", "Did you mean /v1/chat/completions?"),
        ("/v1/v1/chat/completions", "openai", "Did you mean /v1/chat/completions?"),
        ("/openai/v1/embeddings", "openai", "Did you mean /v1/embeddings?"),
        ("/openai/deployments/gpt/chat/completions", "openai", "with /v1 at its end"),
        ("/messages", "anthropic", "Did you mean /v1/messages?"),
        ("/anthropic/v1/messages", "anthropic", "without /v1"),
        ("/v1/v1/messages/count_tokens", "anthropic", "/v1/messages/count_tokens"),
        ("/model/m/converse", "converse", "/bedrock"),
        ("/v1/model/m/converse-stream", "openai", "/bedrock/model/{model}/converse-stream"),
        ("/mcp", "openai", "There is no MCP server here."),
        ("/v1/audio/speech", "openai", "There is nothing at /v1/audio/speech."),
        ("/bedrock/nothing", "converse", "There is nothing at"),
    ],
)
@pytest.mark.parametrize("size", [10, 200_000])
def test_nothing_is_there(world, path, shape, words, size):
    answer = world.post(path, content=b"x" * size)
    assert answer.status_code == 404
    said = answer.json()
    message = said["message"] if shape == "converse" else said["error"]["message"]
    assert words in message
    name = {"openai": "x-request-id", "anthropic": "request-id", "converse": "x-amzn-requestid"}[shape]
    assert answer.headers[name]
    if shape == "anthropic":
        assert (said["type"], said["request_id"]) == ("error", answer.headers[name])


def test_anthropics_sdk_is_told_in_its_words_everywhere(world):
    answer = world.post(
        "/v1/files", json={}, headers={"anthropic-version": "2023-06-01", "x-request-id": "mine"}
    )
    assert (answer.json()["type"], answer.json()["request_id"], answer.headers["request-id"]) == (
        "error",
        "mine",
        "mine",
    )
    assert HTTP.get(f"{world.url}/v1/chat/completions").status_code == 405


def test_people_and_programs_at_the_door(world):
    for method in ("HEAD", "GET"):
        answer = HTTP.request(method, f"{world.url}/", headers={"accept": "*/*"}, follow_redirects=False)
        assert answer.status_code == 200
    page = HTTP.get(f"{world.url}/", headers={"accept": "text/html"}, follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (302, "/admin/")
    nowhere = HTTP.get(f"{world.url}/nowhere", headers={"accept": "text/html,*/*"})
    assert (nowhere.status_code, nowhere.headers["content-type"][:9]) == (404, "text/html")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", f"/bedrock/model/{MODEL}/converse"])
def test_without_origins_a_preflight_allows_nothing(world, path):
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    answer = HTTP.request("OPTIONS", world.url + path, headers=asked)
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.fixture(scope="module")
def open_to_pages(shared_world: World) -> Server:
    return shared_world.stack.gateway(env={"GATEHOUSE_CORS_ORIGINS": f"https://b.example.com, {ORIGIN}"})


def test_pages_of_origins_that_are_set_may_call(world, open_to_pages):
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-stainless-os",
    }
    url = f"{open_to_pages.url}/v1/chat/completions"
    may = HTTP.request("OPTIONS", url, headers=asked)
    assert may.status_code == 204
    assert may.headers["access-control-allow-origin"] == ORIGIN
    assert may.headers["access-control-allow-headers"] == "authorization,x-stainless-os"
    assert "POST" in may.headers["access-control-allow-methods"]
    may_not = HTTP.request("OPTIONS", url, headers=asked | {"origin": "https://evil.example.com"})
    assert not [name for name in may_not.headers if name.startswith("access-control")]
    key = {"authorization": f"Bearer {world.key}", "origin": ORIGIN}
    stream = HTTP.post(url, json=BODY | {"stream": True}, headers=key, timeout=30)
    refused = HTTP.post(url, json=BODY, headers={"origin": ORIGIN})
    for answer, status in (
        (stream, 200),
        (refused, 401),
        (HTTP.get(f"{open_to_pages.url}/v1/x", headers=key), 404),
    ):
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, ORIGIN)
        assert "x-gatehouse-call-id" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_packed_bodies(world, path):
    packed = gzip.compress(
        json.dumps(BODY | {"padding": "x" * 100_000} if path != "/v1/messages" else BODY).encode()
    )
    answer = world.post(path, content=packed, headers={"content-encoding": "gzip"})
    assert answer.status_code == 200
    for content, encoding, status in (
        (packed, "br", 415),
        (b"{}", "gzip", 400),
        (gzip.compress(bytes(64 * 1024 * 1024)), "gzip", 413),
    ):
        refused = world.post(path, content=content, headers={"content-encoding": encoding})
        assert refused.status_code == status
        assert refused.json()["error"]["message"]
        assert refused.headers["x-gatehouse-call-id"]


@pytest.mark.parametrize("half", [r"\ud83d", r"\ude00", r"\ud83d\n"])
def test_half_a_character(world, half):
    content = json.dumps(BODY).replace("Hello", f"Hi {half}").encode()
    answer = world.post(content=content)
    assert answer.status_code == 400
    assert half[:6] in answer.json()["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_trace_goes_on(world, stream):
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"}
    answer = world.post(json=BODY | {"stream": stream}, headers=headers)
    own = answer.headers["traceparent"]
    assert own.startswith(f"00-{TRACE}-")
    assert PARENT not in own
    assert answer.headers["tracestate"] == "vendor=1"
    assert world.record(answer.headers["x-gatehouse-call-id"])["checks"]["trace"] == own
    sent = world.received()[-1]["trace"]
    assert (sent["traceparent"], sent["tracestate"]) == (own, "vendor=1")
    assert "traceparent" not in world.post(json=BODY).headers


def test_boto3_finds_the_id_of_its_request(world):
    path = f"/bedrock/model/{MODEL}/converse"
    good = world.post(path, json={"messages": [{"role": "user", "content": [{"text": "Hello"}]}]})
    bad = world.post(path, json={})
    assert [answer.status_code for answer in (good, bad)] == [200, 400]
    assert all(answer.headers["x-amzn-requestid"] for answer in (good, bad))


def test_a_client_that_asks_before_it_sends(world):
    content = json.dumps(BODY).encode()
    headers = {"authorization": f"Bearer {world.key}", "expect": "100-continue"}
    answer = httpx.post(f"{world.url}/v1/chat/completions", content=content, headers=headers, timeout=30)
    assert answer.status_code == 200
