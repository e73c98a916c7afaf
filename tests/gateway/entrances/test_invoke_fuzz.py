"""Bodies of every family with something in them changed: read, or refused; never a fault of Gatehouse's own."""

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from gateway.entrances.formats.invoke import InvokeEntrance
from gateway.entrances.formats.invoke_families import Family
from gateway.entrances.formats.retrieval import generation_of, search_of
from gateway.refusals import Refusal

TEXT = [{"type": "text", "text": "a"}]
MESSAGES = [
    {"role": "user", "content": TEXT},
    {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "a", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "1", "content": "a"},
]
TOOL = {"type": "function", "function": {"name": "a", "parameters": {}}}
BODIES: dict[Family, dict[str, Any]] = {
    Family.ANTHROPIC: {
        "anthropic_version": "bedrock-2023-05-31", "anthropic_beta": ["a"], "max_tokens": 9, "system": TEXT,
        "messages": [{"role": "user", "content": TEXT}], "metadata": {"user_id": "x"},
        "tools": [{"name": "a", "input_schema": {"type": "object"}}], "thinking": {"type": "enabled", "budget_tokens": 1},
    },
    Family.NOVA: {
        "schemaVersion": "messages-v1", "system": [{"text": "a"}], "inferenceConfig": {"maxTokens": 1, "topK": 3},
        "messages": [{"role": "user", "content": [{"text": "a"}, {"image": {"format": "png", "source": {"bytes": "aaaa"}}}]}],
        "toolConfig": {"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {}}}}]},
        "additionalModelRequestFields": {"reasoningConfig": {"type": "enabled"}},
    },
    Family.TITAN_TEXT: {"inputText": "a", "textGenerationConfig": {"temperature": 1, "stopSequences": ["a"]}},
    Family.LLAMA: {"prompt": "<|start_header_id|>user<|end_header_id|>a", "max_gen_len": 3, "images": []},
    Family.MISTRAL: {"messages": MESSAGES, "tools": [TOOL], "tool_choice": "any", "top_k": 1, "max_tokens": 3},
    Family.COHERE_CHAT: {"message": "a", "chat_history": [{"role": "USER", "message": "a"}], "k": 1},
    Family.COHERE_GENERATE: {"prompt": "a", "k": 1, "stop_sequences": ["a"]},
    Family.COHERE_EMBEDDING: {"texts": ["a"], "input_type": "search_query", "inputs": [{"content": TEXT}]},
    Family.TITAN_EMBEDDING: {"inputText": "a", "dimensions": 256, "embeddingTypes": ["float"]},
}  # fmt: skip
RETRIEVAL = {"vectorSearchConfiguration": {"numberOfResults": 3, "filter": {"equals": {}}}}
SEARCH = {"retrievalQuery": {"text": "a"}, "retrievalConfiguration": RETRIEVAL, "nextToken": "a"}
GENERATION = {
    "input": {"text": "a"},
    "retrieveAndGenerateConfiguration": {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {
            "knowledgeBaseId": "a", "modelArn": "a", "retrievalConfiguration": RETRIEVAL,
            "generationConfiguration": {
                "promptTemplate": {"textPromptTemplate": "$search_results$"},
                "inferenceConfig": {"textInferenceConfig": {"maxTokens": 3}},
            },
        },
    },
}  # fmt: skip
VALUES = (
    None, 1, -1, 1.5, True, "", "x", " ", [], {}, [1], [None], [{}], {"a": 1}, "\ud800", 10**30, [["x"]], {"text": 1},
)  # fmt: skip
CASES = 400


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def changed(body: Any, dice: Random) -> Any:
    body = deepcopy(body)
    for _ in range(dice.choice((1, 1, 2, 3))):
        path = dice.choice(list(places(body)))
        if not path:
            return deepcopy(dice.choice(VALUES)) if dice.random() < 0.1 else body
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        if isinstance(inner, dict) and dice.random() < 0.3:
            inner.pop(path[-1])
        else:
            inner[path[-1]] = deepcopy(dice.choice(VALUES))
    return body


def is_read(read: Any, body: Any) -> bool:
    try:
        read(json.dumps(body).encode())
    except Refusal:
        return False
    return True


@pytest.mark.parametrize("family", BODIES)
def test_bodies_of_models(family):
    dice = Random(family)
    assert is_read(InvokeEntrance(model="m", family=family).parse, BODIES[family])
    read = sum(
        is_read(
            InvokeEntrance(model="m", family=family, is_stream=dice.random() < 0.5).parse,
            changed(BODIES[dice.choice((family, family, *BODIES))], dice),
        )
        for _ in range(CASES)
    )
    assert 0 < read < CASES


@pytest.mark.parametrize(("read", "body"), [(search_of, SEARCH), (generation_of, GENERATION)])
def test_bodies_of_searches(read, body):
    dice = Random(1)
    assert is_read(read, body)
    assert 0 < sum(is_read(read, changed(body, dice)) for _ in range(CASES)) < CASES
