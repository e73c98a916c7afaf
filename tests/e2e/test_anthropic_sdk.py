"""The Anthropic SDK, unchanged, pointed at Gatehouse."""

import json
import re
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest
from pydantic import BaseModel

from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.services import until

# The SDK warns of names that are Anthropic's; here they are names of routes.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*' is deprecated:DeprecationWarning")

TOOL: Any = {
    "name": "send_mail",
    "description": "Sends a mail.",
    "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}
SECRET = "Write to ann@example.com, card 4111 1111 1111 1111."
LIMIT = 400


@pytest.fixture
def client(world: World) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=world.url, api_key=world.key, max_retries=0, timeout=30) as opened:
        yield opened


def user(content: Any) -> Any:
    return [{"role": "user", "content": content}]


def ask(client: anthropic.Anthropic, content: Any = "Hello", **members: Any) -> anthropic.types.Message:
    members = {"model": MODEL, "max_tokens": LIMIT, "messages": user(content)} | members
    return client.messages.create(**members)


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.quick
def test_an_answer_comes_back_unmasked_and_is_on_record_masked(client, world):
    raw = client.messages.with_raw_response.create(
        model=MODEL, max_tokens=LIMIT, messages=user(SECRET), extra_headers={"X-Gatehouse-Feature": "mail"}
    )
    answer = raw.parse()
    assert SECRET in text_of(answer)
    assert (answer.type, answer.role, answer.model, answer.stop_reason) == (
        "message",
        "assistant",
        MODEL,
        "end_turn",
    )
    sent = json.dumps(world.received()[-1]["body"])
    assert "ann@example.com" not in sent
    assert "4111" not in sent
    assert re.search(r"<EMAIL_ADDRESS_[0-9a-f]{6}>", sent)
    call_id = raw.headers["x-gatehouse-call-id"]
    assert answer._request_id == raw.headers["x-request-id"]
    record, content = world.record(call_id), world.content(call_id)
    assert (record["status"], record["feature"], record["wire_format"]) == ("succeeded", "mail", "anthropic")
    assert record["input_tokens"] == answer.usage.input_tokens
    assert record["output_tokens"] == answer.usage.output_tokens
    assert 0 < record["cost_nanos"] <= record["reserved_nanos"]
    assert "ann@example.com" not in content["request"] + content["answer"]


@pytest.mark.quick
def test_a_stream_says_the_same_as_an_answer(client):
    whole = ask(client, SECRET)
    with client.messages.stream(model=MODEL, max_tokens=LIMIT, messages=user(SECRET)) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == text_of(final) == text_of(whole)
    assert final.usage.input_tokens == whole.usage.input_tokens
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.stop_reason == "end_turn"


async def test_async_calls_and_streams(world):
    async with anthropic.AsyncAnthropic(base_url=world.url, api_key=world.key, max_retries=0) as client:
        answer = await client.messages.create(model=MODEL, max_tokens=7, messages=user("Hello"))
        assert (answer.stop_reason, answer.usage.output_tokens) == ("max_tokens", 7)
        async with client.messages.stream(model=MODEL, max_tokens=LIMIT, messages=user("Hello")) as stream:
            assert "Hello" in "".join([text async for text in stream.text_stream])


def test_a_tool_is_called_with_the_callers_own_words(client):
    answer = ask(client, SECRET, tools=[TOOL], tool_choice={"type": "any"})
    (call,) = answer.content
    assert (answer.stop_reason, call.type, call.name) == ("tool_use", "tool_use", "send_mail")
    assert "ann@example.com" in call.input["text"]
    result = {
        "type": "tool_result",
        "tool_use_id": call.id,
        "is_error": True,
        "content": [{"type": "text", "text": "not sent to ann@example.com"}],
    }
    messages = [*user(SECRET), {"role": "assistant", "content": answer.content}, *user([result])]
    for choice in ({"type": "auto"}, {"type": "none"}):
        follow_up = ask(client, messages=messages, tools=[TOOL], tool_choice=choice)
        assert follow_up.stop_reason == "end_turn"
        assert "not sent to ann@example.com" in text_of(follow_up)


def test_a_streamed_tool_call_is_whole_and_unmasked(client, world):
    choice: Any = {"type": "tool", "name": "send_mail", "disable_parallel_tool_use": True}
    with client.messages.stream(
        model=MODEL, max_tokens=LIMIT, messages=user(SECRET), tools=[TOOL], tool_choice=choice
    ) as stream:
        (call,) = stream.get_final_message().content
    assert "ann@example.com" in call.input["text"]
    sent = world.received()[-1]["body"]
    assert sent["toolConfig"]["toolChoice"] == {"tool": {"name": "send_mail"}}
    assert sent["additionalModelRequestFields"] == {"tool_choice": {"disable_parallel_tool_use": True}}


