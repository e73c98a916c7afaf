"""PURE: JSON Schemas that can be checked in a time that their own size bounds.

A validator follows every reference and every branch. References that lead back to themselves inside anyOf, or that double at each step,
take exponential time on a small value. So references lead only to the schema's own definitions, never round in a circle, and
the schema with all of them written out has a bounded size.
"""

from typing import Any
from urllib.parse import unquote

from kernel.errors import InvalidError

MAX_PARTS = 5_000
_DEEPEST = 60


class UnboundedSchemaError(InvalidError):
    """The schema can't be used; the message says what to change."""


def check_schema_size(schema: Any) -> None:
    """UnboundedSchemaError for a schema whose checking has no bound."""
    _Counter(schema).count(schema, (), 0)


class _Counter:
    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._parts = 0

    def count(self, value: Any, followed: tuple[str, ...], depth: int) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS or depth > _DEEPEST:
            raise UnboundedSchemaError("the schema is too large when its references are written out")
        if isinstance(value, list):
            for member in value:
                self.count(member, followed, depth + 1)
        if not isinstance(value, dict):
            return
        for name, member in value.items():
            if name in ("$dynamicRef", "$recursiveRef"):
                raise UnboundedSchemaError(f"{name} is not supported: write $ref to #/$defs/…")
            if name == "$ref" and isinstance(member, str):
                if member in followed:
                    raise UnboundedSchemaError(f"the reference {member[:100]} leads back to itself")
                self.count(self._target(member), (*followed, member), depth + 1)
            elif name not in ("$defs", "definitions"):  # which count where they are referred to
                self.count(member, followed, depth + 1)

    def _target(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise UnboundedSchemaError(
                f"the reference {reference[:100]} must lead to #/…, a place in the schema itself"
            )
        found = self._schema
        for step in reference[2:].split("/"):
            step = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            elif isinstance(found, dict) and step in found:
                found = found[step]
            else:
                raise UnboundedSchemaError(f"the reference {reference[:100]} leads nowhere")
        return found
