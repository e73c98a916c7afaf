"""What the simulator answers, as Bedrock does: blocks of all kinds, reasons to stop, usage, exceptions. botocore reads it all."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError
from botocore.loaders import Loader

from embedded.simulator.exceptions import STATUSES
from tests.embedded.strict_bodies import HAIKU, document, tool, tools, user
from tests.simulator import RunningSimulator, running

SHAPES = Loader().load_service_model("bedrock-runtime", "service-2")["shapes"]
STOP_REASONS = SHAPES["StopReason"]["enum"]
STREAMED = [name for name in SHAPES["ConverseStreamOutput"]["members"] if name.endswith("Exception")]
DOCUMENT = document(data=b"%PDF")["document"] | {"source": {"bytes": b"%PDF"}, "citations": {"enabled": True}}
CITED = {"role": "user", "content": [{"text": "x"}, {"document": DOCUMENT}]}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 2000}}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.fixture
def simulator(server: RunningSimulator) -> RunningSimulator:
    server.reset()
    return server


def converse(simulator: RunningSimulator, *messages: Any, **more: Any) -> dict[str, Any]:
    said = [user(each) if isinstance(each, str) else each for each in messages or ("Hello",)]
    return simulator.client().converse(modelId=HAIKU, messages=said, **more)


def streamed(simulator: RunningSimulator, *messages: Any, **more: Any) -> list[dict[str, Any]]:
    said = [user(each) if isinstance(each, str) else each for each in messages or ("Hello",)]
    answer = simulator.client().converse_stream(modelId=HAIKU, messages=said, **more)
    with closing(answer["stream"]) as events:
        return list(events)


def content(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return answer["output"]["message"]["content"]


def deltas(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]


def test_the_models_own_statuses_are_the_simulators() -> None:
    own = {name: shape["error"]["httpStatusCode"] for name, shape in SHAPES.items() if shape.get("exception")}
    assert own == STATUSES


@pytest.mark.parametrize("arguments", ["[simulate: arguments=none]", "without"])
def test_a_tool_without_arguments(simulator: RunningSimulator, arguments: str) -> None:
    config = tools(tool(), toolChoice={"any": {}})
    (block,) = content(converse(simulator, arguments, toolConfig=config))
    assert block["toolUse"]["input"] == {}
    events = streamed(simulator, arguments, toolConfig=config)
    assert deltas(events) == [{"toolUse": {"input": ""}}]
    assert [next(iter(event)) for event in events][1:4] == [
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
    ]


def test_citations_where_they_are_asked_for(simulator: RunningSimulator) -> None:
    (block,) = content(converse(simulator, CITED))
    cited = block["citationsContent"]
    assert cited["content"][0]["text"].startswith("This is a simulated answer")
    assert cited["citations"][0]["location"]["documentChar"]["documentIndex"] == 0
    found = deltas(streamed(simulator, CITED))
    assert {"citation": cited["citations"][0]} in found
    assert "".join(delta.get("text", "") for delta in found) == cited["content"][0]["text"]


@pytest.mark.parametrize("reason", STOP_REASONS)
def test_every_reason_to_stop(simulator: RunningSimulator, reason: str) -> None:
    assert converse(simulator, f"[simulate: stop={reason}]")["stopReason"] == reason
    simulator.script({"text": "So.", "stop_reason": reason})
    events = streamed(simulator)
    assert next(event["messageStop"] for event in events if "messageStop" in event)["stopReason"] == reason


def test_reasoning_signed_and_hidden(simulator: RunningSimulator) -> None:
    fields = {"additionalModelRequestFields": THINKING, "inferenceConfig": {"maxTokens": 4000}}
    answer = converse(simulator, **fields)
    said = content(answer)[0]["reasoningContent"]["reasoningText"]
    assert said["signature"]
    again = {"role": "assistant", "content": content(answer)}
    assert converse(simulator, "Hello", again, "And?", **fields)["stopReason"] == "end_turn"
    hidden = "[simulate: reasoning=redacted]"
    assert content(converse(simulator, hidden, **fields))[0]["reasoningContent"]["redactedContent"]
    found = deltas(streamed(simulator, hidden, **fields))
    assert found[0]["reasoningContent"]["redactedContent"]


def test_an_image_and_no_content_at_all(simulator: RunningSimulator) -> None:
    (block,) = content(converse(simulator, "[simulate: content=image]"))
    assert block["image"]["source"]["bytes"].startswith(b"\x89PNG")
    events = streamed(simulator, "[simulate: content=image]")
    assert events[1]["contentBlockStart"]["start"] == {"image": {"format": "png"}}
    assert content(converse(simulator, "[simulate: content=none]")) == []
    assert deltas(streamed(simulator, "[simulate: content=none]")) == []


BLOCKS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"text": "So."}, [{"text": "So."}]),
    ({"toolUse": {"toolUseId": "a", "name": "b", "input": {"c": 1}}}, [{"toolUse": {"input": '{"c":1}'}}]),
    (
        {"citationsContent": {"content": [{"text": "So."}], "citations": [{"title": "T"}]}},
        [{"text": "So."}, {"citation": {"title": "T"}}],
    ),
    (
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
        [{"reasoningContent": {"text": "Hm."}}, {"reasoningContent": {"signature": "s"}}],
    ),
    (
        {"toolResult": {"toolUseId": "a", "content": [{"text": "b"}], "status": "success"}},
        [{"toolResult": [{"text": "b"}]}],
    ),
]


@pytest.mark.parametrize(("block", "expected"), BLOCKS, ids=[next(iter(block)) for block, _ in BLOCKS])
def test_blocks_of_scripts(
    simulator: RunningSimulator, block: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    simulator.script({"content": [block], "times": 2, "usage": {"inputTokens": 7}})
    answer = converse(simulator)
    assert content(answer) == [block]
    assert answer["usage"]["inputTokens"] == 7
    assert deltas(streamed(simulator)) == expected


def test_blocks_of_an_unknown_kind_pass(simulator: RunningSimulator) -> None:
    simulator.script({"content": [{"hologram": {"depth": 3}}], "times": 2})
    (block,) = content(converse(simulator))
    assert block["SDK_UNKNOWN_MEMBER"] == {"name": "hologram"}
    (delta,) = deltas(streamed(simulator))
    assert delta["SDK_UNKNOWN_MEMBER"] == {"name": "hologram"}


def test_fields_of_the_models_own_answer(simulator: RunningSimulator) -> None:
    paths = ["/stop_sequence", "/usage/output_tokens", "/nothing"]
    config = {"maxTokens": 7}
    answer = converse(simulator, additionalModelResponseFieldPaths=paths, inferenceConfig=config)
    expected = {"stop_sequence": None, "usage": {"output_tokens": 7}}
    assert answer["additionalModelResponseFields"] == expected
    events = streamed(simulator, additionalModelResponseFieldPaths=paths, inferenceConfig=config)
    assert events[-2]["messageStop"]["additionalModelResponseFields"] == expected


def test_what_is_told_again(simulator: RunningSimulator) -> None:
    asked = {"performanceConfig": {"latency": "optimized"}, "serviceTier": {"type": "priority"}}
    answer, metadata = converse(simulator, **asked), streamed(simulator, **asked)[-1]["metadata"]
    for found in (answer, metadata):
        assert {name: found[name] for name in asked} == asked


def test_a_guardrails_trace(simulator: RunningSimulator) -> None:
    config = {"guardrailIdentifier": "gatehouseblock", "guardrailVersion": "1", "trace": "enabled"}
    answer = converse(simulator, "Write to jo@example.com", guardrailConfig=config)
    assert answer["stopReason"] == "guardrail_intervened"
    entity = answer["trace"]["guardrail"]["inputAssessment"]["gatehouseblock"]["sensitiveInformationPolicy"]
    assert entity["piiEntities"][0]["action"] == "BLOCKED"
    metadata = streamed(simulator, "Write to jo@example.com", guardrailConfig=config)[-1]["metadata"]
    assert metadata["trace"]["guardrail"]["outputAssessments"]["gatehouseblock"]
    assert "trace" not in converse(simulator, guardrailConfig=config | {"trace": "disabled"})


def test_the_cache_is_told_in_detail(simulator: RunningSimulator) -> None:
    system = [{"text": "A manual. " * 1_500}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    usage = converse(simulator, system=system)["usage"]
    assert usage["cacheDetails"] == [{"ttl": "1h", "inputTokens": usage["cacheWriteInputTokens"]}]


def test_a_prompt_that_is_too_long_in_both_ways(simulator: RunningSimulator) -> None:
    with pytest.raises(ClientError, match=r"Input is too long for requested model\."):
        converse(simulator, "word " * 210_000)
    simulator.configure("us-east-1", tells_tokens=True)
    with pytest.raises(ClientError, match=r"prompt is too long: \d+ tokens > 200000 maximum"):
        converse(simulator, "word " * 210_000)


@pytest.mark.parametrize("after", [None, 1500])
def test_throttling_says_when_to_try_again_if_it_should(
    simulator: RunningSimulator, after: int | None
) -> None:
    simulator.configure("us-east-1", throttle_rate=1, retry_after_ms=after)
    with pytest.raises(ClientError) as caught:
        converse(simulator)
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers.get("x-amz-retry-after") == (None if after is None else str(after))


@pytest.mark.parametrize("name", STATUSES)
def test_every_exception_in_place_of_an_answer(simulator: RunningSimulator, name: str) -> None:
    simulator.configure("us-east-1", error={"type": name, "message": "As asked.", "times": 1})
    with pytest.raises(ClientError, match=r"As asked\.") as caught:
        converse(simulator)
    assert caught.value.response["Error"]["Code"] == name
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == STATUSES[name]
    assert converse(simulator)["stopReason"] == "end_turn"


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize("by_script", [True, False])
def test_every_exception_inside_a_stream(simulator: RunningSimulator, name: str, by_script: bool) -> None:
    error = {"type": name[0].upper() + name[1:], "message": "As asked.", "after_events": 3, "times": 1}
    if by_script:
        simulator.script({"error": error})
    else:
        simulator.configure("us-east-1", error=error)
    answer = simulator.client().converse_stream(modelId=HAIKU, messages=[user("Hello")])
    seen: list[Any] = []
    with closing(answer["stream"]) as events, pytest.raises(EventStreamError, match=r"As asked\.") as caught:
        seen.extend(events)
    assert len(seen) == 3
    assert caught.value.response["Error"]["Code"] == name
    assert simulator.received()["streams"]["failed"] == 1


def test_an_exception_by_script_with_fields_of_its_own(simulator: RunningSimulator) -> None:
    error = {"type": "ModelErrorException", "fields": {"originalStatusCode": 502}, "status": 424}
    simulator.script({"error": error, "match": "Hello"})
    with pytest.raises(ClientError) as caught:
        converse(simulator)
    assert caught.value.response["originalStatusCode"] == 502


def test_an_exception_of_chosen_operations(simulator: RunningSimulator) -> None:
    error = {"type": "InternalServerException", "operations": ["CountTokens"]}
    simulator.configure("us-east-1", error=error)
    assert converse(simulator)["stopReason"] == "end_turn"
    wanted = {"converse": {"messages": [user("Hello")]}}
    with pytest.raises(ClientError) as caught:
        simulator.client().count_tokens(modelId=HAIKU.removeprefix("us."), input=wanted)
    assert caught.value.response["Error"]["Code"] == "InternalServerException"


def test_a_large_body_can_be_read_back(simulator: RunningSimulator) -> None:
    words = "word " * 40_000
    converse(simulator, words)
    (request,) = simulator.received()["requests"]
    assert request["truncated"] is False
    assert request["body"]["messages"][0]["content"][0]["text"] == words
