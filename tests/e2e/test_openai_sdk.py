"""The OpenAI SDK, unchanged, pointed at Gatehouse."""

import json
import re
from collections.abc import AsyncIterator, Iterator

import openai
import pytest

from tests.e2e.conftest import MODEL, World

TOOL = {
    "type": "function",
    "function": {
        "name": "send_mail",
        "description": "Sends a mail.",
        "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    },
}
SECRET = "Write to ann@example.com, card 4111 1111 1111 1111."


@pytest.fixture
def client(world: World) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{world.url}/v1", api_key=world.key, max_retries=0) as opened:
        yield opened


@pytest.fixture
async def async_client(world: World) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{world.url}/v1", api_key=world.key, max_retries=0) as opened:
        yield opened


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.mark.quick
def test_an_answer_comes_back_unmasked_and_is_on_record_masked(client, world):
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=user(SECRET), extra_headers={"X-Gatehouse-Feature": "mail"}
    )
    answer = raw.parse()
    assert SECRET in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    sent = json.dumps(world.received()[-1]["body"])
    assert "ann@example.com" not in sent
    assert "4111" not in sent
    assert re.search(r"<EMAIL_ADDRESS_[0-9a-f]{6}>", sent)

    call_id = raw.headers["x-gatehouse-call-id"]
    record, content = world.record(call_id), world.content(call_id)
    assert (record["status"], record["feature"], record["wire_format"]) == ("succeeded", "mail", "openai")
    assert record["findings"] == {"EMAIL_ADDRESS": 1, "CREDIT_CARD": 1}
    assert record["input_tokens"] == answer.usage.prompt_tokens
    assert 0 < record["cost_nanos"] <= record["reserved_nanos"]
    assert float(raw.headers["x-gatehouse-cost-usd"]) == record["cost_nanos"] / 1e9
    assert [stage for stage, _, _ in record["stages"]] == [
        "authenticate", "resolve route", "queue", "redact", "screen", "defend", "capabilities", "enforce limits", "limit rates", "reserve", "invoke", "settle",
        "store bodies",
    ]  # fmt: skip
    for text in (content["request"], content["answer"]):
        assert "EMAIL_ADDRESS_" in text
        assert "ann@example.com" not in text
        assert "4111" not in text


@pytest.mark.quick
def test_a_stream_says_the_same_as_an_answer(client):
    whole = client.chat.completions.create(model=MODEL, messages=user(SECRET)).choices[0].message.content
    stream = client.chat.completions.create(
        model=MODEL, messages=user(SECRET), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_async_calls_and_streams(async_client):
    answer = await async_client.chat.completions.create(model=MODEL, messages=user("Hello"), max_tokens=7)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 7
    stream = await async_client.chat.completions.create(model=MODEL, messages=user("Hello"), stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert "Hello" in text


def test_a_tool_is_called_with_the_callers_own_words(client):
    message = (
        client.chat.completions.create(
            model=MODEL, messages=user(SECRET), tools=[TOOL], tool_choice="required"
        )
        .choices[0]
        .message
    )
    (call,) = message.tool_calls
    assert call.function.name == "send_mail"
    assert "ann@example.com" in json.loads(call.function.arguments)["text"]
    follow_up = client.chat.completions.create(
        model=MODEL,
        tools=[TOOL],
        messages=[
            *user(SECRET),
            message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": "sent to ann@example.com"},
        ],
    )
    assert follow_up.choices[0].finish_reason == "stop"


def test_a_streamed_tool_call_is_whole_and_unmasked(client):
    arguments, names = "", []
    for chunk in client.chat.completions.create(
        model=MODEL,
        messages=user(SECRET),
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "send_mail"}},
        stream=True,
    ):
        for call in chunk.choices[0].delta.tool_calls or []:
            names += [call.function.name] if call.function.name else []
            arguments += call.function.arguments or ""
    assert names == ["send_mail"]
    assert "ann@example.com" in json.loads(arguments)["text"]


def test_json_that_fits_a_schema(client):
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    answer = client.chat.completions.create(
        model=MODEL,
        messages=user("How many?"),
        response_format={"type": "json_schema", "json_schema": {"name": "count", "schema": schema}},
    )
    assert isinstance(json.loads(answer.choices[0].message.content)["n"], int)


def test_images_reach_the_model_and_only_their_size_the_record(client, world):
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}},
    ]
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": content}]
    )
    assert world.received()[-1]["body"]["messages"][0]["content"][1]["image"]["source"]["bytes"] == pixel
    assert pixel not in world.content(raw.headers["x-gatehouse-call-id"])["request"]


def test_system_messages_stop_and_a_conversation(client):
    answer = client.chat.completions.create(
        model=MODEL,
        stop=["You"],
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": "Be kind."},
            *user("Hello"),
            *user("again"),
            {"role": "assistant", "content": "Hi."},
            *user("And now?"),
        ],
    )
    assert answer.choices[0].finish_reason == "stop"
    assert "You" not in answer.choices[0].message.content


def test_models_are_listed(client):
    models = client.models.list().data
    assert MODEL in [model.id for model in models]
    assert client.models.retrieve(MODEL).owned_by == "Anthropic"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing")


@pytest.mark.parametrize("stream", [False, True])
def test_errors_are_the_sdks_own(client, world, stream):
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nothing", messages=user("Hello"), stream=stream)
    assert unknown.value.code == "model_not_found"
    wrong = client.with_options(api_key="gh_wrong")
    with pytest.raises(openai.AuthenticationError) as unauthorized:
        wrong.chat.completions.create(model=MODEL, messages=user("Hello"), stream=stream)
    assert unauthorized.value.code == "invalid_api_key"


def test_legacy_completions(client, world):
    whole = client.completions.create(model=MODEL, prompt=SECRET)
    assert SECRET in whole.choices[0].text
    assert (whole.object, whole.choices[0].finish_reason) == ("text_completion", "stop")
    assert "ann@example.com" not in json.dumps(world.received()[-1]["body"])
    chunks = list(
        client.completions.create(
            model=MODEL, prompt=SECRET, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole.choices[0].text
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage
