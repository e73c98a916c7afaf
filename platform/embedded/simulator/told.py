"""What a model reads and follows: a form asked for in words, and what descriptions of a schema say."""

from typing import Any

import orjson

from embedded.simulator.turns import SimulatedTurn

_OF_SCHEMA = "fit this JSON Schema:\n"
_ANY_OBJECT = "Answer with one JSON object and nothing else"
_ALSO = "Must also keep: "


def asked_in_words(turn: SimulatedTurn) -> dict[str, Any] | None:
    """The schema of the JSON that a system prompt asks for in words; None where it asks for none."""
    for part in turn.prompt.parts:
        if _OF_SCHEMA in part and (found := _object(part.partition(_OF_SCHEMA)[2])) is not None:
            return found
        if part.startswith(_ANY_OBJECT):
            return {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    return None


def with_descriptions(schema: Any) -> Any:
    """A schema with what its descriptions say must be kept, too."""
    if isinstance(schema, list):
        return [with_descriptions(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: with_descriptions(member) for name, member in schema.items()}
    described = schema.get("description")
    if isinstance(described, str) and _ALSO in described:
        found |= _object(described.partition(_ALSO)[2]) or {}
    return found


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
