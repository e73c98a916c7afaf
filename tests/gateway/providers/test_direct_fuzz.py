"""Whatever an entrance accepts, and a model at its provider can take, that provider's simulator takes."""

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.providers.direct_bodies import MODELS, outcome
from tests.gateway.wire.test_fit_fuzz import BODIES, PNG, SCHEMAS, merged, optional

_MORE = {"max_examples": int(os.environ["FUZZ"])} if "FUZZ" in os.environ else {}
_AS_USUAL = settings(
    **_MORE,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SAID = st.sampled_from(["Hi", "Look. \n", "Pré­cis 🙂", "[simulate: tool=f]", "x" * 300])
OBJECTS = st.builds(
    lambda names, inner, more: {"type": "object", "properties": dict.fromkeys(names, inner), **more},
    st.lists(st.sampled_from(["a", "b-c", "d_e"]), max_size=2, unique=True), SCHEMAS | st.just({"type": "array"}),
    optional(additionalProperties=st.just(False), required=st.just(["a"])),
)  # fmt: skip
USED = st.sampled_from([{}, {"a": 1}, {"a": {"b": [2**70]}}])


def _openai_turns(turns: list[tuple[str, Any, int]]) -> list[dict[str, Any]]:
    """Turns in which each call is answered."""
    messages: list[dict[str, Any]] = []
    for number, (said, more, calls) in enumerate(turns):
        images = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}] * more
        content: Any = [{"type": "text", "text": said}, *images] if more else said
        messages.append({"role": "user", "content": content})
        ids = [f"c{number}|{place}" for place in range(calls)]
        if ids:
            made = [
                {"id": each, "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
                for each in ids
            ]
            messages.append({"role": "assistant", "content": None, "tool_calls": made})
            messages += [{"role": "tool", "tool_call_id": each, "content": said} for each in ids]
        messages.append({"role": "assistant", "content": "Yes."})
    return messages


def _anthropic_turns(turns: list[tuple[str, Any, int]]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    document = {
        "type": "document",
        "title": "a",
        "source": {"type": "text", "data": "d", "media_type": "text/plain"},
    }
    for number, (said, more, calls) in enumerate(turns):
        mark = {"cache_control": {"type": "ephemeral"}} if number % 2 else {}
        blocks = [{"type": "text", "text": said, **mark}, *[image] * more, *[document] * (more > 1)]
        messages.append({"role": "user", "content": blocks})
        ids = [f"c{number}_{place}" for place in range(calls)]
        if ids:
            made = [{"type": "tool_use", "id": each, "name": "f", "input": {"a": 1}} for each in ids]
            messages.append({"role": "assistant", "content": made})
            results = [{"type": "tool_result", "tool_use_id": each, "content": [{"type": "text", "text": said}, *[image] * (more > 1)], "is_error": bool(more)} for each in ids]  # fmt: skip
            messages.append({"role": "user", "content": results})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": "Yes."}]})
    return messages


TURNS = st.lists(st.tuples(SAID, st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=3)
O_TOOLS = st.builds(
    lambda schema, more: [{"type": "function", "function": {"name": "f", "parameters": schema, **more}}],
    OBJECTS, optional(strict=st.booleans(), description=SAID),
)  # fmt: skip
FORMATS = st.builds(
    lambda schema, more: {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, **more}},
    OBJECTS, optional(strict=st.booleans()),
)  # fmt: skip
WHOLE = {
    "openai": merged(
        TURNS.map(lambda turns: {"model": "m", "messages": [*_openai_turns(turns), {"role": "user", "content": "And?"}]}),
        st.just({}) | O_TOOLS.map(lambda tools: {"tools": tools, "parallel_tool_calls": False}),
        st.just({}) | O_TOOLS.map(lambda tools: {"tools": tools, "tool_choice": {"type": "function", "function": {"name": "f"}}}),
        optional(
            temperature=st.sampled_from([0, 0.5, 1, 2]),
            top_p=st.sampled_from([0.5, 1]),
            max_tokens=st.sampled_from([1, 2000, 10**6]),
            reasoning_effort=st.sampled_from(["none", "minimal", "low", "high", "xhigh"]),
            response_format=FORMATS,
            prompt_cache_key=SAID,
        ),
    ),
    "anthropic": merged(
        TURNS.map(lambda turns: {"model": "m", "max_tokens": 3000, "messages": [*_anthropic_turns(turns), {"role": "user", "content": "And?"}]}),
        st.just({}) | OBJECTS.map(lambda schema: {"tools": [{"name": "f", "input_schema": schema, "cache_control": {"type": "ephemeral"}}]}),
        optional(
            system=SAID,
            temperature=st.sampled_from([0, 1]),
            thinking=st.sampled_from([{"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}, {"type": "disabled"}]),
            output_config=optional(effort=st.sampled_from(["low", "max"]), format=OBJECTS.map(lambda schema: {"type": "json_schema", "schema": schema})),
            top_k=st.just(5),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("entrance", sorted(BODIES))
def test_what_is_accepted_is_taken(entrance):
    """Anything at all, of which most is refused by name."""

    @_AS_USUAL
    @given(BODIES[entrance], st.sampled_from(sorted(MODELS)))
    def held(body: dict[str, Any], name: str) -> None:
        outcome(entrance, name, body)

    held()


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("entrance", sorted(WHOLE))
def test_conversations_in_order_are_taken(entrance, name):
    """Whole conversations, of which most are sent, in some form."""
    seen: Counter[str] = Counter()

    @_AS_USUAL
    @given(WHOLE[entrance])
    def held(body: dict[str, Any]) -> None:
        seen[outcome(entrance, name, body)] += 1

    held()
    assert seen["sent"] + seen["repaired"] > 0, seen
