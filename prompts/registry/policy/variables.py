"""PURE: the variables of a prompt, checked against their JSON Schemas; errors name the variable and what was expected."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import msgspec

from kernel.errors import InvalidError
from prompts.registry.policy.document import Variable
from prompts.registry.policy.schema_size import check_schema_size

_ARTICLES = {
    "string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "array": "a list", "object": "an object",
}  # fmt: skip
_MAX_SHOWN_LENGTH = 60
_DEEPEST = 50
MAX_CHARACTERS = 1_000_000
"""Of all values of a call together; a number counts as twenty."""


class VariableError(InvalidError):
    """A value that does not fit. `name` is the variable's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class BadSchemaError(InvalidError):
    """A JSON Schema that can't be used; the message says why."""


def schema_of(variable: Variable) -> dict[str, Any]:
    """The whole JSON Schema of one variable."""
    schema: dict[str, Any] = {"type": variable.type, **variable.schema}
    if variable.description:
        schema.setdefault("description", variable.description)
    return schema


def validator_of(schema: Any) -> jsonschema_rs.Validator:
    """A compiled schema, patterns in linear time, nothing fetched from anywhere. BadSchemaError where it is none."""
    try:
        check_schema_size(schema)
        return jsonschema_rs.validator_for(
            schema,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
            mask="the value",
            validate_formats=True,
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        raise BadSchemaError(f"Invalid JSON Schema: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """An error's first line, without what follows for developers."""
    return (str(error).splitlines() or ["unknown"])[0][:300]


class Variables:
    """The variables of one version, compiled. BadSchemaError, naming the variable, where a schema or a default can't be used."""

    def __init__(self, variables: tuple[Variable, ...]) -> None:
        self._variables = {variable.name: variable for variable in variables}
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        for variable in variables:
            try:
                self._validators[variable.name] = validator_of(schema_of(variable))
            except BadSchemaError as error:
                raise BadSchemaError(f"The variable “{variable.name}”: {error}") from error
            self._check_default(variable)

    def _check_default(self, variable: Variable) -> None:
        value = variable.default
        if value is msgspec.UNSET or (value is None and not variable.is_required):
            return
        try:
            self._check(variable, value)
        except VariableError as error:
            raise BadSchemaError(
                f"The default of the variable “{variable.name}” does not fit: {error}"
            ) from error

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values with defaults in their places. VariableError for what is missing, unknown, too much, or does not fit."""
        _check_amount(given)
        for name in given:
            if name not in self._variables:
                raise VariableError(name, self._unknown(name))
        values: dict[str, Any] = {}
        for name, variable in self._variables.items():
            if name in given and not (given[name] is None and not variable.is_required):
                self._check(variable, given[name])
                values[name] = given[name]
            elif variable.default is not msgspec.UNSET:
                values[name] = variable.default
            elif variable.is_required:
                raise VariableError(
                    name, f"The variable '{name}' is missing: it must be {expected(variable)}."
                )
            else:
                values[name] = None
        return values

    def _unknown(self, name: str) -> str:
        known = ", ".join(self._variables) or "none"
        return f"The prompt has no variable '{name[:100]}'. Its variables are: {known}."

    def _check(self, variable: Variable, value: Any) -> None:
        try:
            self._validators[variable.name].validate(value)
        except jsonschema_rs.ValidationError as error:
            where = "".join(f"[{step!r}]" for step in error.instance_path)
            shown = "" if variable.is_personal else f", not {_shown(value)}"
            if (not where and not isinstance(value, _PYTHON[variable.type])) or (
                not where and isinstance(value, bool) and variable.type in ("integer", "number")
            ):
                why = f"must be {expected(variable)}{shown}"
            else:
                why = f"does not fit: {first_line(error)}"
            raise VariableError(variable.name, f"The variable '{variable.name}'{where} {why}.") from error


_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "array": (list,), "object": (dict,),
}  # fmt: skip


def expected(variable: Variable) -> str:
    """What a variable must be, in words."""
    words = _ARTICLES[variable.type]
    if choices := variable.schema.get("enum"):
        return f"one of {', '.join(map(str, choices))}"
    if (most := variable.schema.get("maxLength")) is not None:
        words += f" of at most {most} characters"
    if (least := variable.schema.get("minimum")) is not None:
        words += f" from {least}"
    if (most := variable.schema.get("maximum")) is not None:
        words += f" up to {most}"
    return words


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"


def _check_amount(given: Mapping[str, Any]) -> None:
    """VariableError where all values together are more than a prompt takes."""
    waiting: list[tuple[str, Any, int]] = [(name, value, 0) for name, value in given.items()]
    left = MAX_CHARACTERS
    while waiting:
        name, value, depth = waiting.pop()
        left -= len(value) if isinstance(value, str) else 20
        if left < 0:
            raise VariableError(
                name, f"The variables have more than {MAX_CHARACTERS} characters together: send less."
            )
        if depth > _DEEPEST:
            raise VariableError(name, f"The variable '{name}' is nested too deeply.")
        if isinstance(value, dict):
            waiting += [(name, each, depth + 1) for each in (*value, *value.values())]
        elif isinstance(value, list):
            waiting += [(name, each, depth + 1) for each in value]
