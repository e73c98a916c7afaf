"""Whether a value fits a JSON Schema, as the reference implementation in Python sees it."""

from typing import Any


def fits(value: Any, schema: dict[str, Any]) -> None:
    """Raises where it does not."""
    import jsonschema  # two seconds (its grammar of IRIs), which every process that collects tests would wait for

    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)
