"""Bodies of InvokeModel, read into a conversation and answered in their family's shape."""

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from gateway.call import Call
from gateway.call.groups import Request
from gateway.catalogue.capability import Capability
from gateway.conversation import encode
from gateway.entrances.formats.invoke import InvokeEntrance
from gateway.entrances.formats.invoke_families import Family, family_asked, family_of_deployment
from gateway.entrances.formats.invoke_templates import turns_of
from gateway.events import BlockStop, Event, Finished, TextDelta, ToolDelta, ToolStart, Usage, Vector
from gateway.refusals import Refusal
from gateway.snapshot.state import Snapshot
from gateway.wire.eventstream import Decoder
from tests.gateway.snapshot.test_names import deployment, route

EVENTS: list[Event] = [TextDelta(0, "Hel"), TextDelta(0, "lo"), BlockStop(0)]
END = Finished("max_tokens", Usage(input=7, output=2, cache_read=3))


def parsed(family: Family, body: Any, *, is_stream: bool = False, headers: dict[bytes, bytes] | None = None):
    entrance = InvokeEntrance(model="some", family=family, is_stream=is_stream)
    found = entrance.parse(json.dumps(body).encode(), headers or {})
    request = Request(
        wire_format="invoke",
        is_stream=is_stream,
        model="some",
        key_text=None,
        client_ip=None,
        embedding=found.embedding,
    )
    return entrance, found, Call(request=request, conversation=found.conversation)


def conversation(family: Family, body: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(parsed(family, body)[1].conversation))
    return found


def whole(family: Family, body: Any, events: list[Event] = EVENTS) -> Any:
    entrance, _, call = parsed(family, body)
    return json.loads(entrance.whole(call, events, END))


def chunks(family: Family, body: Any, events: list[Event] = EVENTS) -> list[dict[str, Any]]:
    entrance, found, call = parsed(family, body, is_stream=True)
    writer = entrance.writer(call, found)
    data = writer.start() + b"".join(writer.write(event) for event in [*events, END])
    return [json.loads(b64decode(json.loads(frame.payload)["bytes"])) for frame in Decoder().feed(data)]


