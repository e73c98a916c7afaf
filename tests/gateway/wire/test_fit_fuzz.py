"""Whatever an entrance accepts is valid for botocore's model and for all that is known of Bedrock."""

import base64
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.wire.fitted import FAMILIES, outcome

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
MODELS = st.sampled_from(sorted(FAMILIES.values()))
TEXTS = st.sampled_from(["", " ", "\n", "hi", "hi \n", "\u3000", "a\x00b", "🙂"]) | st.text(max_size=6)
IDS = st.sampled_from(["c1", "c2", "c|3", "c 4", "ü", "x" * 65, "x" * 64 + "y"])
NAMES = st.sampled_from(["f", "g.h", "g/h", "g_h", "n" * 70, "日本"])
ARGUMENTS = st.sampled_from(["{}", "", " ", "null", "[]", '{"a": 1}', '"x"', "[1]", "nope"])
SCHEMAS = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": "integer", "minimum": 1}, {}, {"enum": [1, "a"]}, {"type": "object"}]),
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"type": "object", "properties": {"a": a, "b": b}, "required": ["a"]}, inner, inner),
        st.builds(lambda a: {"type": "array", "items": a, "maxItems": 3}, inner),
        st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner),
        st.builds(lambda a: {"type": "object", "additionalProperties": a}, inner),
        st.builds(lambda a: {"type": "object", "properties": {"a": a}, "additionalProperties": False, "x-mine": 1}, inner),
    ),
    max_leaves=6,
)  # fmt: skip


