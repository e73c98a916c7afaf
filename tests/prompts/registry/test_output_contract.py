"""The output contract: what of an answer is the JSON, whether it fits, and what is said of it if not."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.registry.policy.document import Output
from prompts.registry.policy.output_contract import MAX_CORRECTION_TOKENS, Contract, correction
from prompts.registry.policy.variables import BadSchemaError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["item", "count"],
    "properties": {
        "item": {"type": "string", "minLength": 1},
        "count": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "items": {"enum": ["red", "new"]}},
        "inner": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}}},
    },
    "additionalProperties": False,
}
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
CONTRACT = Contract(Output(schema=SCHEMA))
ANYTHING = Contract(Output(schema={}))
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
GOOD = st.fixed_dictionaries(
    {"item": TEXT.filter(bool), "count": st.integers(1, 10**9)},
    optional={"tags": st.lists(st.sampled_from(["red", "new"]), max_size=3), "inner": st.fixed_dictionaries({"zip": st.from_regex(r"[0-9]{5}", fullmatch=True)})},
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXT, each, max_size=3),
    max_leaves=8,
)  # fmt: skip
CHATTER = st.text(st.characters(codec="utf-8", exclude_characters="{}[]`"), max_size=40)
BROKEN = st.lists(
    st.sampled_from(["{", "}", "[", "]", '"item"', ":", '"a"', ",", '"count"', "1", "-", "0", "1e400", "null", "NaN", "```json\n", "\n```", " ", "\\", "\\ud800", "\ufeff", "\x00", "x"])
    | GOOD.map(json.dumps),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=250)
@given(st.one_of(BROKEN, TEXT, JSON.map(json.dumps), GOOD.map(json.dumps)), st.booleans())
def test_what_is_read_as_valid_is_valid(text, was_cut):
    reading = CONTRACT.read(text, was_cut=was_cut)
    if reading.is_valid:
        VALIDATOR.validate(json.loads(reading.text))
        assert json.loads(reading.text) == reading.value
    else:
        assert (reading.text, reading.value) == ("", None)
        assert all(reading.errors)


@given(GOOD, CHATTER, CHATTER, st.sampled_from([None, 2]), st.booleans())
def test_chatter_and_fences_are_taken_off(value, before, after, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    for answer in (
        text,
        f"\n {text} \n",
        f"{before}{text}{after}",
        f"{before}\n```json\n{text}\n```\n{after}",
        f"```\n{text}\n```",
        f"```JSON\r\n{text}\r\n```",
        f"{before} {{things}} [x] {{'a': 1}}\n{text} {{more}}",
    ):
        reading = CONTRACT.read(answer)
        assert reading.value == value, answer
        assert json.loads(reading.text) == value


@given(JSON, CHATTER)
def test_any_value_at_all_in_a_fence(value, chatter):
    text = json.dumps(value)
    if "```" not in text:
        assert ANYTHING.read(f"{chatter}\n```json\n{text}\n```").value == value
    assert ANYTHING.read(text).value == value


SECRET = "ann-4711@example.com"


@pytest.mark.parametrize(
    "value",
    [
        SECRET, [SECRET], {"item": 3, "count": SECRET}, {"item": SECRET, "count": 0}, {"item": SECRET}, {"item": "x", "count": 1, "tags": [SECRET]},
        {"item": "x", "count": 1, "tags": SECRET}, {"item": "x", "count": 1, "inner": {"zip": SECRET}}, {"item": "x", "count": 1, "inner": [SECRET]},
    ],
)  # fmt: skip
def test_errors_quote_no_values(value):
    for text in (
        json.dumps(value),
        json.dumps(value)[:-1],
        json.dumps(value) + "}",
        json.dumps(value).replace('"', "'"),
    ):
        reading = CONTRACT.read(text)
        assert not reading.is_valid
        assert SECRET not in " ".join(reading.errors)


@given(JSON)
def test_errors_of_any_schema_quote_no_values(schema_value):
    """Also those that compare with a value of the schema."""
    secret = f"{SECRET}-{len(json.dumps(schema_value))}"
    for schema in (
        {"const": schema_value},
        {"enum": [schema_value]},
        {"not": {}},
        {"anyOf": [{"const": schema_value}, {"type": "null"}]},
    ):
        errors = Contract(Output(schema=schema)).read(json.dumps({"a": [secret]})).errors
        assert errors
        assert secret not in " ".join(errors)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The answer is empty."),
        (" \n ", "The answer is empty."),
        ("No idea.", "It is not valid JSON"),
        ('{"item": "x", "count": 1', "It is not valid JSON"),
        ('{"item": "x"}', "At the top: "),
        ('{"item": "x", "count": 0}', "At count: "),
        ('{"item": "x", "count": 1, "tags": ["red", "blue"]}', "At tags/1: "),
        ("[" * 5000, "nested too deeply"),
        ("9" * 5000, "It is not valid JSON"),
    ],
)
def test_errors_say_where_and_why(text, words):
    errors = CONTRACT.read(text).errors
    assert words in errors[0]


def test_an_answer_that_was_cut_off_is_said_to_be():
    assert "cut off" in CONTRACT.read('{"item": "x", "cou', was_cut=True).errors[0]
    assert CONTRACT.read('{"item": "x", "count": 1} and so o', was_cut=True).is_valid


def test_the_first_that_fits_is_taken():
    text = 'Not {"item": 1}, not {"item": "x"}, but {"item": "pens", "count": 2} and never {"item": "no", "count": 1}'
    assert CONTRACT.read(text).value == {"item": "pens", "count": 2}
    assert (
        CONTRACT.read('{"item": 1, "count": 1}').errors
        == CONTRACT.read('Well: {"item": 1, "count": 1}').errors
    )


@given(st.lists(st.text(max_size=2000), min_size=1, max_size=5))
def test_a_correction_is_never_too_long(errors):
    assert len(correction(tuple(errors)).encode("utf-8", "replace")) <= MAX_CORRECTION_TOKENS


def test_every_error_of_a_huge_answer_is_bounded():
    errors = CONTRACT.read(json.dumps({f"member-{number}": number for number in range(5000)})).errors
    assert len(errors) <= 5
    assert len(correction(errors).encode()) <= MAX_CORRECTION_TOKENS


# --- the fallback ---


def test_the_version_s_own_fallback_must_fit():
    Contract(Output(schema=SCHEMA, fallback={"item": "x", "count": 1})).check_fallback()
    with pytest.raises(BadSchemaError, match="fallback of the output contract does not fit"):
        Contract(Output(schema=SCHEMA, fallback={"item": "x"})).check_fallback()


@pytest.mark.parametrize(
    ("output", "own", "answer"),
    [
        (Output(schema=SCHEMA), '{"item": "x", "count": 1}', None),
        (Output(schema=SCHEMA, on_failure="fallback"), '{"item": "x", "count": 1}', '{"item": "x", "count": 1}'),
        (Output(schema=SCHEMA, on_failure="fallback"), "Please call us.", None),
        (Output(schema=SCHEMA, on_failure="fallback"), "", None),
        (Output(schema=SCHEMA, on_failure="fallback", fallback={"item": "y", "count": 2}), "x", '{"item":"y","count":2}'),
        (Output(schema={"type": "string"}, on_failure="fallback"), '"Please call us."', '"Please call us."'),
        (Output(schema={"type": ["null", "object"]}, on_failure="fallback", fallback=None), "x", "null"),
    ],
)  # fmt: skip
def test_the_fallback_fits_or_there_is_none(output, own, answer):
    contract = Contract(output).with_fallback(own)
    assert contract.fallback == answer
    if answer is not None:
        jsonschema_rs.validate(output.schema, json.loads(answer))


def test_a_schema_s_numbers_may_be_of_any_size():
    contract = Contract(
        Output(schema={"type": "integer", "maximum": 10**30}, on_failure="fallback", fallback=10**25)
    )
    assert contract.read("1" + "0" * 20).is_valid
    assert str(10**30) in contract.instruction
    assert contract.fallback == str(10**25)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 10**30},
        {"type": "nothing"},
        {"$ref": "https://example.com/x"},
        {"properties": {"a": {"minimum": "x"}}},
    ],
)
def test_schemas_that_can_t_be_used(schema):
    with pytest.raises(BadSchemaError, match="The output contract: "):
        Contract(Output(schema=schema))


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        (SCHEMA, {"item", "count", "tags", "inner"}),
        ({"type": "array"}, set()),
        ({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}, set()),
        ({"properties": {"a": True, "b": {}}}, {"a", "b"}),
    ],
)
def test_members_that_stand_for_themselves(schema, names):
    assert set(Contract(Output(schema=schema)).members) == names


def test_what_the_model_is_told_holds_the_schema():
    assert json.loads(CONTRACT.instruction.partition("\n")[2]) == SCHEMA


def test_an_answer_of_blanks_is_read_as_fast_as_any():
    contract = Contract(Output(schema={"type": "object"}))
    reading = contract.read("```json\n{" + " " * 300_000)
    assert not reading.is_valid


def test_members_keep_to_the_dialect_of_their_schema():
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
        "properties": {"pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]}},
    }  # fmt: skip
    contract = Contract(Output(schema=schema))
    assert contract.members["pair"].is_valid(["a", 1])
    assert not contract.members["pair"].is_valid([1, "a"])
