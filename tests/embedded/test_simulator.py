"""The simulator over HTTP with plain boto3: every operation, as AWS answers it."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.fits import fits
from tests.embedded.strict_bodies import png
from tests.simulator import RunningSimulator, running

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
    },
    "required": ["city", "unit"],
}
TOOL_CONFIG = {
    "tools": [
        {"toolSpec": {"name": "get_weather", "description": "Weather", "inputSchema": {"json": WEATHER}}}
    ]
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.fixture
def simulator(server: RunningSimulator) -> RunningSimulator:
    server.reset()
    return server


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def converse(simulator: RunningSimulator, text: str = "Hello", **extra: Any) -> dict[str, Any]:
    region = extra.pop("region", "us-east-1")
    extra.setdefault("messages", [user(text)])
    return simulator.client(region).converse(modelId=extra.pop("modelId", HAIKU), **extra)


def converse_stream(simulator: RunningSimulator, text: str = "Hello", **extra: Any) -> list[dict[str, Any]]:
    answer = simulator.client().converse_stream(modelId=HAIKU, messages=[user(text)], **extra)
    with closing(answer["stream"]) as stream:
        return list(stream)


def messages_body(text: str = "Hello", **extra: Any) -> str:
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1000} | extra
    return json.dumps({"messages": [{"role": "user", "content": text}]} | body)


def invoke_stream(simulator: RunningSimulator, body: str) -> list[dict[str, Any]]:
    answer = simulator.client().invoke_model_with_response_stream(modelId=HAIKU, body=body)
    with closing(answer["body"]) as stream:
        return [json.loads(event["chunk"]["bytes"]) for event in stream]


def text_of(answer: dict[str, Any]) -> str:
    return answer["output"]["message"]["content"][0]["text"]


def streamed_text(events: list[dict[str, Any]]) -> str:
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    return "".join(delta.get("text", "") for delta in deltas)


# --- models ---


def test_lists_foundation_models(simulator: RunningSimulator) -> None:
    summaries = simulator.client(service="bedrock").list_foundation_models()["modelSummaries"]
    haiku = next(s for s in summaries if s["modelId"].startswith("anthropic.claude-haiku-4-5"))
    assert haiku["providerName"] == "Anthropic"
    assert haiku["modelArn"] == f"arn:aws:bedrock:us-east-1::foundation-model/{haiku['modelId']}"
    assert haiku["modelLifecycle"]["status"] in ("ACTIVE", "LEGACY")


def test_filters_foundation_models(simulator: RunningSimulator) -> None:
    answer = simulator.client(service="bedrock").list_foundation_models(byProvider="amazon")
    assert {s["providerName"] for s in answer["modelSummaries"]} == {"Amazon"}


def test_lists_inference_profiles(simulator: RunningSimulator) -> None:
    bedrock = simulator.client("eu-west-1", service="bedrock")
    profiles = bedrock.list_inference_profiles()["inferenceProfileSummaries"]
    assert profiles
    assert {p["inferenceProfileId"].partition(".")[0] for p in profiles} <= {"eu", "global"}


@pytest.mark.parametrize(
    "model_id",
    [
        HAIKU,
        "amazon.nova-pro-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-pro-v1/abcdefghijkl",
        f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{HAIKU}",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34",
    ],
)
def test_accepts_every_form_of_model_id(simulator: RunningSimulator, model_id: str) -> None:
    assert "simulated" in text_of(converse(simulator, modelId=model_id))


def test_refuses_an_unknown_model(simulator: RunningSimulator) -> None:
    with pytest.raises(simulator.client().exceptions.ValidationException) as caught:
        converse(simulator, modelId="anthropic.claude-does-not-exist-v1:0")
    assert caught.value.response["Error"]["Message"] == "The provided model identifier is invalid."


@pytest.mark.parametrize(
    "model_id",
    [HAIKU.removeprefix("us."), f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU.removeprefix('us.')}"],
)
def test_a_bare_id_of_a_model_that_only_profiles_reach(simulator: RunningSimulator, model_id: str) -> None:
    with pytest.raises(ClientError, match=r"with on-demand throughput isn.t supported\. Retry your request"):
        converse(simulator, modelId=model_id)


def test_a_profile_of_elsewhere_is_unknown(simulator: RunningSimulator) -> None:
    with pytest.raises(ClientError, match=r"The provided model identifier is invalid\."):
        converse(simulator, modelId=HAIKU, region="eu-west-1")


# --- Converse ---


def test_converse_says_that_it_is_simulated_and_echoes(simulator: RunningSimulator) -> None:
    words, haiku = "Write to <EMAIL_ADDRESS_3f2a9c>, please.", HAIKU.replace("us.", "eu.")
    answer = converse(simulator, words, region="eu-west-1", modelId=haiku)
    text = text_of(answer)
    assert text.startswith(f"This is a simulated answer from {haiku} in eu-west-1.")
    assert "<EMAIL_ADDRESS_3f2a9c>" in text
    assert answer["stopReason"] == "end_turn"
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert usage["outputTokens"] >= 40


def test_answers_are_a_function_of_the_request(simulator: RunningSimulator) -> None:
    first, second = converse(simulator, "Same?"), converse(simulator, "Same?")
    for answer in (first, second):
        del answer["ResponseMetadata"]
    assert first == second
    assert text_of(converse(simulator, "Other?")) != text_of(first)
    assert streamed_text(converse_stream(simulator, "Same?")) == text_of(first)


def test_max_tokens_is_met_exactly(simulator: RunningSimulator) -> None:
    answer = converse(simulator, inferenceConfig={"maxTokens": 7})
    assert (answer["stopReason"], answer["usage"]["outputTokens"]) == ("max_tokens", 7)


def test_directive_sets_the_length(simulator: RunningSimulator) -> None:
    answer = converse(simulator, "Go on [simulate: tokens=500]")
    assert (answer["stopReason"], answer["usage"]["outputTokens"]) == ("end_turn", 500)


def test_stop_sequence_ends_the_text(simulator: RunningSimulator) -> None:
    answer = converse(simulator, "one STOP two", inferenceConfig={"stopSequences": ["STOP", "never"]})
    assert answer["stopReason"] == "stop_sequence"
    assert text_of(answer).endswith('You said: "one ')


def test_input_tokens_count_all_that_is_read(simulator: RunningSimulator) -> None:
    def tokens(**extra: Any) -> int:
        return converse(simulator, **extra)["usage"]["inputTokens"]

    plain = tokens()
    assert plain < tokens(system=[{"text": "Be brief and kind."}])
    assert plain < tokens(toolConfig=TOOL_CONFIG)
    image = {"image": {"format": "png", "source": {"bytes": png(750, 1000, size=300_000)}}}
    assert tokens(messages=[{"role": "user", "content": [{"text": "Hello"}, image]}]) == plain + 1_000


def test_cache_points_write_then_read(simulator: RunningSimulator) -> None:
    system = [{"text": "A long manual. " * 1_500}, {"cachePoint": {"type": "default"}}]
    first = converse(simulator, "One", system=system)["usage"]
    second = converse(simulator, "Two", system=system)["usage"]
    assert first["cacheWriteInputTokens"] == second["cacheReadInputTokens"] > 100
    assert first["cacheReadInputTokens"] == second["cacheWriteInputTokens"] == 0
    assert second["totalTokens"] == sum(
        second[name] for name in ("inputTokens", "outputTokens", "cacheReadInputTokens")
    )


def test_a_beginning_below_the_models_least_is_taken_and_not_cached(simulator: RunningSimulator) -> None:
    system = [
        {"text": "A long manual. " * 500},
        {"cachePoint": {"type": "default"}},
    ]  # Haiku's least is 4,096
    for _ in range(2):
        usage = converse(simulator, system=system)["usage"]
        assert (usage["cacheWriteInputTokens"], usage["cacheReadInputTokens"]) == (0, 0)
        assert usage["inputTokens"] > 1_500
    nova = converse(simulator, system=system, modelId="us.amazon.nova-lite-v1:0")["usage"]
    assert nova["cacheWriteInputTokens"] > 1_500


def test_stream_has_the_events_of_aws_in_order(simulator: RunningSimulator) -> None:
    events = converse_stream(simulator)
    kinds = [next(iter(event)) for event in events]
    deltas = kinds.count("contentBlockDelta")
    assert kinds == [
        "messageStart",
        *["contentBlockDelta"] * deltas,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    usage = events[-1]["metadata"]["usage"]
    assert usage == converse(simulator)["usage"]
    assert deltas == usage["outputTokens"]  # this text is ASCII: one delta a token


def test_stream_keeps_characters_whole(simulator: RunningSimulator) -> None:
    words = "Grüße 🦊🏔️ 東京 <PERSON_3f2a9c>"
    events = converse_stream(simulator, words)
    assert words in streamed_text(events)
    assert streamed_text(events) == text_of(converse(simulator, words))


# --- tools and schemas ---


def test_tool_use_fits_the_schema(simulator: RunningSimulator) -> None:
    answer = converse(simulator, "Weather for <PERSON_3f2a9c>?", toolConfig=TOOL_CONFIG)
    assert answer["stopReason"] == "tool_use"
    text, block = answer["output"]["message"]["content"]
    assert "simulated" in text["text"]
    call = block["toolUse"]
    fits(call["input"], WEATHER)
    assert call["toolUseId"].startswith("tooluse_")
    assert "<PERSON_3f2a9c>" in call["input"]["city"]


def test_a_chosen_tool_is_used_alone(simulator: RunningSimulator) -> None:
    config = TOOL_CONFIG | {"toolChoice": {"tool": {"name": "get_weather"}}}
    answer = converse(simulator, toolConfig=config)
    assert [list(block) for block in answer["output"]["message"]["content"]] == [["toolUse"]]


def test_tool_use_streams_as_pieces_of_json(simulator: RunningSimulator) -> None:
    whole = converse(simulator, "Weather?", toolConfig=TOOL_CONFIG)["output"]["message"]["content"][1][
        "toolUse"
    ]
    events = converse_stream(simulator, "Weather?", toolConfig=TOOL_CONFIG)
    start = next(e["contentBlockStart"] for e in events if "contentBlockStart" in e)
    assert start["start"]["toolUse"] == {"name": whole["name"], "toolUseId": whole["toolUseId"]}
    pieces = [
        e["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for e in events
        if "toolUse" in e.get("contentBlockDelta", {}).get("delta", {})
    ]
    assert json.loads("".join(pieces)) == whole["input"]
    assert len(pieces) > 3


def test_a_tool_result_is_answered_with_text(simulator: RunningSimulator) -> None:
    call = converse(simulator, "Weather?", toolConfig=TOOL_CONFIG)["output"]["message"]
    result = {"toolUseId": call["content"][1]["toolUse"]["toolUseId"], "content": [{"text": "18 degrees"}]}
    conversation = [user("Weather?"), call, {"role": "user", "content": [{"toolResult": result}]}]
    answer = converse(simulator, messages=conversation, toolConfig=TOOL_CONFIG)
    assert answer["stopReason"] == "end_turn"
    assert "18 degrees" in text_of(answer)


def test_structured_answer_fits_the_schema(simulator: RunningSimulator) -> None:
    schema = {**WEATHER, "additionalProperties": False}
    schema["properties"] = {**WEATHER["properties"], "days": {"type": "integer"}}
    structure = {"jsonSchema": {"name": "weather", "schema": json.dumps(schema)}}
    text_format = {"type": "json_schema", "structure": structure}
    answer = converse(simulator, "Oslo", outputConfig={"textFormat": text_format})
    value = json.loads(text_of(answer))
    fits(value, schema)
    assert "simulated" in value["city"].lower()


# --- InvokeModel ---


def test_invoke_model_answers_an_anthropic_message(simulator: RunningSimulator) -> None:
    answer = simulator.client().invoke_model(modelId=HAIKU, body=messages_body("Hi <PERSON_3f2a9c>"))
    message = json.loads(answer["body"].read())
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert message["type"] == "message"
    assert message["stop_reason"] == "end_turn"
    assert "<PERSON_3f2a9c>" in message["content"][0]["text"]
    assert headers["x-amzn-bedrock-input-token-count"] == str(message["usage"]["input_tokens"])
    assert headers["x-amzn-bedrock-output-token-count"] == str(message["usage"]["output_tokens"])


@pytest.mark.parametrize(
    ("model", "members", "words"),
    [
        ("cohere.rerank-v3-5:0", {}, "api_version"),
        ("cohere.rerank-v3-5:0", {"api_version": 1}, "api_version"),
        ("amazon.rerank-v1:0", {"api_version": 2}, "extraneous key"),
        ("amazon.rerank-v1:0", {"documents": []}, "documents"),
        ("amazon.rerank-v1:0", {"documents": [1]}, "String"),
        ("amazon.rerank-v1:0", {"top_n": 3}, "top_n"),
        ("amazon.rerank-v1:0", {"query": ""}, "query"),
    ],
)
def test_rerank_models_take_their_own_bodies_only(
    simulator: RunningSimulator, model: str, members: dict[str, Any], words: str
) -> None:
    body = {"query": "q", "documents": ["a", "b"], "top_n": 1} | members
    with pytest.raises(ClientError, match=words):
        simulator.client("us-west-2").invoke_model(modelId=model, body=json.dumps(body))


def test_invoke_model_streams_the_same_message(simulator: RunningSimulator) -> None:
    body = messages_body("Stream")
    whole = json.loads(simulator.client().invoke_model(modelId=HAIKU, body=body)["body"].read())
    events = invoke_stream(simulator, body)
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    text = "".join(e["delta"]["text"] for e in events if e["type"] == "content_block_delta")
    assert text == whole["content"][0]["text"]
    metrics = events[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["inputTokenCount"] == whole["usage"]["input_tokens"]
    assert metrics["outputTokenCount"] == whole["usage"]["output_tokens"]


def test_invoke_model_uses_tools(simulator: RunningSimulator) -> None:
    tools = [{"name": "get_weather", "input_schema": WEATHER}]
    body = messages_body("Oslo?", tools=tools, tool_choice={"type": "any"})
    message = json.loads(simulator.client().invoke_model(modelId=HAIKU, body=body)["body"].read())
    assert message["stop_reason"] == "tool_use"
    fits(message["content"][0]["input"], WEATHER)
    pieces = [
        e["delta"]["partial_json"] for e in invoke_stream(simulator, body) if "delta" in e and "index" in e
    ]
    assert json.loads("".join(pieces)) == message["content"][0]["input"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"model": "x"}, "model: Extra inputs are not permitted"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"anthropic_version": "old"}, "Invalid API version"),
    ],
)
def test_invoke_model_refuses(simulator: RunningSimulator, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        simulator.client().invoke_model(modelId=HAIKU, body=messages_body(**change))


# --- CountTokens ---


def test_count_tokens_is_what_a_call_reports(simulator: RunningSimulator) -> None:
    client, base = simulator.client(), HAIKU.removeprefix("us.")
    with pytest.raises(ClientError, match=r"The provided model doesn't support counting tokens\."):
        client.count_tokens(modelId=HAIKU, input={"converse": {"messages": [user("How many?")]}})
    wanted = {"messages": [user("How many?")], "system": [{"text": "Count."}]}
    counted = client.count_tokens(modelId=base, input={"converse": wanted})["inputTokens"]
    assert counted == converse(simulator, **wanted)["usage"]["inputTokens"]
    body = messages_body("How many?")
    invoked = client.count_tokens(modelId=base, input={"invokeModel": {"body": body.encode()}})
    message = json.loads(client.invoke_model(modelId=HAIKU, body=body)["body"].read())
    assert invoked["inputTokens"] == message["usage"]["input_tokens"]


# --- refusals ---


@pytest.mark.parametrize(
    ("request_part", "message"),
    [
        ({"messages": []}, "A conversation must start with a user message"),
        (
            {"messages": [{"role": "assistant", "content": [{"text": "Hi"}]}]},
            "must start with a user message",
        ),
        ({"messages": [user("a"), user("b")]}, "must alternate between user and assistant roles"),
        ({"messages": [user("  ")]}, r"ContentBlock object at messages\.0\.content\.0 is blank"),
        ({"messages": [{"role": "user", "content": []}]}, r"Message object at messages\.0 is empty"),
        ({"inferenceConfig": {"temperature": 1.5}}, r"temperature.*less than or equal to 1"),
        ({"inferenceConfig": {"maxTokens": 10_000_000}}, "exceeds the model limit of"),
        (
            {"toolConfig": TOOL_CONFIG | {"toolChoice": {"tool": {"name": "other"}}}},
            "Tool 'other' not found",
        ),
    ],
)
def test_converse_refuses(simulator: RunningSimulator, request_part: dict[str, Any], message: str) -> None:
    with pytest.raises(simulator.client().exceptions.ValidationException, match=message) as caught:
        converse(simulator, **request_part)
    metadata = caught.value.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 400
    assert metadata["RequestId"]
    assert metadata["HTTPHeaders"]["x-amzn-errortype"].startswith("ValidationException")


def test_an_unanswered_tool_call_is_refused(simulator: RunningSimulator) -> None:
    call = converse(simulator, "Weather?", toolConfig=TOOL_CONFIG)["output"]["message"]
    with pytest.raises(ClientError, match=r"Expected toolResult blocks at messages.2.content"):
        converse(simulator, messages=[user("Weather?"), call, user("Well?")], toolConfig=TOOL_CONFIG)


def test_too_long_input_is_refused(simulator: RunningSimulator) -> None:
    with pytest.raises(ClientError, match="Input is too long for requested model"):
        converse(simulator, "word " * 210_000)


def test_a_refused_stream_is_an_http_error(simulator: RunningSimulator) -> None:
    with pytest.raises(ClientError, match="is blank"):
        converse_stream(simulator, " ")


def test_what_reached_the_model_can_be_seen(simulator: RunningSimulator) -> None:
    haiku = HAIKU.replace("us.", "eu.")
    converse(simulator, "Masked <PERSON_3f2a9c>", region="eu-central-1", modelId=haiku)
    simulator.client().invoke_model(modelId=HAIKU, body=messages_body())
    received = simulator.received()
    assert received["total"] == 2
    assert received["by_region"] == {"eu-central-1": {"Converse": 1}, "us-east-1": {"InvokeModel": 1}}
    first = received["requests"][0]
    assert (first["operation"], first["model_id"]) == ("Converse", haiku)
    assert first["body"]["messages"] == [user("Masked <PERSON_3f2a9c>")]