@pytest.mark.parametrize("is_stream", [False, True])
def test_what_the_prompt_cache_did_is_told(client, world, is_stream):
    system: Any = [
        {"type": "text", "text": f"Rules, {is_stream}. " * 1_500, "cache_control": {"type": "ephemeral"}}
    ]
    usages = []
    for number in range(2):
        members: Any = {
            "model": MODEL,
            "max_tokens": 20,
            "system": system,
            "messages": user(f"Hello {number}"),
        }
        if is_stream:
            with client.messages.stream(**members) as stream:
                usages.append(stream.get_final_message().usage)
        else:
            usages.append(client.messages.create(**members).usage)
    first, second = usages
    assert first.cache_creation_input_tokens > 4_096  # less than this is not cached
    assert first.cache_read_input_tokens == 0
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == 0
    assert 0 < second.input_tokens < 50
    assert world.received()[-1]["body"]["system"][1] == {"cachePoint": {"type": "default"}}


@pytest.mark.parametrize("is_stream", [False, True])
def test_reasoning_comes_and_goes_with_its_signature(client, is_stream):
    """The simulator, like Claude, refuses reasoning that was changed: what was unmasked is masked the same way again."""
    members: Any = {
        "model": MODEL,
        "max_tokens": 2000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": user(SECRET),
    }
    if is_stream:
        with client.messages.stream(**members) as stream:
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**members)
    thinking, text = answer.content
    assert (thinking.type, text.type) == ("thinking", "text")
    assert SECRET in thinking.thinking
    assert thinking.signature
    history = [*user(SECRET), {"role": "assistant", "content": answer.content}, *user("And now?")]
    assert client.messages.create(**members | {"messages": history}).stop_reason == "end_turn"
    forged = thinking.model_copy(update={"thinking": "Something else."})
    history[1] = {"role": "assistant", "content": [forged, text]}
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        client.messages.create(**members | {"messages": history})


def test_json_that_fits_a_schema(client):
    class Count(BaseModel):
        n: int

    answer = client.messages.parse(
        model=MODEL, max_tokens=LIMIT, messages=user("How many?"), output_format=Count
    )
    assert isinstance(answer.parsed_output, Count)


@pytest.mark.parametrize("is_stream", [False, True])
def test_which_sequence_stopped_it(client, world, is_stream):
    members: Any = {
        "model": MODEL,
        "max_tokens": LIMIT,
        "stop_sequences": ["nowhere", "ann@example.com"],
        "messages": user(SECRET),
    }
    if is_stream:
        with client.messages.stream(**members) as stream:
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**members)
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "ann@example.com")
    assert "ann@example.com" not in text_of(answer)
    assert "ann@example.com" not in json.dumps(world.received()[-1]["body"])


def test_images_and_documents_reach_the_model(client, world):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    content = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": pixel}},
        {
            "type": "document",
            "title": "A letter",
            "source": {"type": "text", "media_type": "text/plain", "data": SECRET},
        },
        {"type": "text", "text": "What is this?"},
    ]
    raw = client.messages.with_raw_response.create(model=MODEL, max_tokens=LIMIT, messages=user(content))
    image, document, _ = world.received()[-1]["body"]["messages"][0]["content"]
    assert image["image"]["source"]["bytes"] == pixel
    assert document["document"]["name"] == "A letter (1)"
    assert "EMAIL_ADDRESS_" in document["document"]["source"]["text"]
    assert "ann@example.com" not in json.dumps(world.received()[-1]["body"])
    assert pixel not in world.content(raw.headers["x-gatehouse-call-id"])["request"]


def test_a_prompt_is_a_model(client, world):
    document = {
        "messages": [{"role": "system", "text": "Be kind."}, {"text": "Greet {{ name }}."}],
        "variables": [{"name": "name"}],
    }
    world.new_prompt("greet-anthropic", document)
    members: Any = {
        "model": "prompt/greet-anthropic",
        "max_tokens": 30,
        "messages": [],
        "extra_body": {"metadata": {"variables": {"name": "Ann"}}},
    }

    def answers() -> bool:
        try:
            client.messages.create(**members)
        except anthropic.NotFoundError:
            return False
        return True

    until(answers, what="the prompt")
    raw = client.messages.with_raw_response.create(**members)
    record = world.record(raw.headers["x-gatehouse-call-id"])
    assert (record["prompt_name"], record["wire_format"]) == ("greet-anthropic", "anthropic")
    assert world.received()[-1]["body"]["messages"][0]["content"][0]["text"] == "Greet Ann."
    with client.messages.stream(**members) as stream:
        assert stream.get_final_text()
    with pytest.raises(anthropic.BadRequestError, match="system message"):
        client.messages.create(**members, system="No.")
    with pytest.raises(anthropic.BadRequestError, match="The variable 'name' is missing"):
        client.messages.create(**members | {"extra_body": {}, "metadata": {"user_id": "u"}})


