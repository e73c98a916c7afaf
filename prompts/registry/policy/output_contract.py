"""PURE: the output contract of a version: what of an answer is the JSON, whether it fits, and what the model is told if not."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema_rs
import msgspec
import orjson

from prompts.registry.policy.document import Output
from prompts.registry.policy.variables import BadSchemaError, first_line, validator_of

MAX_CORRECTIONS = 3
MAX_CORRECTION_TOKENS = 2500
"""What the model is told of a wrong answer has fewer tokens: bytes, where every one of them is a token."""
_MAX_ERRORS = 5
_MAX_ERROR_LENGTH = 300
"""Bytes."""
_MAX_STARTS = 50
_START = re.compile(r"[\[{]")
_MARK = "```"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was made of an answer: its JSON text and value when it fits, else what is wrong with it."""

    text: str = ""
    value: Any = None
    errors: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.errors


class Contract:
    """The contract of one version, compiled. BadSchemaError where its schema or fallback can't be used."""

    def __init__(self, output: Output, *, fallback: str = "") -> None:
        assert output.schema is not None
        self.output = output
        self.schema_text = msgspec.json.encode(output.schema).decode()
        try:
            self._validator = validator_of(output.schema)
        except BadSchemaError as error:
            raise BadSchemaError(f"The output contract: {error}") from error
        self._fallback = fallback

    @cached_property
    def members(self) -> dict[str, jsonschema_rs.Validator]:
        """Validators of an object's members, where their schemas stand for themselves."""
        schema = self.output.schema
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(properties, dict) or '"$ref"' in self.schema_text:
            return {}
        found: dict[str, jsonschema_rs.Validator] = {}
        dialect = {"$schema": (schema or {})["$schema"]} if schema and "$schema" in schema else {}
        for name, member in properties.items():
            try:
                found[name] = validator_of({**dialect, **member} if isinstance(member, dict) else member)
            except BadSchemaError:
                continue  # it is checked with the whole
        return found

    def with_fallback(self, fallback: str) -> "Contract":
        """The same with a prompt's own fallback answer, which holds where the version names none."""
        return self if fallback == self._fallback else Contract(self.output, fallback=fallback)

    @property
    def fallback(self) -> str | None:
        """The answer in the place of one that does not fit; None: the call is refused. It fits, or it is None."""
        if self.output.on_failure != "fallback":
            return None
        if self.output.fallback is not msgspec.UNSET:
            return msgspec.json.encode(self.output.fallback).decode()
        reading = self.read(self._fallback)
        return reading.text if reading.is_valid else None

    def fixed(self, text: str) -> str | None:
        """An answer that no model is asked for, as it may be delivered; the declared fallback where the text does not fit."""
        reading = self.read(text)
        if reading.is_valid:
            return reading.text
        return (
            None
            if self.output.fallback is msgspec.UNSET
            else msgspec.json.encode(self.output.fallback).decode()
        )

    def check_fallback(self) -> None:
        """BadSchemaError where the version's own fallback does not fit its schema."""
        if self.output.fallback is not msgspec.UNSET and (errors := self._errors(self.output.fallback)):
            raise BadSchemaError(f"The fallback of the output contract does not fit its schema: {errors[0]}")

    @property
    def instruction(self) -> str:
        """What the system prompt says where the model has no other way to be held to the schema."""
        return (
            "Answer with one JSON value and nothing else: no explanation, no code fence. "
            f"It must fit this JSON Schema:\n{self.schema_text}"
        )

    def read(self, text: str, *, was_cut: bool = False) -> Reading:
        """The JSON in an answer, without fences and chatter, checked. `was_cut`: the model reached its token limit."""
        failed: Reading | None = None
        for candidate in _candidates(text):
            reading = self._read(candidate)
            if reading.is_valid:
                return reading
            failed = failed or reading
        if was_cut:
            return Reading(errors=("The answer was cut off at the limit of its tokens, before its end.",))
        return failed or Reading(errors=(_not_json(text),))

    def _read(self, candidate: str) -> Reading:
        value = orjson.loads(candidate)
        errors = self._errors(value)
        return Reading(errors=errors) if errors else Reading(candidate, value)

    def _errors(self, value: Any) -> tuple[str, ...]:
        errors: list[str] = []
        for error in self._validator.iter_errors(value):
            errors.append(_worded(error))
            if len(errors) == _MAX_ERRORS:
                break
        return tuple(errors)


def correction(errors: tuple[str, ...]) -> str:
    """What the model is told of an answer that does not fit."""
    lines = "\n".join(f"- {_cut(error)}" for error in errors)
    return (
        f"Your answer can't be used:\n{lines}\n"
        "Answer again with the whole JSON value, corrected, and nothing else: no explanation, no code fence."
    )


def _cut(error: str) -> str:
    return error.encode("utf-8", "replace")[:_MAX_ERROR_LENGTH].decode("utf-8", "ignore")


def misfit(output: Output, fallback: str) -> str:
    """Why a prompt's own fallback answer can't stand in for a version's; "" where it can, or need not."""
    if output.schema is None or not fallback or output.fallback is not msgspec.UNSET:
        return ""
    try:
        reading = Contract(output).read(fallback)
    except BadSchemaError:
        return ""  # the version can't be used at all, which is told of it
    return reading.errors[0] if reading.errors else ""


def _candidates(text: str) -> list[str]:
    """The stretches of a text that are JSON values: all of it, what stands in fences, what begins with a bracket."""
    found: list[str] = []
    for stretch in (text.strip(), *_fenced(text)):
        if _is_json(stretch):
            found.append(stretch)
    if found:
        return found
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(_MAX_STARTS):
        match = _START.search(text, position)
        if match is None:
            break
        try:
            _, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            position = match.end()
            continue
        if _is_json(text[match.start() : end]):
            found.append(text[match.start() : end])
        position = end
    return found


def _fenced(text: str) -> list[str]:
    """What stands between fences, without the word behind the first one."""
    pieces = text.split(_MARK, 2 * _MAX_STARTS)
    found: list[str] = []
    for piece in pieces[1::2]:
        word, _, rest = piece.partition("\n")
        found.append((rest if word.strip().isalnum() or not word.strip() else piece).strip())
    return found


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return False
    return True


def _not_json(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        return "The answer is empty."
    start = _START.search(stripped)
    try:
        json.loads(stripped[start.start() :] if start else stripped)
    except ValueError as error:
        return f"It is not valid JSON: {first_line(error)}."
    except RecursionError:
        return "It is nested too deeply."
    return "It is not valid JSON."


def _worded(error: jsonschema_rs.ValidationError) -> str:
    where = "/".join(map(str, error.instance_path))
    return f"At {where or 'the top'}: {error.message}."
