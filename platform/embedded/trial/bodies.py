"""What probes' bodies are built from: short words, and answers of a few tokens."""

import json
from base64 import b64encode
from typing import Any

Block = dict[str, Any]
Body = dict[str, Any]

FEW = 8
"""Tokens of an answer: enough to see that there is one."""
POINT: Block = {"cachePoint": {"type": "default"}}
NO_ARGUMENTS = {"type": "object", "properties": {}}


def user(*blocks: Any) -> Body:
    """A message of a user; texts are blocks of text."""
    return {"role": "user", "content": [{"text": each} if isinstance(each, str) else each for each in blocks]}


def assistant(*blocks: Any) -> Body:
    """A message of the assistant."""
    return {**user(*blocks), "role": "assistant"}


def body(*messages: Any, most: int = FEW, **more: Any) -> Body:
    """A body of Converse; texts are messages of users. `most` is the length of the answer in tokens."""
    said = [user(each) if isinstance(each, str) else each for each in messages or ("Say OK.",)]
    return {"messages": said, "inferenceConfig": {"maxTokens": most}, **more}


def inferring(*, most: int = FEW, **values: Any) -> Body:
    """A body with values of inferenceConfig."""
    return {**body(), "inferenceConfig": {"maxTokens": most, **values}}


def extra(**fields: Any) -> Body:
    """A body with additionalModelRequestFields."""
    return body(additionalModelRequestFields=fields)


def tool(name: str = "look", schema: Any = None, **more: Any) -> Block:
    """A tool without arguments, unless a schema is given."""
    return {
        "toolSpec": {
            "name": name,
            "description": "Looks.",
            "inputSchema": {"json": schema or NO_ARGUMENTS},
            **more,
        }
    }


def tools(*each: Block, **more: Any) -> dict[str, Any]:
    """What `toolConfig` holds."""
    return {"tools": list(each or (tool(),)), **more}


def call(use_id: str = "one", name: str = "look", value: Any = None) -> Block:
    """A call of a tool."""
    return {"toolUse": {"toolUseId": use_id, "name": name, "input": {} if value is None else value}}


def result(use_id: str = "one", *parts: Block, **more: Any) -> Block:
    """A result of a call."""
    content = list(parts) or [{"text": "found"}]
    return {"toolResult": {"toolUseId": use_id, "content": content, **more}}


def told(*messages: Body, **more: Any) -> Body:
    """A conversation with tools."""
    return body(*messages, **{"toolConfig": tools(), **more})


def document(name: str = "report", *, cites: bool = False, text: str = "The sky is blue.") -> Block:
    """A document of one line."""
    source = {"bytes": b64encode(text.encode()).decode()}
    more = {"citations": {"enabled": True}} if cites else {}
    return {"document": {"name": name, "format": "txt", "source": source, **more}}


def image(kind: str, data: str) -> Block:
    """An image; `data` is in base64."""
    return {"image": {"format": kind, "source": {"bytes": data}}}


def structured(schema: Any) -> Body:
    """A body that asks for an answer by a schema."""
    held = {"jsonSchema": {"schema": json.dumps(schema), "name": "answer"}}
    return body(outputConfig={"textFormat": {"type": "json_schema", "structure": held}})


def thing(**properties: Any) -> dict[str, Any]:
    """An object's schema, as AWS takes it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