def optional(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


def merged(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(
        lambda several: {name: value for part in several for name, value in part.items()}
    )


O_PARTS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
    st.builds(lambda kind: {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{PNG}"}}, st.sampled_from(["png", "jpeg"])),
)  # fmt: skip
O_CALLS = st.lists(
    st.builds(lambda i, n, a: {"id": i, "type": "function", "function": {"name": n, "arguments": a}}, IDS, NAMES, ARGUMENTS),
    min_size=1, max_size=2,
)  # fmt: skip
O_MESSAGES = st.lists(
    st.one_of(
        st.builds(lambda text: {"role": "user", "content": text}, TEXTS),
        st.builds(lambda parts: {"role": "user", "content": parts}, st.lists(O_PARTS, max_size=3)),
        st.builds(lambda text: {"role": "system", "content": text}, TEXTS),
        st.builds(lambda text: {"role": "assistant", "content": text}, TEXTS | st.none()),
        st.builds(lambda text, calls: {"role": "assistant", "content": text, "tool_calls": calls}, TEXTS | st.none(), O_CALLS),
        st.builds(lambda i, text: {"role": "tool", "tool_call_id": i, "content": text}, IDS, TEXTS),
        st.builds(lambda i, parts: {"role": "tool", "tool_call_id": i, "content": parts}, IDS, st.lists(O_PARTS, max_size=2)),
    ),
    min_size=1, max_size=7,
)  # fmt: skip
O_TOOLS = st.lists(
    st.builds(
        lambda name, schema, more: {"type": "function", "function": {"name": name, "parameters": schema, **more}},
        NAMES, SCHEMAS, optional(strict=st.booleans(), description=TEXTS),
    ),
    min_size=1, max_size=3, unique_by=lambda tool: tool["function"]["name"],
)  # fmt: skip
O_BODIES = merged(
    st.fixed_dictionaries({"model": st.just("m"), "messages": O_MESSAGES}),
    optional(
        temperature=st.sampled_from([0, 0.5, 1, 2]),
        top_p=st.sampled_from([0, 0.5, 1]),
        max_tokens=st.sampled_from([1, 2000, 64_000, 10**6]),
        stop=st.lists(st.sampled_from(["\n", "END"]), max_size=2),
        tools=O_TOOLS,
        tool_choice=st.sampled_from(["none", "auto", "required"]),
        response_format=st.one_of(
            st.just({"type": "json_object"}),
            st.builds(
                lambda schema: {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
                SCHEMAS,
            ),
        ),
    ),
)
MARKS = st.sampled_from(
    [{}, {"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}]
)
A_TEXT = st.builds(lambda text, mark: {"type": "text", "text": text, **mark}, TEXTS, MARKS)
A_IMAGE = st.builds(
    lambda kind, mark: {"type": "image", "source": {"type": "base64", "media_type": f"image/{kind}", "data": PNG}, **mark},
    st.sampled_from(["png", "gif"]), MARKS,
)  # fmt: skip
A_DOCUMENT = st.builds(
    lambda title, cites, mark: {"type": "document", "source": {"type": "text", "data": "d", "media_type": "text/plain"},
                                "title": title, "citations": {"enabled": cites}, **mark},
    st.sampled_from(["a", "a.b", "  ", "日本"]), st.booleans(), MARKS,
)  # fmt: skip
A_RESULT = st.builds(
    lambda i, content, failed, mark: {"type": "tool_result", "tool_use_id": i, "content": content, "is_error": failed, **mark},
    IDS, TEXTS | st.lists(A_TEXT | A_IMAGE, max_size=2), st.booleans(), MARKS,
)  # fmt: skip
A_USE = st.builds(
    lambda i, n, given, mark: {"type": "tool_use", "id": i, "name": n, "input": given, **mark},
    IDS, NAMES, st.sampled_from([{}, {"a": 1}, None, "", "x", [], [1]]), MARKS,
)  # fmt: skip
A_THOUGHT = st.sampled_from(
    [{"type": "thinking", "thinking": "hm"}, {"type": "redacted_thinking", "data": "eHg="}]
)
A_MESSAGES = st.lists(
    st.one_of(
        st.builds(lambda text: {"role": "user", "content": text}, TEXTS),
        st.builds(lambda parts: {"role": "user", "content": parts}, st.lists(A_TEXT | A_IMAGE | A_DOCUMENT | A_RESULT, max_size=4)),
        st.builds(lambda parts: {"role": "assistant", "content": parts}, st.lists(A_TEXT | A_USE | A_THOUGHT, max_size=3)),
        st.builds(lambda text: {"role": "assistant", "content": text}, TEXTS),
    ),
    min_size=1, max_size=6,
)  # fmt: skip
A_BODIES = merged(
    st.fixed_dictionaries({"model": st.just("m"), "messages": A_MESSAGES, "max_tokens": st.sampled_from([1, 3000, 128_000])}),
    optional(
        system=TEXTS | st.lists(A_TEXT, max_size=3),
        temperature=st.sampled_from([0, 0.5, 1]),
        top_p=st.sampled_from([0.5, 0.99]),
        top_k=st.sampled_from([0, 5]),
        stop_sequences=st.lists(st.sampled_from(["\n", "END"]), max_size=2),
        thinking=st.sampled_from(
            [{"type": "enabled", "budget_tokens": 1024}, {"type": "enabled", "budget_tokens": 5}, {"type": "adaptive"}, {"type": "disabled"}]
        ),
        output_config=optional(
            effort=st.sampled_from(["low", "max"]),
            format=st.builds(lambda schema: {"type": "json_schema", "schema": schema}, SCHEMAS),
        ),
        tools=st.lists(
            st.builds(lambda n, schema, more, mark: {"name": n, "input_schema": schema, **more, **mark}, NAMES, SCHEMAS, optional(strict=st.booleans()), MARKS),
            min_size=1, max_size=3, unique_by=lambda tool: tool["name"],
        ),
        tool_choice=st.sampled_from(
            [{"type": "auto"}, {"type": "any"}, {"type": "none"}, {"type": "auto", "disable_parallel_tool_use": True}, {"type": "tool", "name": "f"}]
        ),
    ),
)  # fmt: skip
B_POINT = st.sampled_from(
    [
        {"cachePoint": {"type": "default"}},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
        {"cachePoint": {"type": "x"}},
    ]
)
B_TEXT = st.builds(lambda text: {"text": text}, TEXTS)
B_IMAGE = st.builds(
    lambda kind, data: {"image": {"format": kind, "source": {"bytes": data}}},
    st.sampled_from(["png", "gif", "PNG"]),
    st.sampled_from([PNG, "", "x y"]),
)
B_DOCUMENT = st.builds(
    lambda kind, name, source: {"document": {"format": kind, "name": name, "source": source}},
    st.sampled_from(["txt", "exe"]), st.sampled_from(["a", "a.b", "", "a  b"]), st.sampled_from([{"text": "d"}, {"bytes": "eHg="}, {}]),
)  # fmt: skip
B_USE = st.builds(
    lambda i, n, given: {"toolUse": {"toolUseId": i, "name": n, "input": given}},
    IDS,
    NAMES,
    st.sampled_from([{}, None, "x", [1]]),
)
B_RESULT = st.builds(
    lambda i, content, more: {"toolResult": {"toolUseId": i, "content": content, **more}},
    IDS, st.lists(B_TEXT | B_IMAGE | st.sampled_from([{"json": {}}, {"json": [1]}, {}]), max_size=2), optional(status=st.sampled_from(["error", "success", "x"])),
)  # fmt: skip
B_THOUGHT = st.sampled_from(
    [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"reasoningContent": {"redactedContent": "eHg="}},
        {"reasoningContent": {}},
    ]
)
B_BLOCKS = st.lists(
    st.one_of(B_TEXT, B_IMAGE, B_DOCUMENT, B_USE, B_RESULT, B_POINT, B_THOUGHT, st.just({})), max_size=4
)
B_BODIES = merged(
    st.fixed_dictionaries(
        {"messages": st.lists(st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "assistant"]), B_BLOCKS), min_size=1, max_size=5)}
    ),
    optional(
        system=st.lists(B_TEXT | B_POINT, max_size=3),
        inferenceConfig=optional(
            maxTokens=st.sampled_from([0, 1, 4096, 64_000]),
            temperature=st.sampled_from([-1, 0, 0.5, 1, 2]),
            topP=st.sampled_from([0.5, 1]),
            stopSequences=st.lists(st.sampled_from(["\n", "END", ""]), max_size=2),
        ),
        toolConfig=merged(
            st.fixed_dictionaries(
                {"tools": st.lists(st.one_of(st.builds(lambda n, schema: {"toolSpec": {"name": n, "inputSchema": {"json": schema}}}, NAMES, SCHEMAS), B_POINT), max_size=3)}
            ),
            optional(toolChoice=st.sampled_from([{"auto": {}}, {"any": {}}, {"tool": {"name": "f"}}, {}, {"auto": {}, "any": {}}])),
        ),
        outputConfig=optional(effort=st.sampled_from(["low", "x"])),
        additionalModelRequestFields=optional(
            thinking=st.sampled_from([{"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}, {"type": "x"}]), top_k=st.just(4), topK=st.just(4)
        ),
        requestMetadata=st.dictionaries(st.sampled_from(["a", "b!"]), st.sampled_from(["c", "<d>"]), max_size=2),
    ),
)  # fmt: skip
BODIES = {"openai": O_BODIES, "anthropic": A_BODIES, "converse": B_BODIES}


@pytest.mark.parametrize("entrance", sorted(BODIES))
def test_what_is_accepted_is_valid(entrance):
    @settings(
        max_examples=int(os.environ.get("FUZZ", "120")),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(BODIES[entrance], MODELS)
    def held(body: dict[str, Any], model_id: str) -> None:
        outcome(entrance, model_id, body)

    held()
