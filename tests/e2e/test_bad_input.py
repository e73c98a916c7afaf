"""What a gateway must survive: each with a clear error in the caller's format, and a record."""

import gzip
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest

from gateway.catalogue.models import Model
from tests.client import HTTP
from tests.e2e.conftest import MODEL
from tests.gateway.catalogue.factories import make_deployment, make_route
from tests.services import until

CONVERSE = "/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
HELLO = [{"role": "user", "content": "Hello"}]


def chat(**members):
    return orjson.dumps({"model": MODEL, "messages": HELLO} | members)


BODIES = {
    "not JSON": b"{",
    "empty": b"",
    "compressed": gzip.compress(chat()),
    "not UTF-8": b'{"model": "\xff"}',
    "an array": b"[]",
    "nested deeply": b'{"model":"m","messages":[],"tools":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no model": orjson.dumps({"messages": HELLO}),
    "no messages": orjson.dumps({"model": MODEL}),
    "messages: []": chat(messages=[]),
    "an unknown role": chat(messages=[{"role": "robot", "content": "Hello"}]),
    "content of the wrong type": chat(messages=[{"role": "user", "content": 5}]),
    "no content": chat(messages=[{"role": "user", "content": None}]),
    "a lone surrogate": b'{"model": "'
    + MODEL.encode()
    + b'", "messages": [{"role": "user", "content": "\\ud800"}]}',
    "max_tokens 0": chat(max_tokens=0),
    "negative max_tokens": chat(max_tokens=-5),
    "max_tokens of another type": chat(max_tokens="many"),
    "a temperature of 9": chat(temperature=9),
    "n=2": chat(n=2),
    "an image on the web": chat(
        messages=[
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}],
            }
        ]
    ),
    "tool arguments that are no JSON": chat(
        messages=[
            *HELLO,
            {
                "role": "assistant",
                "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{"}}],
            },
        ]
    ),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_cannot_be(world, body):
    tag = f"bad-{datetime.now(UTC).timestamp()}"
    answer = world.post(
        content=body, headers={"x-gatehouse-end-user": tag, "content-type": "application/json"}
    )
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["type"]) == ("invalid_request", "invalid_request_error")
    assert len(error["message"]) > 10
    record = world.latest_record(end_user=tag)
    assert (record["status"], record["code"], record["http_status"]) == ("refused", "invalid_request", 400)
    assert record["cost_nanos"] == 0


@pytest.mark.quick
def test_a_huge_max_tokens(world):
    answer = world.chat(max_tokens=10**12)
    assert answer.status_code == 200
    assert answer.headers["x-gatehouse-adjusted"] == "max_tokens; lowered=63999"
    assert world.record(answer.headers["x-gatehouse-call-id"])["checks"]["adjusted"] == [
        "max_tokens; lowered=63999"
    ]


def test_nul_is_text_like_any_other(world):
    answer = world.chat("a\x00b")
    assert answer.status_code == 200
    assert "a\x00b" in answer.json()["choices"][0]["message"]["content"]
    assert world.record(answer.headers["x-gatehouse-call-id"])["status"] == "succeeded"


def test_names_that_postgres_cannot_hold_are_refused_and_recorded(world):
    answer = world.chat(model="nothing\x00\x07")
    assert answer.json()["error"]["code"] == "model_not_found"
    assert world.record(answer.headers["x-gatehouse-call-id"])["code"] == "model_not_found"


def test_fifty_megabytes(world):
    tag = f"big-{datetime.now(UTC).timestamp()}"
    body = chat(messages=[{"role": "user", "content": "x" * 50_000_000}])
    try:
        answer = world.post(content=body, headers={"x-gatehouse-end-user": tag})
    except httpx.WriteError:
        pass  # the gateway answered and closed before all was sent
    else:
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "request_too_large"
    assert world.latest_record(end_user=tag)["http_status"] == 413
    assert world.chat().status_code == 200


def test_a_prompt_over_the_context_window_reaches_no_model(world):
    before = world.count_received(without=("CountTokens",))
    answer = world.chat("many words here " * 200_000)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "context_length_exceeded")
    assert "600" in error["message"] or "tokens" in error["message"]
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert record["counted_input_tokens"] > 200_000
    assert str(record["counted_input_tokens"]) in error["message"]
    assert world.count_received(without=("CountTokens",)) == before


@pytest.mark.parametrize("path", ["/v1/chat/completions", CONVERSE])
def test_keys_that_do_not_open(world, path):
    past = datetime.now(UTC) - timedelta(minutes=1)
    expired, revoked = world.new_key(expires_at=past), world.new_key(revoked_at=past)
    until(lambda: world.chat(model="x").status_code == 404)
    tag = f"keys-{datetime.now(UTC).timestamp()}"
    for key in ("", "gh_wrong", "sk-123", expired, revoked, world.key[:-1] + "x"):
        answer = world.post(path, key=key, content=chat(), headers={"x-gatehouse-end-user": tag})
        assert answer.status_code == 401, answer.text
        assert key == "" or key not in answer.text
        assert answer.headers["x-request-id"]
    assert not world.execute("SELECT 1 FROM governance_auditrecord WHERE end_user = %s", tag)


