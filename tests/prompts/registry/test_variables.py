"""Variables: what callers give is checked, filled up, and never repeated where it is personal."""

from contextlib import suppress
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.registry.policy.document import Variable
from prompts.registry.policy.variables import (
    BadSchemaError,
    VariableError,
    Variables,
    expected,
    schema_of,
    validator_of,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3),
    max_leaves=6,
)  # fmt: skip
TYPES = ("string", "number", "integer", "boolean", "array", "object")
SCHEMAS: dict[str, dict[str, Any]] = {
    "string": {"maxLength": 4, "pattern": "^[a-z]*$"}, "number": {"minimum": 0}, "integer": {"maximum": 100}, "boolean": {},
    "array": {"items": {"type": "integer"}}, "object": {"required": ["a"], "properties": {"a": {"type": "string"}}},
}  # fmt: skip


def filled(variable: Variable, *given_: Any) -> Any:
    given_values = {variable.name: given_[0]} if given_ else {}
    return Variables((variable,)).filled(given_values)[variable.name]


@given(st.sampled_from(TYPES), st.booleans(), JSON)
def test_what_comes_through_fits_its_schema(kind, has_schema, value):
    variable = Variable(name="x", type=kind, schema=SCHEMAS[kind] if has_schema else {})
    fits = jsonschema_rs.is_valid(schema_of(variable), value)
    if fits:
        assert filled(variable, value) == value
        return
    with pytest.raises(VariableError, match="'x'") as error:
        filled(variable, value)
    assert error.value.name == "x"


@given(st.sampled_from(TYPES), JSON)
def test_errors_of_personal_ones_repeat_no_value(kind, value):
    secret = "secret-4711"
    for sent in (f"{secret}", [secret], {"a": 3, "b": secret}, [1, {"c": secret}], {"a": [secret, value]}):
        variable = Variable(name="x", type=kind, schema=SCHEMAS[kind], is_personal=True)
        if not jsonschema_rs.is_valid(schema_of(variable), sent):
            with pytest.raises(VariableError) as error:
                filled(variable, sent)
            assert secret not in str(error.value)


def test_nested_values_are_not_repeated_even_where_they_are_not_personal():
    variable = Variable(name="x", type="array", schema={"items": {"type": "integer"}})
    with pytest.raises(VariableError, match=r"'x'\[1\] does not fit") as error:
        filled(variable, [1, "something"])
    assert "something" not in str(error.value)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        (Variable(name="x"), 3, "must be a text, not 3"),
        (Variable(name="x", type="integer"), "3", 'must be a whole number, not "3"'),
        (Variable(name="x", type="integer"), True, "must be a whole number, not true"),
        (Variable(name="x", type="number"), False, "must be a number, not false"),
        (Variable(name="x", type="boolean"), "yes", 'must be true or false, not "yes"'),
        (Variable(name="x", type="array"), {}, "must be a list, not {}"),
        (Variable(name="x", type="object"), [], "must be an object, not []"),
        (Variable(name="x"), None, "must be a text, not null"),
        (Variable(name="x"), ["y" * 200], 'not ["' + "y" * 58 + "…"),
        (Variable(name="x", schema={"enum": ["a", "b"]}), 3, "must be one of a, b, not 3"),
        (Variable(name="x", schema={"enum": ["a", "b"]}), "c", "does not fit"),
        (Variable(name="x", type="integer", schema={"minimum": 1, "maximum": 5}), "9", "must be a whole number from 1 up to 5"),
        (Variable(name="x", type="integer", schema={"minimum": 1}), 0, "does not fit"),
        (Variable(name="x", schema={"maxLength": 3}), "abcd", "does not fit"),
        (Variable(name="x", schema={"format": "email"}), "nobody", "does not fit"),
        (Variable(name="x", is_personal=True), 47, "must be a text."),
    ],
)  # fmt: skip
def test_errors_say_what_was_expected(variable, value, words):
    with pytest.raises(VariableError) as error:
        filled(variable, value)
    assert words in str(error.value)


def test_missing_unknown_and_optional():
    variables = Variables(
        (Variable(name="a"), Variable(name="b", default="B"), Variable(name="c", is_required=False), Variable(name="d", is_required=False, default=3, type="integer"))
    )  # fmt: skip
    assert variables.filled({"a": "A"}) == {"a": "A", "b": "B", "c": None, "d": 3}
    assert variables.filled({"a": "", "b": "x", "c": None, "d": None}) == {
        "a": "",
        "b": "x",
        "c": None,
        "d": 3,
    }
    with pytest.raises(VariableError, match="'a' is missing: it must be a text"):
        variables.filled({})
    with pytest.raises(VariableError, match=r"no variable 'zip'\. Its variables are: a, b, c, d"):
        variables.filled({"a": "A", "zip": 1})
    with pytest.raises(VariableError, match="must be a text, not null"):
        variables.filled({"a": None})
    with pytest.raises(VariableError, match="Its variables are: none"):
        Variables(()).filled({"x" * 500: 1})


def test_what_is_not_given_is_not_taken_from_the_caller_s_own():
    """A default is the document's own: a caller's call must not change it for the next."""
    variables = Variables((Variable(name="a", type="array", default=[1]),))
    first = variables.filled({})
    assert first == {"a": [1]}
    assert variables.filled({"a": [2]}) == {"a": [2]}
    assert variables.filled({}) == {"a": [1]}


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        (Variable(name="x", schema={"minimum": "a"}), "variable “x”"),
        (Variable(name="x", schema={"type": "nothing"}), "Invalid JSON Schema"),
        (Variable(name="x", schema={"$ref": "https://example.com/schema.json"}), "variable “x”"),
        (Variable(name="x", schema={"$ref": "#/nowhere"}), "variable “x”"),
        (Variable(name="x", schema={"pattern": "(a"}), "variable “x”"),
        (Variable(name="x", schema={"pattern": r"(a)\1"}), "variable “x”"),
        (Variable(name="x", type="integer", default="3"), "The default of the variable “x” does not fit"),
        (Variable(name="x", schema={"maxLength": 2}, default="abc"), "The default of the variable “x” does not fit"),
        (Variable(name="x", default=None), "The default of the variable “x” does not fit"),
    ],
)  # fmt: skip
def test_schemas_and_defaults_that_can_t_be_used(variable, words):
    with pytest.raises(BadSchemaError, match=words):
        Variables((variable,))


def test_no_default_is_one_where_it_may_be_missing():
    assert filled(Variable(name="x", type="integer", default=None, is_required=False)) is None


def test_a_pattern_takes_linear_time():
    variable = Variable(name="x", schema={"pattern": "^(a+)+$"})
    with pytest.raises(VariableError):
        filled(variable, "a" * 50_000 + "!")


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_expected_is_said_in_words(kind):
    words = expected(Variable(name="x", type=kind))
    assert words
    assert kind in ("boolean",) or words.startswith(("a ", "an "))


@given(JSON)
def test_anything_at_all_as_a_schema_is_used_or_refused(value):
    with suppress(BadSchemaError):
        validator_of(value).is_valid(1)
