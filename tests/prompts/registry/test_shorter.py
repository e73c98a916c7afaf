"""Prompts that say the same in fewer tokens: what is left out, and what is never touched."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from prompts.registry.policy.document import Document, Example, PromptMessage
from prompts.registry.policy.shorter import shortened
from prompts.registry.policy.templates import Template

RULE = "Never promise a date, and never say what the company thinks of its competitors."
SCHEMA = {"type": "object", "properties": {"class": {"enum": ["a b", 'c\\"d', "e  f"]}, "n": 1.0}}


def count(text: str) -> int:
    return len(text)


def shorter(*texts: str, **fields) -> Document | None:
    document = Document(messages=tuple(PromptMessage(role="system", text=text) for text in texts), **fields)
    found = shortened(document, count=count)
    return found.document if found else None


def test_a_passage_that_differs_in_blanks_alone_goes():
    found = shorter(
        f"You help.\n\n{RULE}\n\nBe brief.\n\n{RULE.replace(' ', '  ')}\n\nThe end, {{{{ name }}}}."
    )
    assert found.messages[0].text == f"You help.\n\n{RULE}\n\nBe brief.\n\nThe end, {{{{ name }}}}."
    assert shorter(f"{RULE}\n\n{RULE.replace('date', 'day')}") is None
    across = shorter(f"You help.\n\n{RULE}", f"Again.\n\n{RULE}")
    assert across.messages[1].text == "Again."


def test_marks_of_templates_and_code_stay():
    marked = f"{RULE} {{{{ question }}}}"
    assert shorter(f"{marked}\n\n{marked}") is None
    assert shorter(f"{{% if a %}}\n\n{RULE}\n\n{{% else %}}\n\n{RULE}\n\n{{% endif %}}") is None
    code = f"```\n{RULE}\n\n\n\n{json.dumps(SCHEMA, indent=2)}   \n```"
    assert shorter(f"Look:\n\n{code}\n\nand\n\n{code}") is None
    indented = f"Code:\n\n    {RULE}\n\n\n    {RULE}   \n\nDone."
    assert shorter(indented) is None


def test_json_becomes_compact_and_stays_the_same():
    text = f"Answer as in:\n{json.dumps(SCHEMA, indent=4)}\nand nothing else."
    found = shorter(text).messages[0].text
    body = found.removeprefix("Answer as in:\n").removesuffix("\nand nothing else.")
    assert json.loads(body) == SCHEMA
    assert "\n" not in body
    assert "e  f" in body
    assert '"n":1.0' in body
    assert shorter("Write {\n  not: json\n}") is None


def test_examples_and_history_that_repeat_go_once():
    examples = (
        Example(user="Hi", assistant="Hello"),
        Example(user="Hi ", assistant="Hello"),
        Example(user="Hi", assistant="No"),
    )
    assert len(shorter("You help.", examples=examples).examples) == 2
    turns = [PromptMessage(text="What is two and two?"), PromptMessage(role="assistant", text="Four.")]
    document = Document(messages=(*turns, *turns, PromptMessage(text="{{ question }}")))
    found = shortened(document, count=count)
    assert [each.text for each in found.document.messages] == [
        "What is two and two?",
        "Four.",
        "{{ question }}",
    ]
    assert found.cuts[0].kind == "history"


pieces = st.sampled_from(
    [
        RULE, f"{RULE} {RULE}", "Short.", "{{ name }}", "{{ name }} has {{ number }}", "{% if a %}", "{% endif %}", "```", "~~~", "a     b   c  ",
        "| a    | b |", "    code     here   ", "\tcode", "{\n  \"a\": [\n 1,\n 2 ]\n}", "[\n]", "{# note #}", "{", "}}", "", " ", "\n\n", "# Title  ",
        "{% for x in y %}", "{% endfor %}", "{\n \"k\": {\"v\": {}}\n}{{ name }}",
    ]
)  # fmt: skip
_MARKS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@given(st.lists(pieces, max_size=14), st.sampled_from(["\n", "\n\n", " ", "\n \n"]))
def test_whatever_is_left_out_stands_there_already(parts, between):
    text = between.join(parts)
    found = shorter(text)
    if found is None:
        return
    after = found.messages[0].text
    assert len(after) < len(text)
    assert _MARKS.findall(after) == _MARKS.findall(text)
    assert Template(after).names == Template(text).names
    # Words come in the same order, and of what is missing each was there twice.
    rest = iter("".join(text.split()))
    assert all(letter in rest for letter in "".join(after.split()))
    assert set(re.findall(r"\w+", text)) == set(re.findall(r"\w+", after))
    assert re.findall(r"^ {4}.*code.*$", after, re.MULTILINE) == re.findall(
        r"^ {4}.*code.*$", text, re.MULTILINE
    )


@given(st.lists(pieces, max_size=14))
def test_nothing_is_left_to_leave_out(parts):
    once = shorter("\n\n".join(parts))
    if once is not None:
        assert shorter(once.messages[0].text) is None
