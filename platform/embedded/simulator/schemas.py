"""Makes a value that fits a JSON schema: tool inputs and structured answers."""

from dataclasses import dataclass
from typing import Any

from embedded.simulator.numbers import number
from embedded.simulator.patterns import example

_DEEP = 6  # beyond this depth only what is required is made, so that recursive schemas end
_DEEPEST = 24
_FORMATS = {
    "date": "2025-01-15",
    "date-time": "2025-01-15T10:30:00Z",
    "time": "10:30:00Z",
    "duration": "P1D",
    "email": "simulated@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/simulated",
    "url": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class Unsatisfiable(ValueError):
    """Nothing fits the schema, or nothing that this generator can make."""


@dataclass(slots=True)
class Filler:
    """What free strings are filled with: the text in the first of them, its words in the others."""

    text: str
    seed: int = 0
    used: int = 0

    def string(self) -> str:
        """The next string."""
        self.used += 1
        if self.used == 1:
            return self.text
        words = self.text.split() or ["simulated"]
        start = (self.seed + self.used) % len(words)
        return " ".join(words[start : start + 3])


def instance(schema: Any, filler: Filler) -> Any:
    """A value that fits the schema. Raises Unsatisfiable."""
    return _Generator(schema, filler).make(schema, 0)


class _Generator:
    def __init__(self, root: Any, filler: Filler) -> None:
        self._root = root
        self._filler = filler

    def make(self, schema: Any, depth: int) -> Any:
        if schema is False or depth > _DEEPEST:
            raise Unsatisfiable("nothing fits the schema")
        if schema is True or not isinstance(schema, dict):
            return self._filler.string()
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][self._filler.seed % len(schema["enum"])]
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self._first_of(schema, key, depth)
        return self._of_kind(_kind(schema), schema, depth)

    def _of_kind(self, kind: str, schema: dict[str, Any], depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return self._string(schema)
            case "integer" | "number":
                value = number(schema, whole=kind == "integer", seed=self._filler.seed)
                if value is None:
                    raise Unsatisfiable("no number fits its bounds")
                return value
            case "boolean":
                return self._filler.seed % 2 == 0
            case _:
                return None

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with `$ref` followed and `allOf` merged in."""
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            if reference is None:
                break
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            target = self._pointed(reference)
            if not isinstance(target, dict):
                return rest
            schema = _merged(target, rest)
        for part in schema.get("allOf") or ():
            if isinstance(part, dict):
                schema = _merged({k: v for k, v in schema.items() if k != "allOf"}, self._resolved(part))
        return schema

    def _pointed(self, reference: str) -> Any:
        """What a JSON pointer within the schema points to."""
        if not reference.startswith("#"):
            raise Unsatisfiable(f"cannot follow {reference}")
        target = self._root
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(key)] if isinstance(target, list) else target[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise Unsatisfiable(f"cannot follow {reference}") from None
        return target

    def _first_of(self, schema: dict[str, Any], key: str, depth: int) -> Any:
        """The first choice that can be made; deep down, null or a plain value before a nested one."""
        rest = {name: value for name, value in schema.items() if name != key}
        choices = sorted(schema[key], key=lambda choice: _weight(choice, deep=depth >= _DEEP))
        for choice in choices:
            try:
                merged = _merged(rest, self._resolved(choice)) if isinstance(choice, dict) else choice
                return self.make(merged, depth + 1)
            except Unsatisfiable:
                continue
        raise Unsatisfiable(f"no choice of {key} fits")

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        made: dict[str, Any] = {}
        for name, part in properties.items():
            if name not in required and depth >= _DEEP:
                continue
            try:
                made[name] = self.make(part, depth + 1)
            except Unsatisfiable:
                if name in required:
                    raise
        other = schema.get("additionalProperties", True)
        names = [name for name in required if name not in made]
        while len(made) + len(names) < schema.get("minProperties", 0):
            names.append(f"key{len(made) + len(names) + 1}")
        return made | {name: self.make(other, depth + 1) for name in names}

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        prefix = schema.get("prefixItems") or []
        items = schema.get("items", True)
        least = schema.get("minItems", 0)
        size = max(least, len(prefix) or (0 if depth >= _DEEP else 1))
        size = min(size, schema.get("maxItems", size))
        made: list[Any] = []
        for index in range(size):
            part = prefix[index] if index < len(prefix) else items
            try:
                made.append(self.make(part, depth + 1))
            except Unsatisfiable:
                if len(made) >= least:
                    return made
                raise
        if schema.get("uniqueItems"):
            _make_unique(made, items, least)
        return made

    def _string(self, schema: dict[str, Any]) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if "pattern" in schema:
            made = example(schema["pattern"], schema.get("minLength", 0))
            if made is None:
                raise Unsatisfiable(f"cannot make a string for the pattern {schema['pattern']}")
            return made
        text = self._filler.string()
        least = schema.get("minLength", 0)
        if len(text) < least:
            text += "." * (least - len(text))
        return text[: schema.get("maxLength", len(text))]


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind
    if {"properties", "required", "additionalProperties"} & schema.keys():
        return "object"
    if {"items", "prefixItems", "minItems"} & schema.keys():
        return "array"
    if {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} & schema.keys():
        return "number"
    return "string"


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    merged = first | second
    if "properties" in first and "properties" in second:
        merged["properties"] = first["properties"] | second["properties"]
    if "required" in first and "required" in second:
        merged["required"] = list(dict.fromkeys([*first["required"], *second["required"]]))
    return merged


def _weight(choice: Any, *, deep: bool) -> int:
    """Sorts choices: null last, except deep down, where it ends the recursion."""
    if not isinstance(choice, dict):
        return 1
    null = choice.get("type") == "null"
    nested = "$ref" in choice or choice.get("type") in ("object", "array")
    return (0 if null else 2 if nested else 1) if deep else (2 if null else 1)


def _make_unique(made: list[Any], items: Any, least: int) -> None:
    """Changes repeated values, or drops them where they may be dropped."""
    seen: list[Any] = []
    for value in made:
        candidate = value
        number = 2
        while candidate in seen and number < 1000:
            candidate = _varied(value, number, items)
            number += 1
        if candidate not in seen:
            seen.append(candidate)
    if len(seen) < least:
        raise Unsatisfiable("not enough different values")
    made[:] = seen


def _varied(value: Any, number: int, items: Any) -> Any:
    if isinstance(items, dict) and items.get("enum"):
        return items["enum"][number % len(items["enum"])]
    if isinstance(value, str):
        return f"{value}{number}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + number
    return not value if isinstance(value, bool) else value
