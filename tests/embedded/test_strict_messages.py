"""What the simulator refuses of InvokeModel's Anthropic body, in the model's words."""

import re
from typing import Any

import pytest

from embedded.simulator.strict.rules import MESSAGES
from tests.embedded.strict_bodies import (
    FABLE,
    HAIKU,
    OPUS_4_8,
    SONNET_4_6,
    anthropic,
    encoded,
    of_messages,
    png,
    said_by,
)

CLOSED = {"type": "object", "properties": {"r": {"type": "string"}}, "additionalProperties": False}
LOOK = {"name": "look", "input_schema": {"type": "object"}}
CALL = {"type": "tool_use", "id": "one", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "one", "content": "found"}
TEXT = {"type": "text", "text": "x"}
MARK = {"cache_control": {"type": "ephemeral"}}
ENABLED = {"type": "enabled", "budget_tokens": 2000}
ASKED = ("Look", said_by("assistant", CALL))


def picture(data: bytes = b"", kind: str = "image/png") -> dict[str, Any]:
    source = {"type": "base64", "media_type": kind, "data": encoded(data or png())}
    return {"type": "image", "source": source}


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown members", anthropic(stream=True), HAIKU, "^stream: Extra inputs are not permitted"),
    ("unknown members", anthropic(tools=[LOOK | {"defer_loading": True}]), HAIKU, r"^tools\.0\.custom\.defer_loading: Extra"),
    ("unknown members", anthropic(said_by("user", TEXT | {"note": 1})), HAIKU, r"messages\.0\.content\.0\.text\.note: Extra"),
    ("unknown members", anthropic({"role": "user", "content": "x", "name": "y"}), HAIKU, r"messages\.0\.name: Extra"),
    ("tags", anthropic(said_by("user", {"type": "audio"})), HAIKU, r"messages\.0\.content\.0: Input tag 'audio' found"),
    ("tags", anthropic(tools=[{"type": "web_search_20250305", "name": "web_search"}]), HAIKU, r"tools\.0: Input tag 'web_search"),
    ("missing members", anthropic(said_by("user", {"type": "text"})), HAIKU, r"messages\.0\.content\.0\.text\.text: Field required"),
    ("missing members", anthropic(tools=[{"name": "look"}]), HAIKU, r"tools\.0\.custom\.input_schema: Field required"),
    ("missing members", anthropic("x", said_by("assistant", {"type": "thinking", "thinking": "a"}, TEXT), "y"), HAIKU, r"thinking\.signature: Field required"),
    ("tools' inputs", anthropic("x", said_by("assistant", CALL | {"input": "x"}), said_by("user", RESULT)), HAIKU, "valid dictionary"),
    ("beta flags", anthropic(anthropic_beta=["claude-code-20250219"]), HAIKU, "^invalid beta flag$"),
    ("calls from assistants only", anthropic(said_by("user", CALL)), HAIKU, "`tool_use` blocks can only be in `assistant` messages"),
    ("results from users only", anthropic("x", said_by("assistant", RESULT)), HAIKU, "`tool_result` blocks can only be in `user` messages"),
    ("results first", anthropic(*ASKED, said_by("user", TEXT, RESULT)), HAIKU, "`tool_use` ids were found without"),
    ("orphaned result", anthropic(said_by("user", RESULT)), HAIKU, r"messages\.0\.content\.0: unexpected `tool_use_id` found"),
    ("answered twice", anthropic(*ASKED, said_by("user", RESULT, RESULT)), HAIKU, "each tool_use must have a single result"),
    ("called twice", anthropic(*ASKED, said_by("user", RESULT), *ASKED[1:], said_by("user", RESULT)), HAIKU, "ids must be unique"),
    ("calls are answered, in Anthropic's words", anthropic(*ASKED, "Well?"), HAIKU, r"messages\.1: `tool_use` ids were found without .* one\."),
    ("format of images", anthropic(said_by("user", picture(kind="image/gif"))), HAIKU, "does not match the specified image format"),
    ("number of images", anthropic(said_by("user", *[picture()] * 21)), HAIKU, "limit of 20"),
    ("size of images", anthropic(said_by("user", picture(png(size=5 * 1024 * 1024)))), HAIKU, "3.75 MB"),
    ("pixels of images", anthropic(said_by("user", picture(png(9000)))), HAIKU, "8000 pixels"),
    ("number of cache points", anthropic(said_by("user", *[TEXT | MARK] * 5)), HAIKU, r"maximum of 4 blocks with cache_control may be provided\. Found 5"),
    ("longer lifetimes first", anthropic(said_by("user", TEXT | MARK, TEXT | {"cache_control": {"type": "ephemeral", "ttl": "1h"}})), HAIKU, "must not come after"),
    ("names of tools once", anthropic(tools=[LOOK, LOOK]), HAIKU, "^tools: Tool names must be unique"),
    ("keys of properties", anthropic(tools=[LOOK | {"input_schema": {"type": "object", "properties": {"a b": {}}}}]), HAIKU, r"^tools\.0\.custom\.input_schema\.properties: Property keys"),
    ("efforts of each model", anthropic(output_config={"effort": "xhigh"}), SONNET_4_6, "^This model does not support effort level 'xhigh'"),
    ("output limit", anthropic(max_tokens=64_000), HAIKU, "lower than 64000"),
    ("blank stop sequences", anthropic(stop_sequences=["\n"]), HAIKU, "must contain non-whitespace"),
    ("deprecated values", anthropic(temperature=0.5), OPUS_4_8, "^`temperature` is deprecated for this model"),
    ("one of temperature and top_p", anthropic(temperature=1, top_p=1), HAIKU, "Please use only one"),
    ("least budget", anthropic(thinking=ENABLED | {"budget_tokens": 1}), HAIKU, "greater than or equal to 1024"),
    ("budget below the output", anthropic(thinking=ENABLED), HAIKU, "must be greater than"),
    ("thinking and forced tools", anthropic(thinking=ENABLED, max_tokens=3000, tools=[LOOK], tool_choice={"type": "any"}), HAIKU, "forces tool use"),
    ("no effort", anthropic(output_config={"effort": "low"}), HAIKU, "effort parameter"),
    ("no prefill", anthropic("x", said_by("assistant", TEXT)), FABLE, "^This model does not support assistant message prefill"),
    ("white space at the end", anthropic("x", said_by("assistant", TEXT | {"text": "a "})), HAIKU, "trailing whitespace"),
    ("subset of JSON Schema", anthropic(output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}), HAIKU, r"^output_config\.format\.schema: For 'object' type"),
    ("no structured output", anthropic(output_config={"format": {"type": "json_schema", "schema": CLOSED}}), FABLE, "Extra inputs are not permitted"),
    ("no strict tools", anthropic(tools=[LOOK | {"strict": True}]), FABLE, r"tools\.0\.custom\.strict"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "given", "model_id", "words"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_what_breaks_a_rule_is_refused_in_the_models_words(
    rule: str, given: dict[str, Any], model_id: str, words: str
) -> None:
    found, error = of_messages(given, model_id)
    assert error is not None
    assert (found, bool(re.search(words, error.message))) == (rule, True), (found, error.message)
    assert "The model returned" not in error.message


def test_the_rules_that_are_of_this_body_alone_are_all_tried() -> None:
    assert {rule.name for rule in MESSAGES[:12]} <= {case[0] for case in CASES}


@pytest.mark.parametrize(
    "given",
    [
        anthropic(),
        anthropic(*ASKED, said_by("user", RESULT, TEXT), tools=[LOOK]),
        anthropic(said_by("user", picture(), TEXT | MARK), system=[TEXT | MARK], tools=[LOOK | MARK]),
        anthropic("x", said_by("assistant", TEXT), "y", thinking=ENABLED, max_tokens=3000),
        anthropic(tools=[{"type": "bash_20250124", "name": "bash"}]),
        anthropic(anthropic_beta=["context-1m-2025-08-07"], metadata={"user_id": "x"}),
        anthropic(output_config={"format": {"type": "json_schema", "schema": CLOSED}}),
    ],
    ids=range(7),
)
def test_what_breaks_none_is_taken(given: dict[str, Any]) -> None:
    assert of_messages(given) == ("", None)
