"""What the simulator refuses of Converse: a breach of each rule, in Bedrock's words."""

import re
from typing import Any

import pytest

from embedded.simulator.strict.rules import CONVERSE
from tests.embedded.strict_bodies import (
    FABLE,
    HAIKU,
    LLAMA,
    LLAMA_4,
    MICRO,
    NOVA,
    OPUS_4_5,
    OPUS_4_8,
    OPUS_5,
    POINT,
    QWEN,
    R1,
    SONNET_4_6,
    assistant,
    body,
    call,
    document,
    encoded,
    extra,
    image,
    inference,
    of_converse,
    png,
    result,
    structured,
    thought,
    tool,
    tools,
    user,
)  # fmt: skip

OBJECT = {"type": "object", "properties": {"r": {"type": "string"}}, "required": ["r"]}
CLOSED = {**OBJECT, "additionalProperties": False}
ENABLED = {"type": "enabled", "budget_tokens": 2000}
ASKED = (user("Look"), assistant(call()))
BIG = 5 * 1024 * 1024

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("starts with a user", body(assistant("Hi")), HAIKU, "A conversation must start with a user message"),
    ("starts with a user", {}, HAIKU, "A conversation must start with a user message"),
    ("roles alternate", body("a", "b"), HAIKU, "must alternate between user and assistant roles"),
    ("content", body(user()), HAIKU, r"The content field in the Message object at messages\.0 is empty"),
    ("blank text", body(" \n"), HAIKU, r"ContentBlock object at messages\.0\.content\.0 is blank"),
    ("blank text", body(system=[{"text": " "}]), HAIKU, r"SystemContentBlock object at system\.0 is blank"),
    (
        "blank text", body(*ASKED, user(result("one", ""))) | {"toolConfig": tools()}, HAIKU,
        r"ToolResultContentBlock object at messages\.2\.content\.0\.toolResult\.content\.0 is blank",
    ),
    ("media from users only", body("a", assistant(image()), "b"), HAIKU, "the image field for assistant messages"),
    ("tools are defined", body(*ASKED, user(result())), HAIKU, "The toolConfig field must be defined"),
    ("results without calls", body(user(result()), toolConfig=tools()), HAIKU, r"at messages\.0\.content exceeds"),
    ("calls are answered", body(*ASKED, "Well?", toolConfig=tools()), HAIKU, r"at messages\.2\.content for the following Ids: one"),
    ("calls are answered", body(*ASKED, toolConfig=tools()), HAIKU, r"Expected toolResult blocks at messages\.2\.content"),
    (
        "calls are answered",
        body(user("x"), assistant(call(), call(use_id="two")), user(result(), result()), toolConfig=tools()), HAIKU, "Ids: two",
    ),
    ("results beside other blocks", body(*ASKED, user(result(), "so"), toolConfig=tools()), LLAMA, r"^The model returned the following errors: messages\.2\.content: Conversation blocks and tool result blocks"),
    ("calls from assistants only", body(user(thought())), HAIKU, r"messages\.0\.content\.0: `thinking` blocks can only be in"),
    ("results from users only", body("x", assistant(call(), result()), user(result()), toolConfig=tools()), HAIKU, r"messages\.1\.content\.1: `tool_result` blocks can only be in `user`"),
    ("results first", body(*ASKED, user("so", result()), toolConfig=tools()), HAIKU, r"messages\.1: `tool_use` ids were found without"),
    ("called twice", body(*ASKED, user(result()), assistant(call()), user(result()), toolConfig=tools()), HAIKU, r"messages\.3\.content\.0: `tool_use` ids must be unique"),
    ("no prefill", body("x", assistant("It is")), FABLE, "does not support assistant message prefill"),
    ("no prefill", body("x", assistant(call(), "Now."), user(result()), toolConfig=tools()), OPUS_4_8, "does not support assistant message prefill"),
    ("white space at the end", body("x", assistant("It is ")), HAIKU, "cannot end with trailing whitespace"),
    ("reasoning is signed", body("x", assistant({"reasoningContent": {"reasoningText": {"text": "a"}}}, "b"), "c"), HAIKU, r"thinking\.signature: Field required"),
    ("reasoning unchanged", body("x", assistant(thought(signature="AAAA"), "b"), "c"), HAIKU, "Invalid `signature` in `thinking` block"),
    ("a text beside documents", body(user(document())), HAIKU, "A text block must be included when using documents"),
    ("names of documents", body(user("x", document("a.pdf"))), HAIKU, "can only contain alphanumeric characters"),
    ("names of documents", body(user("x", document("a  b"))), HAIKU, "more than one consecutive whitespace"),
    ("names of documents", body(user("x", document("a\u3000b"))), HAIKU, "can only contain alphanumeric characters"),
    ("documents' names once", body(user("x", document(), document())), HAIKU, "duplicate document names"),
    ("number of documents", body(user("x", *(document(f"d{n}") for n in range(6)))), HAIKU, "exceeds the limit of 5"),
    ("size of documents", body(user("x", document(kind="docx", data=b"PK".ljust(BIG)))), HAIKU, "4.5 MB"),
    ("size of documents", body(user("x", document(kind="csv", data=b"x".ljust(BIG)))), NOVA, "4.5 MB"),
    ("citations of documents", body(user("x", document(kind="docx", citations={"enabled": True}))), HAIKU, "Only txt and pdf formats are supported when citations"),
    ("images and documents together", body(user("x", *(document(f"d{n}", citations={"enabled": True}) for n in range(5)), *(image() for _ in range(19)))), HAIKU, r"too many images and documents: 19 \+ 5 > 20"),
    ("number of images", body(user(*(image() for _ in range(21)))), HAIKU, "exceeds the limit of 20"),
    ("size of images", body(user(image(png(size=BIG)))), HAIKU, "3.75 MB"),
    ("format of images", body(user(image(kind="jpeg"))), HAIKU, "does not match the specified image format"),
    ("format of images", body(user(image(b"nothing"))), HAIKU, "does not match the specified image format"),
    ("pixels of images", body(user(image(png(9000)))), HAIKU, "8000 pixels"),
    ("objects", body(user("x"), assistant(call(value="text")), user(result()), toolConfig=tools()), HAIKU, r"at messages\.1\.content\.0\.toolUse\.input is invalid\. Provide a json object"),
    ("objects", body(*ASKED, user(result("one", {"json": [1]})), toolConfig=tools()), HAIKU, r"at messages\.2\.content\.0\.toolResult\.content\.0\.json is invalid"),
    ("objects", body(*ASKED, user(result("one", {"json": {"a": [{"__type": "x"}]}})), toolConfig=tools()), HAIKU, "Provide a json object"),
    ("errors have content", body(*ASKED, user({"toolResult": {"toolUseId": "one", "content": [], "status": "error"}}), toolConfig=tools()), HAIKU, r"at messages\.2\.content\.0\.toolResult cannot be empty when status value is error"),
    ("no prompt cache", body(user("x", POINT)), LLAMA, "You invoked an unsupported model or your request did not allow prompt caching"),
    ("place of cache points", body(toolConfig=tools(tool(), POINT)), NOVA, r"#/toolConfig/tools/1: extraneous key \[cachePoint\]"),
    ("cache point first", body(user(POINT, "x")), HAIKU, r"messages\.0\.content\.0"),
    ("cache point first", body(system=[POINT]), HAIKU, r"system\.0"),
    ("two cache points", body(user("x", POINT, POINT)), HAIKU, r"messages\.0\.content\.2"),
    ("lifetime of cache points", body(user("x", {"cachePoint": {"type": "default", "ttl": "1h"}})), NOVA, "1h"),
    ("number of cache points", body(user(*("x", POINT) * 5)), HAIKU, r"A maximum of 4 blocks with cache_control may be provided\. Found 5"),
    ("longer lifetimes first", body(user("x", POINT, "y", {"cachePoint": {"type": "default", "ttl": "1h"}})), HAIKU, "must not come after"),
    ("cache point behind a text document", body(user("x", document(kind="txt", data=b"x"), POINT)), HAIKU, r"messages\.0\.content\.2\.type: Field required"),
    ("type of a tool's input", body(toolConfig=tools(tool(schema={"properties": {}}))), HAIKU, "must be one of the following: object"),
    ("names of tools once", body(toolConfig=tools(tool(), tool())), HAIKU, "Tool names must be unique"),
    ("keys of properties", body(toolConfig=tools(tool(schema={"type": "object", "properties": {"filter[id]": {}}}))), HAIKU, r"errors: tools\.0\.custom\.input_schema\.properties: Property keys should match pattern '\^\[a-zA-Z0-9_\.-\]\{1,64\}\$'$"),
    ("keys of properties", body(toolConfig=tools(tool(schema={"type": "object", "properties": {"k" * 65: {}}}))), HAIKU, "Property keys should match"),
    ("chosen tool", body(toolConfig=tools(toolChoice={"tool": {"name": "other"}})), HAIKU, "Tool 'other' not found"),
    ("no tools", body(toolConfig=tools()), R1, "This model doesn't support tool use"),
    ("choices of tools", body(toolConfig=tools(toolChoice={"any": {}})), LLAMA, r"doesn't support the toolConfig\.toolChoice\.any field"),
    ("media", body(user("x", image())), MICRO, r"This model doesn't support the image field for user messages\. Remove image and try again\."),
    ("media", body(user("x", document())), MICRO, "the document field for user messages"),
    ("media in results", body(*ASKED, user(result("one", image())), toolConfig=tools()), LLAMA_4, "the image field in the toolResult field"),
    ("citations", body(user("x", document(citations={"enabled": True}))), NOVA, "doesn't support the citations field"),
    ("pointers", body(additionalModelResponseFieldPaths=["stop_sequence"]), HAIKU, "stop_sequence"),
    ("output limit", body(**inference(maxTokens=64_000)), HAIKU, "exceeds the model limit of 64000.*lower than 64000"),
    ("stop sequences", body(**inference(stopSequences=["x"])), QWEN, r"This model doesn't support the stopSequences field\. Remove stopSequences and try again\."),
    ("blank stop sequences", body(**inference(stopSequences=["\n"])), HAIKU, "each stop sequence must contain non-whitespace"),
    ("beta flags", body(**extra(anthropic_beta=["claude-code-20250219"])), HAIKU, "invalid beta flag"),
    ("extra fields of Claude", body(**extra(reasoning_effort="low")), HAIKU, "reasoning_effort: Extra inputs are not permitted"),
    ("extra fields", body(**extra(top_k=5)), NOVA, r"extraneous key \[top_k\] is not permitted"),
    ("deprecated values", body(**inference(temperature=0.5)), OPUS_4_8, "`temperature` is deprecated for this model"),
    ("deprecated values", body(**inference(topP=1)), FABLE, "`top_p` is deprecated for this model"),
    ("one of temperature and top_p", body(**inference(temperature=1, topP=1)), HAIKU, "cannot both be specified for this model"),
    ("kinds of thinking", body(**extra(thinking={"type": "deep"})), HAIKU, "Input tag 'deep'"),
    ("no budgets", body(**extra(thinking=ENABLED)), FABLE, r"thinking\.type\.enabled"),
    ("not adaptive", body(**extra(thinking={"type": "adaptive"})), HAIKU, "adaptive thinking is not supported"),
    ("a budget", body(**extra(thinking={"type": "enabled"})), HAIKU, r"budget_tokens: Field required"),
    ("least budget", body(**extra(thinking=ENABLED | {"budget_tokens": 100})), HAIKU, "greater than or equal to 1024"),
    ("budget below the output", body(**extra(thinking=ENABLED), **inference(maxTokens=2000)), HAIKU, "must be greater than `thinking.budget_tokens`"),
    ("thinking's temperature", body(**extra(thinking=ENABLED), **inference(temperature=0.5)), HAIKU, "may only be set to 1"),
    ("thinking without top_k", body(**extra(thinking=ENABLED, top_k=5)), HAIKU, "`top_k` must be unset"),
    ("thinking's top_p", body(**extra(thinking=ENABLED), **inference(topP=0.9)), HAIKU, "0.95 or unset"),
    ("thinking and forced tools", body(toolConfig=tools(toolChoice={"any": {}}), **extra(thinking=ENABLED)), HAIKU, "forces tool use"),
    ("thinking before calls", body(*ASKED, user(result()), toolConfig=tools(), **extra(thinking=ENABLED)), HAIKU, "found `tool_use`"),
    ("no effort", body(outputConfig={"effort": "low"}), HAIKU, "does not support the effort parameter"),
    ("efforts", body(outputConfig={"effort": "huge"}), SONNET_4_6, r"output_config\.effort"),
    ("efforts of each model", body(outputConfig={"effort": "max"}), OPUS_4_5, r"effort level 'max'\. Supported levels: high, low, medium\."),
    ("efforts of each model", body(**extra(output_config={"effort": "xhigh"})), SONNET_4_6, r"effort level 'xhigh'\. Supported levels: high, low, max, medium\."),
    ("efforts without thinking", body(**extra(thinking={"type": "disabled"}), outputConfig={"effort": "xhigh"}), OPUS_5, "'xhigh' is not supported when thinking is disabled"),
    ("reserved tier", body(serviceTier={"type": "reserved"}), HAIKU, r"^Reservation not found\.$"),
    ("optimized latency or a cache", body(system=[{"text": "x"}, POINT], performanceConfig={"latency": "optimized"}), HAIKU, r"errors: system\.0\.cache_control: Extra inputs are not permitted"),
    ("schema as JSON", body(**structured("{")), HAIKU, "is not valid JSON"),
    ("no structured output", body(**structured(CLOSED)), FABLE, r"output_config\.format: Extra inputs are not permitted"),
    ("no structured output of others", body(**structured(CLOSED)), LLAMA, r"Malformed input request: #: extraneous key \[outputConfig\]"),
    ("no strict tools", body(toolConfig=tools(tool(schema=CLOSED, strict=True))), FABLE, r"tools\.0\.custom\.strict"),
    ("subset of JSON Schema", body(**structured(OBJECT)), HAIKU, r"^The model returned the following errors: output_config\.format\.schema: For 'object' type, 'additionalProperties' must be explicitly set to false$"),
    ("subset of strict tools", body(toolConfig=tools(tool(schema=OBJECT, strict=True))), HAIKU, r"tools\.0\.custom: For 'object' type"),
    ("structure or citations", body(user("x", document(citations={"enabled": True})), **structured(CLOSED)), HAIKU, "Citations are not supported"),
]  # fmt: skip
# These stand behind others that a body of Converse breaks first.
BEHIND = {"answered twice", "orphaned result"}


