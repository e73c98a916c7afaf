"""OpenAI's Responses with its own SDK, unchanged, pointed at Gatehouse."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.e2e.conftest import MODEL, World
from tests.e2e.wire import adjusted, sent

SECRET = "Write to ann@example.com, card 4111 1111 1111 1111."
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PATCH = {"type": "custom", "name": "apply", "description": "Applies a patch.", "format": {"type": "text"}}
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


@pytest.fixture
def client(world: World) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{world.url}/v1", api_key=world.key, max_retries=0) as opened:
        yield opened


def streamed(world: World, **body: Any) -> list[dict[str, Any]]:
    """The events of a stream, each held to the SDK's own types and to what all of them have."""
    answer = world.post("/v1/responses", json={"model": MODEL, "stream": True} | body)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = []
    for block in answer.text.strip().split("\n\n"):
        name, _, data = block.partition("\ndata: ")
        event = json.loads(data)
        assert name == f"event: {event['type']}"
        EVENTS.validate_python(event)
        events.append(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


@pytest.mark.quick
def test_an_answer_comes_back_unmasked_and_is_on_record_masked(client, world):
    raw = client.responses.with_raw_response.create(model=MODEL, input=SECRET, instructions="Be brief.")
    answer = raw.parse()
    Response.model_validate(json.loads(raw.text))
    assert SECRET in answer.output_text
    assert (answer.status, answer.store, answer.instructions) == ("completed", False, "Be brief.")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert "ann@example.com" not in json.dumps(sent(world))
    record = world.record(raw.headers["x-gatehouse-call-id"])
    assert (record["status"], record["wire_format"]) == ("succeeded", "responses")
    assert record["findings"] == {"EMAIL_ADDRESS": 1, "CREDIT_CARD": 1}
    assert "x-gatehouse-adjusted" not in raw.headers


@pytest.mark.quick
def test_a_stream_says_the_same_as_an_answer(client, world):
    whole = client.responses.create(model=MODEL, input=SECRET).output_text
    with client.responses.stream(model=MODEL, input=SECRET) as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == whole
    assert kinds[:4] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip
    assert kinds[-4:] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    events = streamed(world, input=SECRET)
    text = "".join(each["delta"] for each in events if each["type"] == "response.output_text.delta")
    assert text == whole
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == whole


def test_parse_gives_an_object(client):
    class Weather(BaseModel):
        city: str
        degrees: int

    answer = client.responses.parse(model=MODEL, input="How warm is it in Bern?", text_format=Weather)
    assert isinstance(answer.output_parsed, Weather)


def test_a_loop_with_tools_thoughts_and_signatures(client, world):
    """As agents go on: all output items are sent back, with what the tool answered."""
    history: list[Any] = [{"role": "user", "content": "Weather in Bern?"}]
    options: dict[str, Any] = {
        "model": MODEL, "tools": [WEATHER], "store": False, "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"], "max_output_tokens": 4000,
    }  # fmt: skip
    first = client.responses.create(input=history, **options)
    assert [item.type for item in first.output] == ["reasoning", "message", "function_call"]
    call = first.output[-1]
    assert json.loads(call.arguments)["city"]
    assert first.usage.output_tokens_details.reasoning_tokens > 0
    history += first.output
    history.append({"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"})
    second = client.responses.create(input=history, **options)
    assert "12 degrees" in second.output_text
    messages = sent(world)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    thought, _, used = messages[1]["content"]
    assert thought["reasoningContent"]["reasoningText"]["signature"]
    assert used["toolUse"]["name"] == "weather"


@pytest.mark.parametrize("is_stream", [False, True])
def test_custom_tools_and_namespaces_come_back_as_they_were_sent(world, is_stream):
    crm = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [WEATHER, PATCH]}
    for choice, expected in (
        ({"type": "custom", "name": "apply"}, ("custom_tool_call", "apply", None)),
        ({"type": "function", "name": "weather", "namespace": "crm"}, ("function_call", "weather", "crm")),
        ({"type": "custom", "name": "apply", "namespace": "crm"}, ("custom_tool_call", "apply", "crm")),
    ):
        body = {
            "input": "Go on.",
            "tools": [PATCH, WEATHER, crm, {"type": "web_search"}],
            "tool_choice": choice,
        }
        if is_stream:
            events = streamed(world, **body)
            response = events[-1]["response"]
            done = [event for event in events if event["type"] == "response.output_item.done"]
            assert done[0]["item"] == response["output"][0]
        else:
            answer = world.post("/v1/responses", json={"model": MODEL} | body)
            assert adjusted(answer) == "tools[3]; dropped=web_search"
            response = answer.json()
            Response.model_validate(response)
        item = response["output"][0]
        assert (item["type"], item["name"], item.get("namespace")) == expected
        assert item.get("input") or json.loads(item["arguments"])
    names = [tool["toolSpec"]["name"] for tool in sent(world)["toolConfig"]["tools"]]
    assert names == ["apply", "weather", "crm__weather", "crm__apply"]
