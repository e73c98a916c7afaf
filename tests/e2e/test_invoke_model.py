"""InvokeModel and what else of Bedrock's own API is answered: AWS's and Anthropic's SDKs, unchanged, with an address."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import anthropic
import pytest
from botocore.exceptions import ClientError, EventStreamError

from tests.client import HTTP
from tests.e2e.conftest import World
from tests.e2e.test_boto3 import client_for

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SAID = "Write to ann@example.com"
CHAT = [{"role": "user", "content": SAID}]
TOOL = {
    "name": "send",
    "description": "Sends a message.",
    "input_schema": {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
}
VERSION = {"anthropic_version": "bedrock-2023-05-31"}
LLAMA3 = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe short.<|eot_id|>"
    f"<|start_header_id|>user<|end_header_id|>\n\n{SAID}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    bedrock = client_for(world)
    yield bedrock
    bedrock.close()


@pytest.fixture
def claude(world: World) -> Iterator[anthropic.AnthropicBedrock]:
    client = anthropic.AnthropicBedrock(
        base_url=f"{world.url}/bedrock", aws_access_key=world.key, aws_secret_key="unused", aws_region="us-east-1",
        max_retries=0,
    )  # fmt: skip
    yield client
    client.close()


def invoked(client, model: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    answer = client.invoke_model(modelId=model, body=json.dumps(body))
    assert answer["ResponseMetadata"]["RequestId"]
    return json.loads(answer["body"].read()), answer["ResponseMetadata"]["HTTPHeaders"]


def streamed(client, model: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
    assert answer["ResponseMetadata"]["RequestId"]
    assert answer["contentType"] == "application/json"
    with closing(answer["body"]) as events:
        return [json.loads(event["chunk"]["bytes"]) for event in events]


@pytest.mark.quick
def test_anthropics_own_sdk(world, claude):
    answer = claude.messages.create(model=CLAUDE, max_tokens=300, messages=CHAT, system="Be short.")
    assert "ann@example.com" in answer.content[0].text
    assert (answer.stop_reason, answer.usage.output_tokens > 0) == ("end_turn", True)
    assert "ann@example.com" not in str(world.received()[-1])
    with claude.messages.stream(model=CLAUDE, max_tokens=300, messages=CHAT) as stream:
        text = "".join(stream.text_stream)
        last = stream.get_final_message()
    assert text == last.content[0].text
    assert "ann@example.com" in text
    assert last.usage.output_tokens > 0


def test_tools_and_thinking(claude):
    for make in (claude.messages.create, lambda **more: _streamed(claude, **more)):
        answer = make(
            model=CLAUDE, max_tokens=3000, messages=CHAT, tools=[TOOL], tool_choice={"type": "tool", "name": "send"}
        )  # fmt: skip
        assert answer.stop_reason == "tool_use"
        use = answer.content[-1]
        assert (use.name, "ann@example.com" in use.input["to"]) == ("send", True)
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "sent"}
        history = [
            *CHAT,
            {"role": "assistant", "content": answer.content},
            {"role": "user", "content": [result]},
        ]
        assert make(model=CLAUDE, max_tokens=300, messages=history, tools=[TOOL]).stop_reason == "end_turn"
        thinking = {"type": "enabled", "budget_tokens": 1024}
        thought = make(model=CLAUDE, max_tokens=3000, messages=CHAT, thinking=thinking)
        assert [block.type for block in thought.content] == ["thinking", "text"]


def _streamed(claude, **more):
    with claude.messages.stream(**more) as stream:
        return stream.get_final_message()


def test_anthropics_sdk_is_told_what_is_wrong(world, claude):
    with pytest.raises(anthropic.NotFoundError) as caught:
        claude.messages.create(model="us.anthropic.claude-haiku-9-v1:0", max_tokens=1, messages=CHAT)
    assert "claude-haiku" in str(caught.value)
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        claude.messages.create(model=CLAUDE, max_tokens=0, messages=CHAT)


TEXTS = {
    "anthropic": (CLAUDE, {**VERSION, "max_tokens": 300, "messages": CHAT}),
    "a later version": (CLAUDE, {"anthropic_version": "2026-10-21", "max_tokens": 300, "messages": CHAT}),
    "by an alias": ("claude-haiku-4-5", {**VERSION, "max_tokens": 300, "messages": CHAT}),
    "anthropic's body for another model": ("nova-pro", {**VERSION, "max_tokens": 300, "messages": CHAT}),
    "nova": (
        "us.amazon.nova-pro-v1:0",
        {
            "schemaVersion": "messages-v1",
            "system": [{"text": "Be short."}],
            "messages": [{"role": "user", "content": [{"text": SAID}]}],
            "inferenceConfig": {"max_new_tokens": 300, "temperature": 0.5, "topK": 20},
        },
    ),
    "llama": (
        "us.meta.llama3-3-70b-instruct-v1:0",
        {"prompt": LLAMA3, "max_gen_len": 300, "temperature": 0.5},
    ),
    "mistral": (
        "us.mistral.pixtral-large-2502-v1:0",
        {"prompt": f"<s>[INST] {SAID} [/INST]", "max_tokens": 300},
    ),
    "mistral chat": ("us.mistral.pixtral-large-2502-v1:0", {"messages": CHAT, "max_tokens": 300}),
}


def text_of(answer: dict[str, Any]) -> str:
    """The text of any family's answer, or of a chunk of it."""
    match answer:
        case {"content": [*blocks]} | {"output": {"message": {"content": [*blocks]}}}:
            return "".join(block["text"] for block in blocks)
        case (
            {"delta": {"text": text}}
            | {"contentBlockDelta": {"delta": {"text": text}}}
            | {"generation": text}
        ):
            return text
        case {"outputs": [{"text": text}]} | {"choices": [{"message": {"content": text}}]}:
            return text
    return ""


