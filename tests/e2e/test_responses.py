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
from tests.services import until

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


def codex(*more: Any, is_stream: bool) -> dict[str, Any]:
    """A request as Codex sends it: so long, in these shapes, with other words."""

    def developer(*texts: int) -> dict[str, Any]:
        content = [{"type": "input_text", "text": ("Work with care. " * 1200)[:length]} for length in texts]
        return {"type": "message", "id": "msg_1", "role": "developer", "content": content}

    def function(name: str) -> dict[str, Any]:
        parameters = {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "additionalProperties": False,
        }
        return {
            "type": "function",
            "name": name,
            "description": "Does it. " * 200,
            "strict": False,
            "parameters": parameters,
        }

    agents = {
        "type": "namespace", "name": "multi_agent_v1", "description": "Other agents.",
        "tools": [function(name) for name in ("spawn_agent", "send_input", "wait")],
    }  # fmt: skip
    user = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        for text in ("<environment/>" * 30, "say hi")
    ]
    return {
        "model": MODEL, "stream": is_stream, "store": False, "tool_choice": "auto", "parallel_tool_calls": True,
        "reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"], "prompt_cache_key": "6f1e", "client_metadata": {"a": "b"},
        "input": [developer(16_979), developer(2_127, 341), *user, *more],
        "tools": [*(function(f"tool_{number}") for number in range(7)), agents, {"type": "web_search", "external_web_access": False}],
    }  # fmt: skip


@pytest.mark.parametrize("is_stream", [False, True])
def test_codex_and_its_next_step(world, is_stream):
    def ask(*more: Any) -> dict[str, Any]:
        if is_stream:
            return streamed(world, **codex(*more, is_stream=True))[-1]["response"]
        answer = world.post("/v1/responses", json=codex(*more, is_stream=False))
        assert adjusted(answer) == "tools[8]; dropped=web_search"
        return answer.json()

    first = ask()
    assert first["status"] == "completed"
    call = first["output"][-1]
    assert (call["type"], call["name"]) == ("function_call", "tool_0")
    assert len(sent(world)["toolConfig"]["tools"]) == 10
    *texts, point = sent(world)["system"]
    assert [len(block["text"]) for block in texts] == [16_979, 2_127, 341]
    assert point == {"cachePoint": {"type": "default"}}  # as its `prompt_cache_key` asks for
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "hello from the tool"}
    second = ask(*first["output"], output)
    assert "hello from the tool" in second["output"][0]["content"][0]["text"]
    agent = {
        "type": "function_call",
        "id": "fc_2",
        "call_id": "c2",
        "name": "wait",
        "namespace": "multi_agent_v1",
        "arguments": "{}",
    }
    ask(agent, {**output, "call_id": "c2"})
    used = [
        block["toolUse"]["name"]
        for message in sent(world)["messages"]
        for block in message["content"]
        if "toolUse" in block
    ]
    assert used == ["multi_agent_v1__wait"]


def test_thinking_needs_no_bound_on_the_answer(world):
    answer = world.post(
        "/v1/responses", json={"model": MODEL, "input": "Hi", "reasoning": {"effort": "high"}}
    )
    assert answer.status_code == 200
    assert [item["type"] for item in answer.json()["output"]] == ["reasoning", "message"]
    body = sent(world)
    assert (
        1024
        <= body["additionalModelRequestFields"]["thinking"]["budget_tokens"]
        < body["inferenceConfig"]["maxTokens"]
    )


def test_what_can_not_be_is_told_as_openai_does(client, world):
    with pytest.raises(openai.NotFoundError) as unknown:
        client.responses.create(model="none-such", input="Hello")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as background:
        client.responses.create(model=MODEL, input="Hello", background=True)
    assert background.value.param == "background"
    for is_stream in (False, True):
        with pytest.raises(openai.BadRequestError) as stored:
            client.responses.create(
                model=MODEL, input="Hello", previous_response_id="resp_1", stream=is_stream
            )
        assert (stored.value.code, stored.value.param) == (
            "previous_response_not_found",
            "previous_response_id",
        )
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, cut_after_events=20)
    events = streamed(world, input="Hello")
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["error"]["code"] == "server_error"


def test_an_answer_that_is_cut_says_so(client):
    answer = client.responses.create(model=MODEL, input="Hello", max_output_tokens=16)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert answer.usage.output_tokens == 16


def test_a_prompt_runs_by_its_name(client, world):
    document = {"messages": [{"text": "Greet {{ name }}."}], "variables": [{"name": "name"}]}
    world.new_prompt("greet-responses", document)
    asked: list[dict[str, Any]] = [
        {"model": "prompt/greet-responses", "metadata": {"variables": '{"name": "Bo"}'}},
        {"prompt": {"id": "greet-responses", "variables": {"name": "Bo"}}},
    ]

    def answers() -> bool:
        try:
            client.responses.create(**asked[0])
        except openai.NotFoundError:
            return False
        return True

    until(answers, what="the prompt")
    for members in asked:
        assert "Greet Bo." in client.responses.create(**members).output_text