HELLO = [{"role": "user", "content": [{"text": "Hi"}]}]
READ = {
    "titan": (
        Family.TITAN_TEXT,
        {"inputText": "Hi", "textGenerationConfig": {"maxTokenCount": 9, "topP": 0.5, "stopSequences": ["x"]}},
        {"messages": HELLO, "inferenceConfig": {"maxTokens": 9, "topP": 0.5, "stopSequences": ["x"]}},
    ),
    "llama": (
        Family.LLAMA,
        {"prompt": "Hi", "max_gen_len": 9, "temperature": 0.1},
        {"messages": HELLO, "inferenceConfig": {"maxTokens": 9, "temperature": 0.1}},
    ),
    "mistral": (
        Family.MISTRAL,
        {"prompt": "<s>[INST] Hi [/INST]", "max_tokens": 9, "stop": ["x"], "top_k": 3},
        {
            "messages": HELLO,
            "inferenceConfig": {"maxTokens": 9, "stopSequences": ["x"]},
            "additionalModelRequestFields": {"top_k": 3},
        },
    ),
    "command": (
        Family.COHERE_GENERATE,
        {"prompt": "Hi", "p": 0.3, "k": 4, "max_tokens": 9, "stream": False, "num_generations": 1},
        {
            "messages": HELLO,
            "inferenceConfig": {"maxTokens": 9, "topP": 0.3},
            "additionalModelRequestFields": {"k": 4},
        },
    ),
    "command r": (
        Family.COHERE_CHAT,
        {
            "message": "Hi", "preamble": "Be short.", "seed": 1,
            "chat_history": [{"role": "USER", "message": "a"}, {"role": "CHATBOT", "message": "b"}],
        },
        {
            "messages": [
                {"role": "user", "content": [{"text": "a"}]}, {"role": "assistant", "content": [{"text": "b"}]}, *HELLO,
            ],
            "system": [{"text": "Be short."}],
            "inferenceConfig": {},
            "additionalModelRequestFields": {"seed": 1},
        },
    ),
    "nova": (
        Family.NOVA,
        {"schemaVersion": "messages-v1", "messages": HELLO, "inferenceConfig": {"max_new_tokens": 9, "top_k": 5, "topP": 0.2}},
        {
            "messages": HELLO,
            "inferenceConfig": {"maxTokens": 9, "topP": 0.2},
            "additionalModelRequestFields": {"inferenceConfig": {"topK": 5}},
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("family", "body", "found"), READ.values(), ids=READ.keys())
def test_what_is_read(family, body, found):
    assert conversation(family, body) == found


TURNS = {
    "plain": ("Hi", [("user", "Hi")]),
    "llama 2": ("<s>[INST] <<SYS>>\nBe short.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Bye [/INST]",
                [("system", "Be short."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")]),
    "llama 4": ("<|begin_of_text|><|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\n",
                [("user", "Hi")]),
    "the beginning of an answer": (
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nSure:",
        [("user", "Hi"), ("assistant", "Sure:")]),
    "marks that do not fit": ("Is [INST] a mark?", [("user", "Is [INST] a mark?")]),
}  # fmt: skip


@pytest.mark.parametrize(("prompt", "turns"), TURNS.values(), ids=TURNS.keys())
def test_templates(prompt, turns):
    assert turns_of(prompt) == turns


MESSAGES = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hi"}],
}


def test_answers_in_each_family():
    assert whole(Family.ANTHROPIC, MESSAGES)["content"] == [{"type": "text", "text": "Hello"}]
    titan = whole(Family.TITAN_TEXT, {"inputText": "Hi"})
    assert titan["results"] == [{"tokenCount": 2, "outputText": "Hello", "completionReason": "LENGTH"}]
    assert titan["inputTextTokenCount"] == 10
    assert whole(Family.LLAMA, {"prompt": "Hi"}) == {
        "generation": "Hello", "prompt_token_count": 10, "generation_token_count": 2, "stop_reason": "length",
    }  # fmt: skip
    assert whole(Family.MISTRAL, {"prompt": "Hi"}) == {
        "outputs": [{"text": "Hello", "stop_reason": "length"}]
    }
    assert whole(Family.COHERE_GENERATE, {"prompt": "Hi"})["generations"][0]["finish_reason"] == "MAX_TOKENS"
    assert whole(Family.COHERE_CHAT, {"message": "Hi"})["meta"]["billed_units"]["output_tokens"] == 2
    nova = whole(Family.NOVA, {"messages": HELLO})
    assert nova["output"]["message"]["content"] == [{"text": "Hello"}]
    assert nova["usage"]["cacheReadInputTokenCount"] == 3


def test_streams_in_each_family():
    anthropics = chunks(Family.ANTHROPIC, MESSAGES)
    assert [each["type"] for each in anthropics] == [
        "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip
    novas = chunks(Family.NOVA, {"messages": HELLO})
    assert [next(iter(each)) for each in novas] == [
        "messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
    ]  # fmt: skip
    titans = chunks(Family.TITAN_TEXT, {"inputText": "Hi"})
    assert ("".join(each["outputText"] for each in titans), titans[-1]["completionReason"]) == (
        "Hello",
        "LENGTH",
    )
    llamas = chunks(Family.LLAMA, {"prompt": "Hi"})
    assert [each["prompt_token_count"] is None for each in llamas] == [False, True, True]
    assert llamas[-1]["generation_token_count"] == 2
    commands = chunks(Family.COHERE_CHAT, {"message": "Hi"})
    assert [each["event_type"] for each in commands] == [
        "stream-start", "text-generation", "text-generation", "stream-end",
    ]  # fmt: skip
    assert commands[-1]["response"]["text"] == "Hello"
    for each in (
        anthropics,
        novas,
        titans,
        llamas,
        commands,
        chunks(Family.COHERE_GENERATE, {"prompt": "Hi"}),
    ):
        metrics = each[-1]["amazon-bedrock-invocationMetrics"]
        assert (metrics["inputTokenCount"], metrics["cacheReadInputTokenCount"]) == (7, 3)


def test_tools_of_mistral():
    tool = {"type": "function", "function": {"name": "send", "parameters": {"type": "object"}}}
    body = {"messages": [{"role": "user", "content": "Hi"}], "tools": [tool], "tool_choice": "any"}
    assert conversation(Family.MISTRAL, body)["toolConfig"]["toolChoice"] == {"any": {}}
    events: list[Event] = [
        ToolStart(0, "t1", "send"),
        ToolDelta(0, '{"a":'),
        ToolDelta(0, "1}"),
        BlockStop(0),
    ]
    for answer in (whole(Family.MISTRAL, body, events), chunks(Family.MISTRAL, body, events)[-1]):
        (call,) = answer["choices"][0]["message"]["tool_calls"]
        assert call["function"] == {"name": "send", "arguments": '{"a":1}'}


def test_betas_of_the_body_and_the_header_are_one(monkeypatch):
    seen: list[Any] = []
    from gateway.entrances.formats import invoke_anthropic

    read = invoke_anthropic._MESSAGES.parse
    monkeypatch.setattr(
        invoke_anthropic._MESSAGES, "parse", lambda body, headers: seen.append(headers) or read(body, headers)
    )
    parsed(Family.ANTHROPIC, MESSAGES | {"anthropic_beta": ["a", "b"]}, headers={b"anthropic-beta": b"b,c"})
    assert seen[0][b"anthropic-beta"] == b"b,c,a"
    with pytest.raises(Refusal, match="anthropic_beta"):
        parsed(Family.ANTHROPIC, MESSAGES | {"anthropic_beta": [1]})


STREAMED = {
    Family.ANTHROPIC: MESSAGES,
    Family.NOVA: {"messages": HELLO},
    Family.TITAN_TEXT: {"inputText": "Hi"},
    Family.LLAMA: {"prompt": "Hi"},
    Family.MISTRAL: {"prompt": "Hi"},
    Family.COHERE_GENERATE: {"prompt": "Hi"},
    Family.COHERE_CHAT: {"message": "Hi"},
}


@pytest.mark.parametrize(("family", "body"), STREAMED.items())
def test_what_keeps_a_stream_alive_changes_nothing_of_the_answer(family, body):
    entrance, found, call = parsed(family, body, is_stream=True)
    writer = entrance.writer(call, found)
    kept = writer.keep_alive()
    assert kept
    first, *rest = (writer.write(event) for event in EVENTS)
    data = kept + writer.start() + first + writer.keep_alive() + b"".join(rest) + writer.write(END)
    told = [json.loads(b64decode(json.loads(frame.payload)["bytes"])) for frame in Decoder().feed(data)]
    usual = chunks(family, body)
    assert told[0].get("type", told[0].get("event_type")) == usual[0].get("type", usual[0].get("event_type"))
    assert "".join(map(piece_of, told)) == "Hello"


def test_anthropics_pings_come_after_the_beginning():
    entrance, found, call = parsed(Family.ANTHROPIC, MESSAGES, is_stream=True)
    writer = entrance.writer(call, found)
    frames = Decoder().feed(writer.keep_alive() + writer.start() + writer.keep_alive())
    said = [json.loads(b64decode(json.loads(frame.payload)["bytes"]))["type"] for frame in frames]
    assert said == ["message_start", "ping", "ping"]


def piece_of(chunk: dict[str, Any]) -> str:
    match chunk:
        case {"delta": {"text": text}} | {"contentBlockDelta": {"delta": {"text": text}}}:
            return str(text)
        case {"outputText": text} | {"generation": text} | {"outputs": [{"text": text}]} | {"text": text}:
            return str(text)
    return ""


def test_embeddings():
    vectors: list[Event] = [
        Vector(0, [0.5], 3, {"int8": [64], "float": [0.5]}),
        Vector(1, [0.1], 0, {"int8": [9], "float": [0.1]}),
    ]
    body = {"texts": ["a", "b"], "input_type": "search_query"}
    answer = whole(Family.COHERE_EMBEDDING, body, vectors)
    assert (answer["embeddings"], answer["texts"]) == ([[0.5], [0.1]], ["a", "b"])
    answer = whole(Family.COHERE_EMBEDDING, body | {"embedding_types": ["int8"]}, vectors)
    assert (answer["embeddings"], answer["response_type"]) == ({"int8": [[64], [9]]}, "embeddings_by_type")
    inputs = {"inputs": [{"content": [{"type": "text", "text": "a"}]}], "input_type": "search_query"}
    assert conversation(Family.COHERE_EMBEDDING, inputs)["messages"][0]["content"] == [{"text": "a"}]
    assert whole(Family.TITAN_EMBEDDING, {"inputText": "a"}, vectors[:1])["embedding"] == [0.5]


REFUSED = {
    "documents": (Family.COHERE_CHAT, {"message": "a", "documents": [{"a": "b"}]}, "documents"),
    "several answers": (Family.COHERE_GENERATE, {"prompt": "a", "num_generations": 2}, "num_generations"),
    "an unknown member": (Family.NOVA, {"messages": HELLO, "other": 1}, "other"),
    "an unknown setting": (
        Family.NOVA,
        {"messages": HELLO, "inferenceConfig": {"seed": 1}},
        "inferenceConfig.seed",
    ),
    "a setting of titan's": (Family.TITAN_TEXT, {"inputText": "a", "textGenerationConfig": {"x": 1}}, "x"),
    "97 texts": (Family.COHERE_EMBEDDING, {"texts": ["a"] * 97, "input_type": "clustering"}, "96"),
    "no purpose": (Family.COHERE_EMBEDDING, {"texts": ["a"]}, "input_type"),
    "another schema": (Family.NOVA, {"schemaVersion": "messages-v9", "messages": HELLO}, "schemaVersion"),
    "a stream in the body": (Family.ANTHROPIC, MESSAGES | {"stream": True}, "stream"),
    "an image of llama's": (Family.LLAMA, {"prompt": "a", "images": ["x"]}, "images"),
}


@pytest.mark.parametrize(("family", "body", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_by_name(family, body, words):
    with pytest.raises(Refusal, match=words):
        parsed(family, body)


MODELS = {
    "anthropic.claude-x": Family.ANTHROPIC,
    "amazon.nova-pro-v1:0": Family.NOVA,
    "amazon.nova-2-multimodal-embeddings-v1:0": Family.OTHER,
    "amazon.titan-text-express-v1": Family.TITAN_TEXT,
    "amazon.titan-embed-text-v2:0": Family.TITAN_EMBEDDING,
    "amazon.titan-embed-image-v1": Family.OTHER,
    "cohere.embed-v4:0": Family.COHERE_EMBEDDING,
    "cohere.command-r-plus-v1:0": Family.COHERE_CHAT,
    "cohere.command-light-text-v14": Family.COHERE_GENERATE,
    "meta.llama4-scout-17b-instruct-v1:0": Family.LLAMA,
    "mistral.mistral-7b-instruct-v0:2": Family.MISTRAL,
    "openai.gpt-oss-120b-1:0": Family.OTHER,
}


@pytest.mark.parametrize(("model_id", "family"), MODELS.items())
def test_the_family_is_the_models_whatever_its_route_is_called(model_id, family):
    for name in ("fast", "claude", f"our-{model_id}"):
        own = route(name, deployment(model_id, "us-east-1", model_id))
        snapshot = Snapshot(routes={name: own}, route_names=(name,))
        assert family_asked(snapshot, name) is family
        assert family_asked(snapshot, "another") is None


def test_what_the_catalogue_says_of_a_model_comes_first():
    own = deployment("acme.custom", "us-east-1", "arn:aws:bedrock:us-east-1:1:imported-model/x")
    llama = replace(own, capability=Capability(invoke_families=("openai-chat", "llama")))
    assert family_of_deployment(llama) is Family.LLAMA
    assert family_of_deployment(own) is Family.OTHER


def test_a_stream_of_vectors():
    with pytest.raises(Refusal, match="streaming"):
        parsed(Family.TITAN_EMBEDDING, {"inputText": "a"}, is_stream=True)


def test_a_model_that_nobody_knows_is_left_to_the_pipeline():
    entrance = InvokeEntrance(model="nobody", family=None)
    assert entrance.parse(b'{"anything": 1}').conversation.messages == []
    assert len(entrance.parse(json.dumps(MESSAGES).encode()).conversation.messages) == 1