@pytest.mark.parametrize(("model", "body"), TEXTS.values(), ids=TEXTS.keys())
def test_texts_whole_and_streamed(world, client, model, body):
    answer, headers = invoked(client, model, body)
    assert "ann@example.com" in text_of(answer)
    record = world.record(headers["x-gatehouse-call-id"])
    assert (record["wire_format"], record["status"]) == ("invoke", "succeeded")
    counts = [int(headers[f"x-amzn-bedrock-{side}-token-count"]) for side in ("input", "output")]
    assert counts == [record["input_tokens"], record["output_tokens"]]
    assert "ann@example.com" not in str(world.received()[-1])

    chunks = streamed(client, model, body)
    assert "ann@example.com" in "".join(map(text_of, chunks))
    metrics = chunks[-1]["amazon-bedrock-invocationMetrics"]
    assert (metrics["inputTokenCount"] > 0, metrics["outputTokenCount"] > 0) == (True, True)
    assert not any("amazon-bedrock-invocationMetrics" in chunk for chunk in chunks[:-1])


@pytest.mark.quick
def test_a_llama_prompt_is_taken_apart(world, client):
    invoked(client, *TEXTS["llama"])
    sent = (
        json.loads(world.received()[-1]["body"])
        if isinstance(world.received()[-1]["body"], str)
        else world.received()[-1]["body"]
    )
    assert sent["system"] == [{"text": "Be short."}]
    assert "<|" not in json.dumps(sent["messages"])


EMBEDDINGS = {
    "titan 2": (
        "amazon.titan-embed-text-v2:0",
        {"inputText": "hello", "dimensions": 256, "normalize": True},
        256,
    ),
    "titan 1": ("amazon.titan-embed-text-v1", {"inputText": "hello"}, 1536),
    "cohere": ("cohere.embed-english-v3", {"texts": ["hello", "cat"], "input_type": "search_query"}, 1024),
}


@pytest.mark.quick
@pytest.mark.parametrize(("model", "body", "length"), EMBEDDINGS.values(), ids=EMBEDDINGS.keys())
def test_embeddings(world, client, model, body, length):
    answer, headers = invoked(client, model, body)
    row = answer["embedding"] if "embedding" in answer else answer["embeddings"][1]
    assert len(row) == length
    record = world.record(headers["x-gatehouse-call-id"])
    assert record["input_tokens"] == int(headers["x-amzn-bedrock-input-token-count"]) > 0
    sent = world.received()[-1]["body"]
    sent = json.loads(sent) if isinstance(sent, str) else sent
    assert sent.items() >= {name: value for name, value in body.items() if name != "texts"}.items()


