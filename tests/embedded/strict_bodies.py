"""Bodies for tests of what the simulator refuses: sound ones, and what is done to them."""

import json
from base64 import b64encode
from struct import pack
from typing import Any

from embedded.simulator.errors import AwsError
from embedded.simulator.models import Models
from embedded.simulator.operations import Operation
from embedded.simulator.reply_blocks import signature_of
from embedded.simulator.strict.anthropic import asked_by_messages
from embedded.simulator.strict.asked import Asked, asked_by_converse
from embedded.simulator.strict.rule import Rule
from embedded.simulator.strict.rules import CONVERSE, MESSAGES
from embedded.simulator.strict.service import hold_to_shapes

MODELS = Models.load()
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET_4_6 = "us.anthropic.claude-sonnet-4-6"
OPUS_4_8 = "us.anthropic.claude-opus-4-8"
OPUS_4_5 = "us.anthropic.claude-opus-4-5-20251101-v1:0"
OPUS_5 = "us.anthropic.claude-opus-5"
FABLE = "us.anthropic.claude-fable-5"
NOVA = "us.amazon.nova-lite-v1:0"
MICRO = "us.amazon.nova-micro-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
LLAMA_4 = "us.meta.llama4-scout-17b-instruct-v1:0"
R1 = "us.deepseek.r1-v1:0"
QWEN = "qwen.qwen3-32b-v1:0"


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def png(width: int = 1, height: int = 1, size: int = 64) -> bytes:
    head = b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", width, height)
    return head.ljust(size, b"\0")


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": each} if isinstance(each, str) else each for each in blocks]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def image(data: bytes = b"", kind: str = "png") -> dict[str, Any]:
    return {"image": {"format": kind, "source": {"bytes": encoded(data or png())}}}


def document(name: str = "report", kind: str = "pdf", data: bytes = b"%PDF", **more: Any) -> dict[str, Any]:
    return {"document": {"name": name, "format": kind, "source": {"bytes": encoded(data)}, **more}}


def call(name: str = "look", use_id: str = "one", value: Any = None) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": use_id, "name": name, "input": {} if value is None else value}}


def result(use_id: str = "one", *parts: Any, **more: Any) -> dict[str, Any]:
    content = [{"text": each} if isinstance(each, str) else each for each in parts or ("found",)]
    return {"toolResult": {"toolUseId": use_id, "content": content, **more}}


def thought(text: str = "Well.", **more: Any) -> dict[str, Any]:
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature_of(text), **more}}}


POINT = {"cachePoint": {"type": "default"}}


def tool(name: str = "look", schema: Any = None, **more: Any) -> dict[str, Any]:
    wanted = {"type": "object"} if schema is None else schema
    return {"toolSpec": {"name": name, "inputSchema": {"json": wanted}, **more}}


def tools(*each: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tools": list(each or (tool(),)), **more}


def body(*messages: Any, **more: Any) -> dict[str, Any]:
    """A body of Converse; texts are messages of users."""
    said = [user(each) if isinstance(each, str) else each for each in messages or ("Hello",)]
    return {"messages": said, **more}


def structured(schema: Any) -> dict[str, Any]:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    structure = {"jsonSchema": {"schema": text}}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}


def extra(**fields: Any) -> dict[str, Any]:
    return {"additionalModelRequestFields": fields}


def inference(**values: Any) -> dict[str, Any]:
    return {"inferenceConfig": values}


def said_by(role: str, *blocks: Any) -> dict[str, Any]:
    """A message of an Anthropic body."""
    return {"role": role, "content": list(blocks)}


def anthropic(*messages: Any, **more: Any) -> dict[str, Any]:
    """An Anthropic body; texts are messages of users."""
    said = [
        {"role": "user", "content": each} if isinstance(each, str) else each
        for each in messages or ("Hello",)
    ]
    return {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": said, **more}


def of_converse(given: dict[str, Any], model_id: str = HAIKU) -> tuple[str, AwsError | None]:
    """The name of the first rule that a body breaks, "shape" for the service's model, and the answer; nothing of a sound one."""
    try:
        hold_to_shapes(Operation.CONVERSE, given, model_id)
    except AwsError as error:
        return "shape", error
    region = "us-east-1"
    return _first(CONVERSE, asked_by_converse(given, MODELS.called(model_id, region)))


def of_messages(given: dict[str, Any], model_id: str = HAIKU) -> tuple[str, AwsError | None]:
    """The same for an Anthropic body, which has no shape in the service's model."""
    return _first(MESSAGES, asked_by_messages(given, MODELS.called(model_id, "us-east-1")))


def _first(rules: tuple[Rule, ...], asked: Asked) -> tuple[str, AwsError | None]:
    for rule in rules:
        error = rule.error(asked)
        if error is not None:
            return rule.name, error
    return "", None
