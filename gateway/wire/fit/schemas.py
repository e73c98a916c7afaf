"""PURE: a JSON Schema put into the subset of draft 2020-12 that AWS's structured output takes.

Source: AWS user guide, "Get validated JSON results from models". What the subset lacks moves into descriptions, where
the model reads it; the answer is checked against the original. What would mean another thing is not narrowed.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.conversation import Json
from gateway.wire.fit.closing import hinders_closing, is_object

FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
KEYWORDS = frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "allOf", "$ref", "$defs",
        "definitions", "title", "description", "default", "format", "minItems",
    }
)  # fmt: skip
_ANNOTATIONS = frozenset(
    {"$schema", "$id", "$comment", "examples", "readOnly", "writeOnly", "deprecated", "nullable"}
)
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")
_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_MAX_DEPTH = 60
_CLOSED_WORDS = "For 'object' type, 'additionalProperties' must be explicitly set to false"


class NotNarrowedError(Exception):
    """The schema can't be put into the subset; the message says why."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """`schema` is None where it can't be put into the subset. `told` and `words` say what is outside it; they are empty where
    only what changes no meaning was taken out (`$schema`, `examples`, …), which generators of schemas put in by themselves."""

    schema: Json | None
    is_same: bool
    is_lossy: bool = False
    """Whether the narrowed one lets pass what the original does not."""
    told: str = ""
    words: str = ""


def into_subset(schema: Any) -> Narrowed:
    """The schema in the subset."""
    work = _Narrowing(schema)
    try:
        found = work.node(schema, "", ())
        work.check_references(schema)
    except NotNarrowedError as error:
        return Narrowed(
            None, False, told=f"the schema is outside the subset of JSON Schema: {error}.",
            words=work.words or f"The model returned the following errors: output_config.format.schema: {error}",
        )  # fmt: skip
    if not work.changes:
        return Narrowed(found, not work.is_trimmed)
    return Narrowed(
        found, False, work.is_lossy, f"the schema is outside the subset of JSON Schema: {work.changes[0]}.",
        work.words or f"The model returned the following errors: output_config.format.schema: {work.changes[0]}",
    )  # fmt: skip


class _Narrowing:
    def __init__(self, root: Any) -> None:
        self.changes: list[str] = []
        self.is_lossy = self.is_trimmed = False
        self.words = ""
        self._root = root

    def node(self, node: Any, where: str, depth: tuple[str, ...]) -> Json:
        if len(depth) > _MAX_DEPTH:
            raise NotNarrowedError(f"it is nested more than {_MAX_DEPTH} deep")
        if not isinstance(node, dict) or not node.keys() - _ANNOTATIONS - {"title", "description", "default"}:
            raise NotNarrowedError(f"{where or 'the root'} allows any value")
        _check_shape(node, where)
        if why := hinders_closing(node, self._root):
            self.words = self.words or _CLOSED_WORDS
            raise NotNarrowedError(f"{where or 'the root'} {why}")
        found: Json = {}
        moved: Json = {}
        for name, member in node.items():
            self._member(name, member, where, depth, found, moved)
        self._close(node, found, where)
        if moved:
            note = f"Must also keep: {_json_text(moved, where)}"
            described = found.get("description")
            found["description"] = f"{described} {note}" if described else note
        return found

    def _member(
        self, name: str, member: Any, where: str, depth: tuple[str, ...], found: Json, moved: Json
    ) -> None:
        path = f"{where}/{name}"
        if name in _MAPS and isinstance(member, dict):
            found[name] = {
                own: self.node(inner, f"{path}/{own}", (*depth, own)) for own, inner in member.items()
            }
        elif name == "items":
            found[name] = self.node(member, path, (*depth, name))
        elif name in _LISTS and isinstance(member, list):
            found[name] = [self.node(each, f"{path}/{n}", (*depth, name)) for n, each in enumerate(member)]
        elif name == "oneOf" and isinstance(member, list):
            self._changed(f"oneOf at {where or 'the root'} is not supported", is_lossy=True)
            found["anyOf"] = [self.node(each, f"{path}/{n}", (*depth, name)) for n, each in enumerate(member)]
        elif name == "enum" and any(isinstance(each, dict | list) for each in member):
            raise NotNarrowedError(f"enum at {where or 'the root'} has values that are not scalars")
        elif name == "additionalProperties":
            pass  # by `_close`
        elif (
            (name == "format" and member not in FORMATS)
            or (name == "minItems" and member not in (0, 1))
            or (name not in KEYWORDS and name not in _ANNOTATIONS)
        ):
            self._changed(f"{name} at {where or 'the root'} is not supported", is_lossy=True)
            moved[name] = member
        elif name in _ANNOTATIONS:
            if name == "nullable" and member is True:
                raise NotNarrowedError(f"nullable at {where or 'the root'} is not JSON Schema")
            self.is_trimmed = True
        else:
            found[name] = member

    def _close(self, node: Json, found: Json, where: str) -> None:
        """Every object says that it has no other members."""
        if not is_object(node):
            return
        others = node.get("additionalProperties")
        if others not in (None, False):
            self.words = _CLOSED_WORDS
            raise NotNarrowedError(f"{where or 'the root'} may have members of any name")
        if others is None:
            self.words = self.words or _CLOSED_WORDS
            if not node.get("properties"):  # closed, it could only be {}
                raise NotNarrowedError(f"{where or 'the root'} may have members of any name")
            self._changed(f"{where or 'the root'} does not say 'additionalProperties': false")
        found["additionalProperties"] = False

    def _changed(self, what: str, *, is_lossy: bool = False) -> None:
        self.changes.append(what)
        self.is_lossy |= is_lossy

    def check_references(self, schema: Json) -> None:
        """NotNarrowedError for references to elsewhere, and for schemas that contain themselves."""
        definitions = {
            f"#/{home}/{name}": each
            for home in ("$defs", "definitions")
            for name, each in schema.get(home, {}).items()
        }
        uses = {name: _references(each) for name, each in definitions.items()}
        outside = _references(schema)
        for name in outside.union(*uses.values()):
            if name not in definitions:
                raise NotNarrowedError(f"it refers to {name[:100]}")
        for name in definitions:
            seen, waiting = set[str](), set(uses[name])
            while waiting:
                each = waiting.pop()
                if each == name:
                    raise NotNarrowedError(f"{name[:100]} contains itself")
                if each not in seen:
                    seen.add(each)
                    waiting |= uses[each]


def _check_shape(node: Json, where: str) -> None:
    """NotNarrowedError for what is no JSON Schema: nobody has looked at that of a tool."""
    kinds = node.get("type", [])
    wrong = next((name for name in _MAPS if not isinstance(node.get(name, {}), dict)), "")
    wrong = wrong or next(
        (name for name in (*_LISTS, "oneOf", "enum", "required") if not isinstance(node.get(name, []), list)),
        "",
    )
    wrong = wrong or next(
        (name for name in ("$ref", "format") if not isinstance(node.get(name, ""), str)), ""
    )
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if not isinstance(kind, str) or kind not in _TYPES:
            wrong = "type"
    if "anyOf" in node and "oneOf" in node:
        wrong = "oneOf beside anyOf"
    if wrong:
        raise NotNarrowedError(f"{wrong} at {where or 'the root'} is not supported")


def _json_text(value: Json, where: str) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:  # nested too deeply for it, or of numbers too large
        raise NotNarrowedError(f"{where or 'the root'} has values that can't be told in words") from error


def _references(node: Any) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("$ref"), str):
                found.add(each["$ref"])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found