def test_other_forms_of_vectors(client):
    types = {"embeddingTypes": ["binary"]}
    answer, _ = invoked(client, "amazon.titan-embed-text-v2:0", {"inputText": "hello", **types})
    assert set(answer["embeddingsByType"]["binary"]) <= {0, 1}
    body = {"texts": ["a", "b"], "input_type": "clustering", "embedding_types": ["float", "int8"]}
    answer, _ = invoked(client, "cohere.embed-multilingual-v3", body)
    assert {name: len(rows) for name, rows in answer["embeddings"].items()} == {"float": 2, "int8": 2}


MESSAGES = {**VERSION, "max_tokens": 9, "messages": CHAT}
REFUSED = {
    "no version": (CLAUDE, {"max_tokens": 9, "messages": CHAT}, "anthropic_version"),
    "no such version": (CLAUDE, MESSAGES | {"anthropic_version": "one"}, "anthropic_version"),
    "a model in the body": (CLAUDE, MESSAGES | {"model": "claude"}, "model: Extra"),
    "another family's body": (CLAUDE, {"inputText": "hello"}, "anthropic_version"),
    "an unknown member": ("us.meta.llama3-3-70b-instruct-v1:0", {"prompt": "a", "top_k": 1}, "top_k"),
    "a family without a body": ("openai.gpt-oss-120b-1:0", {"messages": CHAT}, "Converse"),
    "no object": (CLAUDE, [1], "JSONObject"),
    "nothing to say": ("us.meta.llama3-3-70b-instruct-v1:0", {"prompt": " "}, "empty"),
    "images": ("cohere.embed-english-v3", {"images": ["data:x"], "input_type": "image"}, "images"),
    "a chat to an embedding": ("amazon.titan-embed-text-v2:0", {"messages": CHAT}, "messages"),
}


@pytest.mark.parametrize(("model", "body", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(client, model, body, words):
    for operation, told in ((client.invoke_model, words), (client.invoke_model_with_response_stream, None)):
        with pytest.raises(ClientError, match=told) as caught:
            operation(modelId=model, body=json.dumps(body))
        error = caught.value.response
        assert error["Error"]["Code"] == "ValidationException"
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert error["ResponseMetadata"]["RequestId"]


HEADERS = {
    "a guardrail": ({"guardrailIdentifier": "abc", "guardrailVersion": "1"}, "administrators"),
    "a reserved tier": ({"serviceTier": "reserved"}, "Service-Tier"),
}


@pytest.mark.parametrize(("more", "words"), HEADERS.values(), ids=HEADERS.keys())
def test_headers_that_are_refused(client, more, words):
    with pytest.raises(ClientError, match=words) as caught:
        client.invoke_model(modelId=CLAUDE, body=json.dumps(MESSAGES), **more)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_latency_is_passed_on(world, client):
    body = json.dumps(MESSAGES)
    answer = client.invoke_model(
        modelId=CLAUDE, body=body, performanceConfigLatency="standard", trace="DISABLED"
    )
    assert answer["performanceConfigLatency"] == "standard"


@pytest.mark.quick
def test_probes_of_models(world, client):
    """As Claude Code asks on starting: what may not be called is refused without a call."""
    key = world.new_key(allowed_models=["claude-haiku-4-5"])
    world.knows(key)
    bedrock = client_for(world, key)
    probe = json.dumps({**VERSION, "max_tokens": 1, "messages": [{"role": "user", "content": "."}]})
    before = world.count_received()
    codes = {
        "us.anthropic.claude-opus-9-v1:0": "ResourceNotFoundException",
        "us.anthropic.claude-opus-5": "AccessDeniedException",
    }
    for model, code in codes.items():
        assert _code(bedrock, model, probe) == code
    assert world.count_received() == before
    answer = bedrock.invoke_model(modelId=CLAUDE, body=probe)
    record = world.record(answer["ResponseMetadata"]["HTTPHeaders"]["x-gatehouse-call-id"])
    assert record["checks"]["probe"] is True
    bedrock.close()


def _code(bedrock, model: str, body: str) -> str:
    try:
        bedrock.invoke_model(modelId=model, body=body)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def test_a_stream_that_breaks_off(world, client):
    world.say({"error": {"type": "ModelStreamErrorException", "message": "No.", "after_events": 3}})
    with pytest.raises(EventStreamError, match="modelStreamError"):
        streamed(client, CLAUDE, MESSAGES)


def code_request(text: str) -> dict[str, Any]:
    """What Claude Code sends in its Bedrock mode: some 85 kB, most of them tools and instructions."""
    tools = [
        {
            "name": f"Tool{number}",
            "description": "Does a thing. " * 200,
            "input_schema": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {"path": {"type": "string"}, "limit": {"type": "number"}},
                "required": ["path"],
                "additionalProperties": False,
            },
        }
        for number in range(24)
    ]
    mark = {"cache_control": {"type": "ephemeral"}}
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": [
            "interleaved-thinking-2025-05-14",
            "tool-search-tool-2025-10-19",
            "made-up-2031-01-01",
        ],
        "max_tokens": 32_000,
        "thinking": {"type": "enabled", "budget_tokens": 31_999},
        "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": "s"})},
        "system": [
            {
                "type": "text",
                "text": "x-anthropic-billing-header: cc_version=2.1.332.423; cc_entrypoint=cli;",
            },
            {"type": "text", "text": "You are an agent.", **mark},
            {"type": "text", "text": "Work with care. " * 400, **mark},
        ],
        "messages": [{"role": "user", "content": [{"type": "text", "text": text, **mark}]}],
        "tools": tools,
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    }