def test_tokens_are_counted_for_nothing_and_near_enough(client, world):
    def calls() -> int:
        return int(world.execute("SELECT count(*) AS n FROM governance_auditrecord")[0]["n"])

    content = "The quick brown fox jumps over the lazy dog. " * 50
    actual = ask(client, content, tools=[TOOL]).usage.input_tokens
    recorded, received = calls(), world.count_received()
    counted = client.messages.count_tokens(model=MODEL, messages=user(content), tools=[TOOL])
    assert 0.7 * actual < counted.input_tokens < 1.5 * actual
    assert (calls(), world.count_received()) == (recorded, received)
    with pytest.raises(anthropic.NotFoundError):
        client.messages.count_tokens(model="nothing", messages=user("Hello"))
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="gh_wrong").messages.count_tokens(model=MODEL, messages=user("Hello"))
    with pytest.raises(anthropic.BadRequestError, match="Name a model"):
        client.messages.count_tokens(model="prompt/x", messages=user("Hello"))
    with pytest.raises(anthropic.BadRequestError, match="mcp_servers"):
        client.messages.count_tokens(model=MODEL, messages=user("Hello"), extra_body={"mcp_servers": [1]})
    large = client.messages.count_tokens(model=MODEL, messages=user(content * 1500))  # over 3 MB
    assert large.input_tokens > 500_000


def test_counting_takes_requests_and_no_tokens_of_rate_limits(client, world):
    key = world.new_key(team="Counters")
    world.set_rate_limit(team="Counters", metric="requests", limit=3)
    world.set_rate_limit(team="Counters", metric="tokens", limit=10)
    world.set_rate_limit(team="Counters", metric="concurrent", limit=1)
    own = client.with_options(api_key=key)
    until(lambda: limited_by(own), what="the rate limit")
    raw = world.post("/v1/messages/count_tokens", key=key, json={"model": MODEL, "messages": user("Hello")})
    error = raw.json()["error"]
    assert (raw.status_code, error["type"], error["code"]) == (429, "rate_limit_error", "rate_limited")
    assert "3 requests" in error["message"]


def limited_by(client: anthropic.Anthropic) -> bool:
    try:
        client.messages.count_tokens(model=MODEL, messages=user("Hello"))
    except anthropic.RateLimitError:
        return True
    except anthropic.AuthenticationError:
        pass
    return False


def test_models_are_listed(client):
    models = list(client.models.list(limit=2))
    assert MODEL in [model.id for model in models]
    assert len({model.id for model in models}) == len(models) > 2
    first = client.models.list(limit=1)
    assert (len(first.data), first.has_more) == (1, True)
    second = client.models.list(limit=1, after_id=first.data[0].id)
    assert client.models.list(limit=1, before_id=second.data[0].id).data == first.data
    model = client.models.retrieve(MODEL)
    assert (model.type, model.display_name, model.max_input_tokens) == ("model", MODEL, 200_000)
    assert model.created_at.year > 2000
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("nothing")
    with pytest.raises(anthropic.BadRequestError, match="from 1 to 1000"):
        client.models.list(limit=0)
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="gh_wrong").models.list()


@pytest.mark.parametrize("is_stream", [False, True])
def test_errors_are_the_sdks_own(client, world, is_stream):
    def error_of(kind: type[anthropic.APIStatusError], asking: anthropic.Anthropic, **members: Any) -> Any:
        def told() -> None:
            answer = ask(asking, **members, stream=is_stream)
            if is_stream:  # who waits for long gets an error within the stream
                list(answer)

        with pytest.raises(kind) as found:
            told()
        assert found.value.body["type"] == "error"
        assert found.value.body["request_id"] == found.value.request_id
        return found.value.body["error"]

    unknown = error_of(anthropic.NotFoundError, client, model="nothing")
    assert (unknown["type"], unknown["code"]) == ("not_found_error", "model_not_found")
    wrong = error_of(anthropic.AuthenticationError, client.with_options(api_key="gh_wrong"))
    assert (wrong["type"], wrong["code"]) == ("authentication_error", "invalid_api_key")
    none = error_of(anthropic.BadRequestError, client, max_tokens=0)
    assert (none["type"], none["code"]) == ("invalid_request_error", "invalid_request")
    key = world.new_key(allowed_models=["nova-lite"])
    until(
        lambda: (
            world.post("/v1/messages", key=key, json={"model": MODEL, "messages": user("x")}).status_code
            == 403
        )
    )
    limited = error_of(anthropic.PermissionDeniedError, client.with_options(api_key=key))
    assert (limited["type"], limited["code"]) == ("permission_error", "model_not_allowed")
    team = f"Poor Anthropic {is_stream}"
    poor = world.new_key(team=team)
    world.set_budget(team=team, limit_nanos=1000)
    until(
        lambda: (
            world.post("/v1/messages", key=poor, json={"model": MODEL, "messages": user("x")}).status_code
            == 402
        )
    )
    spent = error_of(anthropic.APIStatusError, client.with_options(api_key=poor))
    assert (spent["type"], spent["code"]) == ("billing_error", "budget_exceeded")
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, throttle_rate=1.0)
    throttled = error_of(anthropic.APIStatusError, client)
    assert (throttled["type"], throttled["code"]) == ("rate_limit_error", "upstream_throttled")


