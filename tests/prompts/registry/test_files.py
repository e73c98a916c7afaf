"""Prompts as files: what is written is read back, and what would be dangerous is not read."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.stored_json import unkeepable
from prompts.registry.policy.document import (
    Document,
    PromptMessage,
    Variable,
    decode_document,
    encode_document,
)
from prompts.registry.policy.files import (
    MAX_CHARACTERS,
    BadFileError,
    PromptFile,
    dump,
    load_document,
    read_file,
    write_file,
)
from tests.prompts.registry.documents import DOCUMENTS, JSON, TEXTS

FILES = st.builds(
    PromptFile, name=TEXTS.filter(bool), document=DOCUMENTS, description=TEXTS, tags=st.lists(TEXTS, max_size=3), fallback=TEXTS, note=TEXTS, goal=TEXTS
)  # fmt: skip


@settings(max_examples=50)
@given(FILES)
def test_what_is_written_is_read_back(file):
    assert read_file(write_file(file)) == file


@given(DOCUMENTS)
def test_a_document_survives_its_json(document):
    assert decode_document(encode_document(document)) == document
    assert unkeepable(encode_document(document)) == ""


@given(JSON)
def test_whatever_was_dumped_is_loaded(value):
    assert load_document(dump({"a": value})) == {"a": value}


def test_texts_of_several_lines_are_blocks():
    document = Document(messages=(PromptMessage(text="One\nTwo {{ x }}\n"),), variables=(Variable(name="x"),))
    assert "text: |\n" in write_file(PromptFile(name="a", document=document))


def test_json_is_yaml():
    file = read_file(
        '{"name": "a", "version": {"messages": [{"text": "Hi\\n"}], "output": {"fallback": null}}}'
    )
    assert file.document.messages == (PromptMessage(text="Hi\n"),)
    assert file.document.output.fallback is None


def test_dates_are_texts_as_in_json():
    file = read_file(
        "name: a\nversion: {variables: [{name: day, default: 2024-01-31}, {name: at, default: 2024-01-31 10:00:00}]}"
    )
    assert [each.default for each in file.document.variables] == ["2024-01-31", "2024-01-31 10:00:00"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must hold a mapping"),
        ("a", "must hold a mapping"),
        ("- a", "must hold a mapping"),
        ("3", "must hold a mapping"),
        ("a: b: c", "not valid YAML"),
        ("a: [", "not valid YAML"),
        ("a: b\n\ta: c", "not valid YAML"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases"),
        ("a: &a\n  b: *a", "aliases"),
        ("!!python/object/apply:os.system [ls]", "not valid YAML"),
        ("a: !!python/name:os.system", "not valid YAML"),
        ("a: !!binary R0lG", "type bytes"),
        ("a: !!set {b}", "type set"),
        ("a: !!timestamp 2024-01-31", "type date"),
        ("a: !!int x", "can't be read"),
        ("a: !!float x", "can't be read"),
        ("a: !!bool x", "can't be read"),
        ("a: !!timestamp x", "can't be read"),
        ("a: !!timestamp 2024-02-31", "can't be read"),
        ("a: " + "9" * 5000, "can't be read"),
        ("a: .nan", "the number nan"),
        ("a: [1, -.inf]", "the number -inf"),
        ('a: "b\\0"', "NUL"),
        ('a: {"b\\0": 1}', "NUL"),
        ('a: "\\ud800"', "surrogate"),
        ("a: {1: b}", "the key 1"),
        ("a: {null: b}", "the key None"),
        ("{[a]: b}", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("a: " + "[" * 200, "nested too deeply"),
        ("a: " + "[" * 90_000, "nested too deeply"),
        ("a: " + "{b: " * 200, "nested too deeply"),
        ("a:\n" + "- \n" * 60_000, "more than 50000 values"),
        ("a: " + "x" * MAX_CHARACTERS, "more than"),
    ],
)  # fmt: skip
def test_what_is_not_read(text, words):
    with pytest.raises(BadFileError, match=words):
        load_document(text)


@settings(max_examples=150)
@given(
    st.text(st.sampled_from("ab:-[]{}\n \t'\"|>&*!%@#0.~=<,?\\\0é\ud800"), max_size=40) | st.text(max_size=30)
)
def test_any_text_is_read_or_refused(text):
    with suppress(BadFileError):
        assert unkeepable(load_document(text)) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: {}", "does not say the prompt's name"),
        ("name: 3", "does not say the prompt's name"),
        ("name: ''", "does not say the prompt's name"),
        ("name: a\ncolour: red", "no “colour”"),
        ("name: a\nnote: 3", "“note” must be a text"),
        ("name: a\nfallback: {a: b}", "“fallback” must be a text"),
        ("name: a\ntags: b", "“tags” must be a list"),
        ("name: a\ntags: [1]", "“tags” must be a list"),
        ("name: a\nversion: [1]", "“version” must be a mapping"),
        ("name: a\nversion: {colour: red}", "does not fit"),
        ("name: a\nversion: {messages: [{role: king, text: a}]}", "does not fit.*role"),
        ("name: a\nversion: {messages: [{text: 3}]}", "does not fit.*text"),
        ("name: a\nversion: {output: {corrections: many}}", "does not fit"),
    ],
)
def test_what_is_no_prompt(text, words):
    with pytest.raises(BadFileError, match=words):
        read_file(text)


def test_a_file_without_a_version_is_an_empty_one():
    assert read_file("name: a\ntags:\nversion:\n").document == Document()


def test_nothing_that_is_dumped_has_aliases():
    same = {"a": 1}
    text = dump({"b": same, "c": same, "d": [same, same]})
    assert "&" not in text
    assert yaml.safe_load(text) == {"b": same, "c": same, "d": [same, same]}