def test_claude_code(world, client):
    events = streamed(client, CLAUDE, code_request("say hi"))
    assert [each["type"] for each in (events[0], events[-1])] == ["message_start", "message_stop"]
    kinds = [each["content_block"]["type"] for each in events if each["type"] == "content_block_start"]
    assert kinds[:2] == ["thinking", "text"]
    sent = world.received()[-1]["body"]
    sent = json.loads(sent) if isinstance(sent, str) else sent
    assert sent["additionalModelRequestFields"]["anthropic_beta"] == ["interleaved-thinking-2025-05-14"]
    assert len([tool for tool in sent["toolConfig"]["tools"] if "toolSpec" in tool]) == 24


@pytest.mark.quick
def test_a_prompt_by_name(world, client):
    name = "greeting-by-invoke"
    document = {
        "messages": [{"text": "Greet {{ who }}."}],
        "variables": [{"name": "who"}],
    }
    world.new_prompt(name, document)
    world.knows(world.new_key())
    body = {**VERSION, "messages": [], "metadata": {"variables": {"who": "Ann"}}}
    answer, headers = invoked(client, f"prompt/{name}", body)
    assert "Ann" in text_of(answer)
    assert world.record(headers["x-gatehouse-call-id"])["prompt_name"] == name


def test_names_of_models_in_every_format(world):
    message = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 9}
    for path, model in (
        ("/v1/chat/completions", "anthropic/claude-haiku-4.5"),
        ("/v1/chat/completions", f"bedrock/converse/{CLAUDE}"),
        ("/v1/messages", "claude-haiku-4-5-20251001"),
        ("/v1/messages", "claude-haiku-4-5-20251001[1m]"),
    ):
        answer = world.post(path, json=message | {"model": model})
        assert (answer.status_code, answer.headers["x-gatehouse-model"]) == (200, CLAUDE.removeprefix("us."))
    shown = HTTP.get(f"{world.url}/v1/models/claude-haiku-4-5-20251001", headers={"x-api-key": world.key})
    assert (shown.status_code, shown.json()["id"]) == (200, "claude-haiku-4-5")
    eu = world.new_key(allowed_models=["eu.anthropic.claude-haiku-4-5", "nova-pro"])
    world.knows(eu)
    assert (
        world.post("/v1/messages", key=eu, json=message | {"model": "claude-haiku-4-5-eu"}).status_code == 200
    )
    refused = world.post("/v1/messages", key=eu, json=message | {"model": "claude-haiku-4-7"})
    assert refused.status_code == 404
    assert "claude-haiku-4-5-eu" in refused.text
    for model, status in (("claude-haiku-4-5", 403), ("claude-opus-9", 404)):
        refused = world.post("/v1/messages", key=eu, json=message | {"model": model})
        told = refused.json()["error"]["message"].replace(f"'{model}'", "")
        assert (refused.status_code, "opus" in told, "global" in told) == (status, False, False)
