"""A JSON answer looked at while it comes: a valid one is never stopped, and what is called sound is."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.registry.policy.json_prefix import Prefix

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=4) | st.dictionaries(TEXTS, each, max_size=4)
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=6) | st.lists(VALUES, max_size=6)
MEMBERS = {"count": {"type": "integer", "minimum": 1}, "name": {"type": "string", "minLength": 3}}
VALIDATORS = {name: jsonschema_rs.validator_for(schema) for name, schema in MEMBERS.items()}


def fed(text: str, sizes: list[int], members: Any = VALIDATORS) -> list[tuple[str, int, str]]:
    """(text so far, settled, error) after each piece; sizes are gone through again and again."""
    prefix, found, at, turn = Prefix(members), [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        prefix.feed(text[at : at + size])
        at, turn = at + size, turn + 1
        assert prefix.text == text[:at]
        found.append((prefix.text, prefix.settled, prefix.error))
    return found


def looked_at(text: str) -> Prefix:
    """A prefix that has been looked at at its very end."""
    prefix = Prefix(VALIDATORS)
    prefix.feed(text.ljust(32) if len(text) < 32 else text)
    return prefix


@given(
    OBJECTS, st.booleans(), st.sampled_from([None, 2]), st.lists(st.integers(1, 50), min_size=1, max_size=5)
)
def test_a_valid_document_is_no_error_however_it_comes(value, ascii_only, indent, sizes):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    for _, settled, error in fed(text, sizes, {}):
        assert error == ""
        assert settled <= len(text)


@given(OBJECTS, st.booleans())
def test_no_cut_of_a_valid_document_is_an_error(value, ascii_only):
    text = "\n" * 32 + json.dumps(value, ensure_ascii=ascii_only)
    for cut in range(33, len(text) + 1):
        prefix = Prefix({})
        prefix.feed(text[:cut])
        assert prefix.error == ""
        assert prefix.settled == cut


@given(
    st.fixed_dictionaries(
        {"count": st.integers(1), "name": st.text(st.characters(codec="utf-8"), min_size=3)}
    ),
    st.dictionaries(TEXTS.filter(lambda name: name not in MEMBERS), VALUES, max_size=4),
    st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_members_that_fit_are_no_error_before_they_are_complete(own, more, sizes):
    for text in (json.dumps(own | more), json.dumps(more | own)):
        assert {error for *_, error in fed(text, sizes)} == {""}


@pytest.mark.parametrize(
    "text",
    [
        '{"item": "pens", "count": 3 "name": "no comma between them"}',
        '{"item": "pens"} }',
        '{"item": "pens", "list": [1 2 3], "more": "words"}',
        '{"item": "pens", "list": [1}, "more": "words words"}',
        '{"item": "pens" and then some words that are no JSON',
        '{"item": NaN, "more": "words words words"}',
        '{"item": 01, "more": "words words words words"}',
        "{item: 'pens', count: 3, more: 'words words'}",
    ],
)
def test_what_is_no_beginning_of_json_is_never_sound(text):
    """Partial parsers end in silence where a comma is missing."""
    prefix = looked_at(text)
    assert prefix.settled == 0
    assert prefix.error.startswith("It is not valid JSON") or text.endswith("} }")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"count": 0, "name": "a name that still comes', "At count: "),
        ('{"name": "ab", "count": 3, "more": "words', "At name: "),
        ('{"count": "3", "name": "a name that still comes', "At count: "),
    ],
)
def test_a_member_that_does_not_fit_is_known_before_the_end(text, words):
    assert looked_at(text).error.startswith(words)


def test_a_member_that_is_still_being_written_is_not_judged():
    assert looked_at('{"more": "words words words words", "name": "ab').error == ""


def test_after_an_error_nothing_is_settled_any_more():
    prefix = Prefix(VALIDATORS)
    prefix.feed('{"more": "words words words words", ')
    settled = prefix.settled
    assert settled == len(prefix.text)
    prefix.feed('"count": 0, "name": "' + "x" * 100)
    assert prefix.error
    prefix.feed("x" * 1000)
    assert prefix.settled == settled


@pytest.mark.parametrize(
    "text",
    [
        'Here is what you asked for: {"count": 0, "name": ""}',
        '```json\n{"count": 3, "name": "Ann", "more": 1}\n```',
        '{"count": 3, "name": "Ann", "more": 1} Tell me if you need more.',
        '{"count": 3, "name": "Annabel", "name": "Ann of the second',
        "[" * 300,
    ],
)
def test_what_can_only_be_judged_at_the_end_is_left_until_then(text):
    assert looked_at(text).error == ""


def test_looks_become_rarer_so_that_they_cost_a_few_passes_in_all(monkeypatch):
    prefix, looks = Prefix({}), []
    look = prefix._look
    monkeypatch.setattr(prefix, "_look", lambda: (looks.append(len(prefix.text)), look()))
    prefix.feed('{"text": "')
    for _ in range(20_000):
        prefix.feed("abcde")
    assert sum(looks) < 10 * len(prefix.text)