@pytest.mark.parametrize(
    ("rule", "given", "model_id", "words"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_what_breaks_a_rule_is_refused_in_its_words(
    rule: str, given: dict[str, Any], model_id: str, words: str
) -> None:
    found, error = of_converse(given, model_id)
    assert error is not None
    assert (found, bool(re.search(words, error.message))) == (rule, True), (found, error.message)
    assert error.status == (403 if rule == "no prompt cache" else 400)


def test_every_rule_is_tried() -> None:
    assert {rule.name for rule in CONVERSE} - BEHIND == {case[0] for case in CASES}


def test_every_rule_has_a_source_and_a_name_of_its_own() -> None:
    assert all(rule.source for rule in CONVERSE)
    assert len({rule.name for rule in CONVERSE}) == len(CONVERSE)


def test_results_of_other_calls() -> None:
    given = body(
        "x",
        assistant(call(), call(use_id="two")),
        user(result("two"), result("six"), result()),
        toolConfig=tools(),
    )
    found, error = of_converse(given)
    assert error is not None
    assert found == "results without calls"


SOUND: list[tuple[dict[str, Any], str]] = [
    (body(), HAIKU),
    (body(), "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl"),
    (body("x", assistant("It is")), HAIKU),
    (body(*ASKED, user(result(), "so"), toolConfig=tools()), HAIKU),
    (body(*ASKED, user(result()), toolConfig=tools()), LLAMA),
    (body(*ASKED, user({"toolResult": {"toolUseId": "one", "content": []}}), toolConfig=tools()), HAIKU),
    (body(*ASKED, user(result("one", {"json": {"a": 1}})), toolConfig=tools()), NOVA),
    (body(user("x", *(document(f"d{n}") for n in range(5)))), HAIKU),
    (body(user("x", document("a_b "))), HAIKU),
    (body(user("x", image())), LLAMA_4),
    (body(user("x", POINT), system=[{"text": "s"}, POINT], toolConfig=tools(tool(), POINT)), HAIKU),
    (body(**inference(temperature=1)), FABLE),
    (body(**inference(maxTokens=63_999, temperature=0.5)), HAIKU),
    (body(**extra(thinking=ENABLED), **inference(maxTokens=2001, temperature=1)), HAIKU),
    (
        body(
            "x", assistant(thought(), call()), user(result()), toolConfig=tools(), **extra(thinking=ENABLED)
        ),
        HAIKU,
    ),
    (body(**extra(thinking={"type": "adaptive"}), outputConfig={"effort": "high"}), FABLE),
    (body(outputConfig={"effort": "max"}), SONNET_4_6),
    (body(user("x", document(data=b"%PDF".ljust(BIG)))), HAIKU),
    (body(user("x", document(kind="docx", data=b"PK".ljust(BIG)))), NOVA),
    (body(user("x", *(document(f"d{n}") for n in range(5)), *(image() for _ in range(19)))), HAIKU),
    (body(outputConfig={"effort": "xhigh"}), OPUS_4_8),
    (body(outputConfig={"effort": "xhigh"}), OPUS_5),
    (body(performanceConfig={"latency": "optimized"}), HAIKU),
    (
        body(
            toolConfig=tools(
                tool(
                    schema={
                        "type": "object",
                        "properties": {"a": {"type": "object", "properties": {"b c": {}}}},
                    }
                )
            )
        ),
        HAIKU,
    ),
    (body(toolConfig=tools(tool(schema={"type": "object", "properties": {"filter[id]": {}}}))), NOVA),
    (body(**structured(CLOSED)), HAIKU),
    (body(toolConfig=tools(tool(schema=CLOSED, strict=True), toolChoice={"any": {}})), HAIKU),
    (body(user("x", document(citations={"enabled": True}))), HAIKU),
    (body(**inference(stopSequences=["\n"])), NOVA),
]


@pytest.mark.parametrize(("given", "model_id"), SOUND, ids=range(len(SOUND)))
def test_what_breaks_none_is_taken(given: dict[str, Any], model_id: str) -> None:
    found, error = of_converse(given, model_id)
    assert found == "", error


SHAPES: list[tuple[dict[str, Any], str]] = [
    (
        body(user({})),
        r"Value '\{\}' at 'messages\.1\.member\.content\.1\.member' failed to satisfy constraint: Member must have exactly one",
    ),
    (body(user({"text": "x", **image()})), "Member must have exactly one of the following members set"),
    (
        body(user("x", image(kind="PNG"))),
        r"Value 'PNG' at 'messages\.1\.member\.content\.2\.member\.image\.format' failed to satisfy constraint: Member must satisfy enum value set: \[png, jpeg, gif, webp\]",
    ),
    (body(user("x", document(kind="exe"))), "satisfy enum value set"),
    (body(user({"image": {"format": "png", "source": {"bytes": "iVBORw0K\nGgo="}}})), "base64"),
    (
        body("x", assistant(call("fs.read_file")), user(result()), toolConfig=tools()),
        r"Value 'fs\.read_file' at .*Member must satisfy regular expression pattern: \[a-zA-Z0-9_-\]\+",
    ),
    (
        body("x", assistant(call(use_id="call|a b")), user(result("call|a b")), toolConfig=tools()),
        "regular expression pattern",
    ),
    (
        body("x", assistant(call("a" * 65)), user(result()), toolConfig=tools()),
        "Member must have length less than or equal to 64",
    ),
    (body(toolConfig=tools(tool(description=""))), "Member must have length greater than or equal to 1"),
    (body(toolConfig={"tools": []}), r"Value '\[\]' at 'toolConfig\.tools' failed"),
    (
        body(requestMetadata={f"k{n}": "v" for n in range(17)}),
        "Member must have length less than or equal to 16",
    ),
    (body(requestMetadata={"k": "ä"}), "Map value must satisfy constraint"),
    (body(**inference(stopSequences=[""])), "Member must have length greater than or equal to 1"),
    (body(**inference(temperature=1.5)), "Member must have value less than or equal to 1"),
    (body(**inference(maxTokens=0)), "Member must have value greater than or equal to 1"),
    (body(**inference(maxTokens=1.5)), "NUMBER_VALUE can not be converted to an Integer"),
    (body(additionalModelResponseFieldPaths=["/a"] * 11), "Member must have length less than or equal to 10"),
    (body(stream=True), "Unknown member 'stream'"),
    (
        body({"role": "tool", "content": [{"text": "x"}]}),
        "Member must satisfy enum value set: .user, assistant, system",
    ),
    (
        {"messages": [{"content": [{"text": "x"}]}]},
        r"Value null at 'messages\.1\.member\.role' failed to satisfy constraint: Member must not be null",
    ),
    (body(outputConfig={"effort": "x" * 17}), "less than or equal to 16"),
    (
        body(
            user(
                {"document": {"name": "n", "format": "txt", "source": {"text": "x", "bytes": encoded(b"x")}}}
            )
        ),
        "exactly one",
    ),
]


@pytest.mark.parametrize(("given", "words"), SHAPES, ids=range(len(SHAPES)))
def test_what_has_another_shape_is_refused(given: dict[str, Any], words: str) -> None:
    found, error = of_converse(given)
    assert error is not None
    assert found == "shape", (found, error.message)
    assert re.search(words, error.message), error.message
    assert error.code in ("ValidationException", "SerializationException")