def test_a_revoked_key_stops_working_before_any_poll(world):
    """By notification: the poll behind it comes every fifteen seconds."""
    key = world.new_key()
    until(lambda: world.post(key=key, content=chat()).status_code == 200)
    key_id = key.split("_")[1]
    world.execute("UPDATE accounts_apikey SET revoked_at = now() WHERE key_id = %s", key_id)
    until(lambda: world.post(key=key, content=chat()).status_code == 401, seconds=10, what="the refusal")


def test_models_and_networks_a_key_may_not_use(world):
    key = world.new_key(allowed_models=["nova-lite"])
    until(lambda: world.post(key=key, content=chat()).status_code == 403)
    answer = world.post(key=key, content=chat())
    assert answer.json()["error"]["code"] == "model_not_allowed"
    assert world.record(answer.headers["x-gatehouse-call-id"])["code"] == "model_not_allowed"
    elsewhere = world.new_key(allowed_networks=["10.0.0.0/8"])
    until(lambda: world.post(key=elsewhere, content=chat()).status_code == 403)
    forged = world.post(key=elsewhere, content=chat(), headers={"x-forwarded-for": "10.1.2.3"})
    assert forged.json()["error"]["code"] == "ip_not_allowed"


@pytest.mark.quick
def test_a_spent_budget_refuses_and_says_what_is_left(world):
    text = world.new_key(team="Poor")
    world.set_budget(team="Poor", limit_nanos=1000)
    until(lambda: world.post(key=text, content=chat()).status_code == 402)
    answer = world.post(key=text, content=chat(stream=True))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (402, "budget_exceeded")
    assert "team Poor has $0.000001 left" in error["message"]
    assert "resets on" in error["message"]
    assert world.chat().status_code == 200


def test_a_model_without_a_price_is_not_called(world):
    def make() -> None:
        make_route(
            "unpriced",
            make_deployment(Model.objects.filter(kind="text").first(), "ca-central-1", input_rate=None),
        )

    world.stack.make(make)
    until(lambda: world.chat(model="unpriced").json()["error"]["code"] == "unpriced_model")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/chat/completions", "/bedrock/model/x/invoke-nothing"])
def test_other_addresses_and_methods(world, path):
    answer = HTTP.get(world.url + path)
    assert answer.status_code in (404, 405)
    found = answer.json()
    assert found.get("error", found)["message"]  # as this address words errors


@pytest.mark.quick
def test_probes(world):
    assert HTTP.get(f"{world.url}/healthz").json() == {"status": "ok"}
    ready = HTTP.get(f"{world.url}/readyz")
    assert ready.status_code == 200
    assert ready.json()["checks"] == {"postgres": "ok", "snapshot": "ok", "valkey": "ok"}


CONVERSE_BODIES = {
    "an address in S3": {
        "messages": [
            {
                "role": "user",
                "content": [{"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k"}}}}],
            }
        ]
    },
    "a guardrail of the caller's": {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "guardrailConfig": {"guardrailIdentifier": "x"},
    },
    "capacity that routes do not have": {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "serviceTier": {"type": "reserved"},
    },
    "a bound hidden in Nova's fields": {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "additionalModelRequestFields": {"inferenceConfig": {"topK": 1, "max_new_tokens": 9}},
    },
    "a bound hidden in additional fields": {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "additionalModelRequestFields": {"max_tokens": 100_000},
    },
    "no content": {"messages": [{"role": "user", "content": []}]},
}


@pytest.mark.parametrize("body", CONVERSE_BODIES.values(), ids=CONVERSE_BODIES.keys())
def test_what_converse_takes_and_gatehouse_does_not(world, body):
    answer = world.post(CONVERSE, json=body)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert world.record(answer.headers["x-gatehouse-call-id"])["code"] == "invalid_request"


def test_nothing_unmasked_is_sent_to_be_counted(world):
    """Near the window's edge Bedrock counts the prompt: it must see what the model would see."""
    content = "Write to ann@example.com. " + "many words here " * 55_000
    answer = world.chat(content, max_tokens=5)
    assert answer.status_code in (200, 400)
    counted = [r for r in world.received() if r["operation"] == "CountTokens"]
    assert counted
    assert "ann@example.com" not in str(counted[-1]["body"])
    assert "EMAIL_ADDRESS_" in str(counted[-1]["body"])


@pytest.mark.parametrize("name", ["X-Gatehouse-Feature", "X-Gatehouse-End-User"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_tag_of_ten_kilobytes_is_refused_and_counted_as_nobody_s(world, name, stream):
    answer = world.post(content=chat(stream=stream), headers={name: "x" * 10_000})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_request", name)
    assert "200 characters" in error["message"]
    assert world.record(answer.headers["x-gatehouse-call-id"])["status"] == "refused"
    assert world.post(content=chat(), headers={name: "x" * 200}).status_code == 200
