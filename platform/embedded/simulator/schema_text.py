"""Reads the JSON schema of a structured answer."""

from typing import Any

import orjson

from embedded.simulator.errors import invalid


def parse_schema(text: str) -> dict[str, Any]:
    """A schema that came as a string, as Converse wants it. Raises AwsError (400)."""
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid(
            "The value at outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON."
        ) from None
    if not isinstance(schema, dict):
        raise invalid(
            "The value at outputConfig.textFormat.structure.jsonSchema.schema must be a JSON object."
        )
    return schema
