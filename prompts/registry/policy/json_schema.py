"""PURE: answers against JSON Schema, offline, with patterns whose time grows with the text alone."""

import json
from functools import lru_cache
from typing import Any

from prompts.registry.policy.variables import BadSchemaError, first_line, validator_of


def schema_problem(schema: Any) -> str | None:
    """Why a schema can't be used; None where it can."""
    try:
        _validator(json.dumps(schema, sort_keys=True))
    except BadSchemaError as error:
        return str(error)
    return None


def schema_errors(schema: Any, value: Any, *, most: int = 3) -> list[str]:
    """How a value does not fit, a sentence each, at most so many. Raises BadSchemaError."""
    errors = []
    for error in _validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
        path = ".".join(map(str, error.instance_path))
        message = first_line(error).rstrip(".")
        errors.append(f"At “{path}”: {message}." if path else f"{message[:1].upper()}{message[1:]}.")
        if len(errors) == most:
            break
    return errors


@lru_cache(maxsize=64)
def _validator(text: str) -> Any:
    return validator_of(json.loads(text))
