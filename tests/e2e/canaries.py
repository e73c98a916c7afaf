"""Requests of each format with a canary in each place that its types have for a text, generated from those types."""

import json
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

CANARY = "Wilhelmina.Canary{n}@example.org"
_DEPTH = 6


def places_of(kind: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(path, value) with `CANARY` at one place of a type, and what else it needs around it."""
    if depth > _DEPTH:
        return
    for option in _options(kind):
        yield from _of_option(option, depth)


def _of_option(kind: Any, depth: int) -> Iterator[tuple[str, Any]]:
    origin = get_origin(kind)
    if kind is str or origin is Literal:
        yield "", CANARY
    elif kind is Any or kind is dict or origin is dict:
        yield "{}", {"note": CANARY}
        yield "{key}", {CANARY: 1}
        if kind is Any:
            yield "", CANARY
    elif origin is list:
        for path, value in places_of(get_args(kind)[0], depth + 1):
            yield f"[]{path}", [value]
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _of_struct(kind, depth)


def _of_struct(kind: type[msgspec.Struct], depth: int) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(kind, include_extras=True)
    base = example(kind)
    for field in msgspec.structs.fields(kind):
        for path, value in places_of(hints[field.name], depth + 1):
            yield f".{field.encode_name}{path}", base | {field.encode_name: value}
    config = kind.__struct_config__
    if config.tag is not None:
        yield ".type", base | {config.tag_field or "type": CANARY}
    yield ".unknown", base | {"unknown": CANARY}
    yield ".{name}", base | {CANARY: 1}


def example(kind: Any) -> Any:
    """The least that a type takes."""
    kind = _options(kind)[0]
    origin = get_origin(kind)
    if origin is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        config = kind.__struct_config__
        found = {
            field.encode_name: example(hints[field.name])
            for field in msgspec.structs.fields(kind)
            if field.required
        }
        return found if config.tag is None else found | {config.tag_field or "type": config.tag}
    return {str: "x", int: 1, float: 0.5, bool: False, list: [], dict: {}}.get(origin or kind, "x")


def _options(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        return tuple(
            option for each in get_args(kind) if each not in (NoneType,) for option in _options(each)
            if option is not msgspec.UnsetType
        )  # fmt: skip
    return (kind,)


def numbered(value: Any, number: int) -> str:
    """A body with its canary told apart from all others."""
    return json.dumps(value).replace("Canary{n}", f"Canary{number}")
