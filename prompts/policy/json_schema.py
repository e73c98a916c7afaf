"""PURE: values against JSON Schema, offline, with patterns whose time grows with the text alone."""

import json
from functools import lru_cache
from typing import Any

import jsonschema_rs

from prompts.policy.json_values import shown

_PATTERNS = jsonschema_rs.RegexOptions(size_limit=4 << 20, dfa_size_limit=4 << 20)


def schema_problem(schema: Any) -> str | None:
    """Why a schema can't be used; None where it can."""
    try:
        _validator(_key(schema))
    except ValueError as error:
        return f"This is no JSON Schema that can be used: {_line(str(error))}"
    return None


def schema_errors(schema: Any, value: Any, *, most: int = 3) -> list[str]:
    """How a value does not fit, a sentence each, at most so many. Raises ValueError for a schema that can't be used."""
    errors = []
    for error in _validator(_key(schema)).iter_errors(value):
        path = ".".join(map(str, error.instance_path))
        errors.append(f"At “{path}”: {_line(error.message)}." if path else f"{_line(error.message)}.")
        if len(errors) == most:
            break
    return errors


@lru_cache(maxsize=64)
def _validator(key: str) -> Any:
    try:
        return jsonschema_rs.validator_for(key, pattern_options=_PATTERNS, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise ValueError(getattr(error, "message", None) or str(error)) from error


def _key(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True)


def _line(message: str) -> str:
    return shown(message.splitlines()[0] if message else "it does not say why").strip("“”").rstrip(".")
