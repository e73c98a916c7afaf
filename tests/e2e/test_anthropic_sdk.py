"""The Anthropic SDK, unchanged, pointed at Gatehouse."""

import json
import re
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.e2e.conftest import MODEL, World

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
    with anthropic.Anthropic(base_url=world.url, api_key=world.key, max_retries=0) as opened:
        yield opened


def user(content: Any) -> Any:
    return [{"role": "user", "content": content}]


def ask(client: anthropic.Anthropic, content: Any = "Hello", **members: Any) -> anthropic.types.Message:
    members = {"model": MODEL, "max_tokens": LIMIT, "messages": user(content)} | members
    return client.messages.create(**members)


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


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


def test_a_stream_says_the_same_as_an_answer(client):
    whole = ask(client, SECRET)
    with client.messages.stream(model=MODEL, max_tokens=LIMIT, messages=user(SECRET)) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == text_of(final) == text_of(whole)
    assert final.usage.input_tokens == whole.usage.input_tokens
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.stop_reason == "end_turn"