def test_an_error_within_a_stream(client, world):
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, cut_after_events=20)
    raw = client.messages.with_raw_response.create(
        model=MODEL, max_tokens=LIMIT, messages=user(SECRET), stream=True
    )
    with pytest.raises(anthropic.APIStatusError) as found:
        list(raw.parse())
    assert found.value.body["error"]["type"] == "api_error"
    assert found.value.body["error"]["code"] == "upstream_error"
    record = world.record(raw.headers["x-gatehouse-call-id"])
    assert (record["status"], record["is_estimated"]) == ("failed", True)


def test_who_leaves_midway_stops_the_model(client, world):
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, tokens_per_second=50)
    raw = client.messages.with_raw_response.create(
        model=MODEL, max_tokens=4000, messages=user("[simulate: tokens=4000] Go"), stream=True
    )
    stream = raw.parse()
    for _ in range(8):
        next(stream)
    stream.close()
    record = world.record(raw.headers["x-gatehouse-call-id"])
    assert (record["status"], record["http_status"]) == ("cancelled", 499)
    assert 0 < record["output_tokens"] < 1000


@pytest.mark.parametrize("is_stream", [False, True])
def test_an_answer_that_a_rule_ends_is_a_refusal(client, world, is_stream):
    key = world.new_key(team="Anthropic rules")
    rule = {"entity": "TICKET", "patterns": ["TK-[0-9]{5}"], "to_model": "", "to_client": "block", "to_log": "mask"}  # fmt: skip
    world.set_policy({"rules": [rule]}, team="Anthropic rules", key=key)
    own = client.with_options(api_key=key)
    members: Any = {"model": MODEL, "max_tokens": LIMIT, "messages": user("Repeat TK-48151 please.")}
    if is_stream:
        with own.messages.stream(**members) as stream:
            answer = stream.get_final_message()
    else:
        answer = own.messages.create(**members)
    assert answer.stop_reason == "refusal"
    assert "TK-48151" not in answer.to_json()


def body(**members: Any) -> bytes:
    return json.dumps({"model": MODEL, "max_tokens": 9, "messages": user("Hello")} | members).encode()


BODIES = {
    "not JSON": b"{",
    "empty": b"",
    "an array": b"[]",
    "not UTF-8": b'{"model": "\xff"}',
    "no model": b'{"messages": []}',
    "no messages": body(messages=[]),
    "an unknown role": body(messages=[{"role": "robot", "content": "Hello"}]),
    "content of another type": body(messages=user(5)),
    "a block of another kind": body(messages=user([{"type": "hologram"}])),
    "max_tokens 0": body(max_tokens=0),
}


@pytest.mark.parametrize("kind", BODIES)
def test_bad_input_is_refused_in_anthropics_words_and_recorded(world, kind):
    answer = world.post("/v1/messages", content=BODIES[kind])
    found = answer.json()
    assert (answer.status_code, found["type"], found["error"]["type"]) == (
        400,
        "error",
        "invalid_request_error",
    )
    assert (found["error"]["code"], found["request_id"]) == (
        "invalid_request",
        answer.headers["request-id"],
    )
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["code"], record["wire_format"]) == (
        "refused",
        "invalid_request",
        "anthropic",
    )
    if kind not in ("max_tokens 0",):
        assert world.post("/v1/messages/count_tokens", content=BODIES[kind]).status_code == 400


def test_a_body_that_is_too_large(world):
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        try:
            answer = world.post(path, content=body(messages=user("x" * 50_000_000)))
        except httpx.WriteError:
            continue  # the gateway answered and closed before all was sent
        assert (answer.status_code, answer.json()["error"]["type"]) == (413, "request_too_large")


@pytest.mark.parametrize(("path", "status"), [("/v1/messages", 405), ("/v1/messages/batches", 404)])
def test_other_addresses_and_methods(world, path, status):
    answer = HTTP.get(world.url + path)
    assert (answer.status_code, answer.json()["type"]) == (status, "error")
