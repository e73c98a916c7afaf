"""Assertions as rows of a form, as a browser gets them and sends them back."""

import json
from typing import Any

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from prompts.evaluations.admin import assertion_kinds
from prompts.evaluations.admin.assertion_fields import EVERY_KIND, AssertionRows, AssertionsFormField
from prompts.evaluations.policy.assertions import KINDS, MAX_ASSERTIONS, BadAssertionError, decode_assertions


@pytest.fixture(autouse=True, scope="module")
def routes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assertion_kinds, "known_models", lambda: ["titan", "nova-lite", "prompt/x"])
        yield


class Thing(forms.Form):
    assertions = AssertionsFormField()

    def __init__(self, data: Any = None, *, stored: Any = (), judges: Any = ("grader",)) -> None:
        super().__init__(data)
        field: Any = self.fields["assertions"]
        field.shows(stored, judges=judges)


def sent(html: str, *, scripts: bool = True, form: str = "") -> dict[str, str]:
    """What a browser sends of a page that nobody touched, or of one form of it."""
    page: Any = LexborHTMLParser(html if form else f"<body><form>{html}</form>")
    page = page.css_first(form) if form else page
    for node in page.css("template, noscript" if scripts else "template"):
        node.decompose()
    found = {}
    for node in page.css("input, textarea, select"):
        attrs = node.attributes
        if node.tag == "select":
            chosen = node.css_first("option[selected]") or node.css_first("option")
            value = chosen.attributes.get("value") or ""
        elif node.tag == "textarea":
            value = node.text().replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
        elif attrs.get("type") == "checkbox":
            if "checked" not in attrs:
                continue
            value = attrs.get("value") or "on"
        else:
            value = (attrs.get("value") or "").replace("\r", "").replace("\n", "")
        found[attrs["name"] or ""] = value
    return found


def served(stored: Any, **options: Any) -> dict[str, str]:
    return sent(str(Thing(stored=stored, **options)), scripts=True)


def saved(data: dict[str, str], *, stored: Any = (), **options: Any) -> list[Any]:
    form = Thing(data, stored=stored, **options)
    assert form.is_valid(), str(form)
    return list(form.cleaned_data["assertions"])


EDGES: list[Any] = [
    {"kind": "equals"}, {"kind": "equals", "value": None}, {"kind": "equals", "value": ""}, {"kind": "equals", "value": "5"},
    {"kind": "equals", "value": 5}, {"kind": "equals", "value": 5.0}, {"kind": "equals", "value": True}, {"kind": "equals", "value": "null"},
    {"kind": "equals", "value": '{"a": 1}'}, {"kind": "equals", "value": {"a": [1, None, "é\n\\u"]}, "ignore_case": False},
    {"kind": "equals", "value": "\n two\r\nlines \t", "ignore_case": True}, {"kind": "equals", "value": {}}, {"kind": "equals", "value": []},
    {"kind": "contains"}, {"kind": "contains", "texts": []}, {"kind": "contains", "texts": ["a", "a"], "any_of": True, "ignore_case": True},
    {"kind": "contains", "texts": ["", " ", "two\nlines", "\r", '"', '"quoted"', "\\n", " x", "<b>&amp;", "\u2028", "\u00a0", "\\"], "ignore_case": False},
    {"kind": "pattern", "pattern": "\n\\d+\\s\n", "whole": True, "ignore_case": True}, {"kind": "pattern", "pattern": " "},
    {"kind": "json_schema", "schema": {}}, {"kind": "json_schema", "schema": False}, {"kind": "json_schema", "schema": True},
    {"kind": "json_schema", "schema": {"type": "object", "properties": {"é": {"const": 1.0}}}},
    {"kind": "numeric"}, {"kind": "numeric", "value": 0}, {"kind": "numeric", "value": -0.1, "tolerance": 1e-9, "percent": 1e300, "path": " a.0 "},
    {"kind": "numeric", "value": 12345678901234567890, "path": "a\nb"}, {"kind": "numeric", "value": 0.1, "tolerance": 0},
    {"kind": "similarity"}, {"kind": "similarity", "at_least": -1, "text": "\n as this", "model": "gone"}, {"kind": "similarity", "at_least": 1, "model": "titan"},
    {"kind": "forbidden", "texts": ["\t"]}, {"kind": "forbidden", "patterns": ["(?i)a b", " c", '"'], "texts": [], "ignore_case": False},
    {"kind": "latency", "at_most_ms": 0}, {"kind": "latency", "at_most_ms": -1.5}, {"kind": "latency", "at_most_ms": 3000},
    {"kind": "cost", "at_most_usd": "0"}, {"kind": "cost", "at_most_usd": "00.20"}, {"kind": "cost", "at_most_usd": "1e-3"},
    {"kind": "judge", "prompt": "grader", "version": 1, "rubric": "Kind?"},
    {"kind": "judge", "prompt": " gone ", "version": 2**40, "rubric": "\n\nKind?\n", "at_least": 0.123456789012345},
]  # fmt: skip


@pytest.mark.parametrize("raw", EDGES, ids=lambda raw: json.dumps(raw)[:60])
@pytest.mark.parametrize("scripts", [True, False])
def test_a_form_saved_as_it_was_served_changes_nothing(raw, scripts):
    try:
        decode_assertions([raw])
    except BadAssertionError:
        pytest.skip("it can't be stored")
    form = Thing(sent(str(Thing(stored=[raw])), scripts=scripts), stored=[raw])
    assert form.is_valid(), str(form)
    assert json.dumps(form.cleaned_data["assertions"]) == json.dumps([raw])
    assert not form.has_changed()


def test_all_of_them_together_change_nothing():
    every = [raw for raw in EDGES if raw["kind"] != "cost" or "e" not in raw["at_most_usd"]]
    assert json.dumps(saved(served(every), stored=every)) == json.dumps(every)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
JSON = st.recursive(st.none() | st.booleans() | NUMBER | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=5)  # fmt: skip
MEMBERS: dict[str, Any] = {
    "value": JSON, "ignore_case": st.booleans(), "any_of": st.booleans(), "whole": st.booleans(), "texts": st.lists(TEXT, max_size=4),
    "patterns": st.lists(TEXT, max_size=4), "pattern": TEXT, "schema": st.booleans() | st.fixed_dictionaries({"const": JSON}), "tolerance": NUMBER,
    "percent": NUMBER, "path": TEXT, "at_least": NUMBER, "text": TEXT, "model": TEXT, "at_most_ms": NUMBER, "prompt": st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
    "at_most_usd": st.decimals(0, 100, places=6).map(str), "version": st.integers(1, 2**31), "rubric": TEXT,
}  # fmt: skip


@st.composite
def assertions(draw):
    kind, struct = draw(st.sampled_from(KINDS))
    values = {
        name: draw(NUMBER | st.none() if (kind, name) == ("numeric", "value") else MEMBERS[name])
        for name in struct.__struct_fields__
        if draw(st.booleans())
        or name in ("pattern", "schema", "prompt", "version", "rubric", "at_most_ms", "at_most_usd")
    }
    return {"kind": kind, **values}


@given(raw=assertions())
def test_whatever_is_stored_comes_back_as_it_was(raw):
    try:
        stored = decode_assertions([raw])
    except BadAssertionError:
        return
    data = served([raw])
    assert json.dumps(saved(data, stored=[raw])) == json.dumps([raw])
    kind = raw["kind"]
    if f"assertions-0-{kind}-ignore_case" in data:  # one field is changed, and no other
        del data[f"assertions-0-{kind}-ignore_case"]
        (now,) = decode_assertions(saved(data, stored=[raw]))
        for name in now.__struct_fields__:
            assert getattr(now, name) == (False if name == "ignore_case" else getattr(stored[0], name))


@pytest.mark.parametrize(
    ("raw", "name", "value", "now"),
    [
        ({"kind": "numeric", "path": " a\nb "}, "tolerance", "2", {"tolerance": 2.0}),
        ({"kind": "pattern", "pattern": "a\rb\r\n"}, "whole", "on", {"whole": True}),
        ({"kind": "similarity", "text": "\r\n as ", "model": "gone", "at_least": 1}, "at_least", "0.5", {"at_least": 0.5}),
        ({"kind": "judge", "prompt": "gone", "version": 3, "rubric": "a\r\nb"}, "version", "4", {"version": 4}),
        ({"kind": "equals", "value": " a\r\n"}, "ignore_case", "on", {"ignore_case": True}),
    ],
)  # fmt: skip
def test_a_field_that_was_not_touched_keeps_its_value(raw, name, value, now):
    data = served([raw])
    data[f"assertions-0-{raw['kind']}-{name}"] = value
    assert saved(data, stored=[raw]) == [{**raw, **now}]


def filled(kind: str, number: int = 0, **values: str) -> dict[str, str]:
    name = f"assertions-{number}"
    return {"assertions-TOTAL_FORMS": "0", f"{name}-kind": kind, **{f"{name}-{kind}-{key}": value for key, value in values.items()}}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "raw"),
    [
        (filled("equals", value="5"), {"kind": "equals", "value": "5"}),
        (filled("equals", value="5", is_json="on"), {"kind": "equals", "value": 5}),
        (filled("equals", value=" ", is_json="on", ignore_case="on"), {"kind": "equals", "ignore_case": True}),
        (filled("contains", texts='a b \r\n\r\n" c"\r\n"half', any_of="on", ignore_case="on"), {"kind": "contains", "texts": ["a b", " c", '"half'], "any_of": True}),
        (filled("pattern", pattern="a\r\nb", whole="on"), {"kind": "pattern", "pattern": "a\nb", "whole": True}),
        (filled("json_schema", schema='{"type": "object"}'), {"kind": "json_schema", "schema": {"type": "object"}}),
        (filled("json_schema", schema="{}"), {"kind": "json_schema", "schema": {}}),
        (filled("numeric", value="1.5", tolerance="", percent="3", path="total"), {"kind": "numeric", "value": 1.5, "percent": 3.0, "path": "total"}),
        (filled("similarity", at_least="0.9", text="so", model="titan"), {"kind": "similarity", "at_least": 0.9, "text": "so", "model": "titan"}),
        (filled("forbidden", texts="", patterns="a+\r\nb"), {"kind": "forbidden", "patterns": ["a+", "b"], "ignore_case": False}),
        (filled("latency", at_most_ms="3000"), {"kind": "latency", "at_most_ms": 3000.0}),
        (filled("cost", at_most_usd=" 0.002 "), {"kind": "cost", "at_most_usd": "0.002"}),
        (filled("judge", prompt="grader", version="2", rubric="Kind?", at_least="0.5"), {"kind": "judge", "prompt": "grader", "version": 2, "rubric": "Kind?", "at_least": 0.5}),
    ],
    ids=lambda value: value.get("kind"),
)  # fmt: skip
def test_each_kind_is_filled_in(data, raw):
    assert saved(data) == [raw]


@pytest.mark.parametrize(
    ("kind", "values", "member", "words"),
    [
        ("equals", {"value": "{", "is_json": "on"}, "value", "Not valid JSON"),
        ("equals", {"value": "null", "is_json": "on"}, "value", "leave this empty"),
        ("equals", {"value": "NaN", "is_json": "on"}, "value", "Not valid JSON"),
        ("pattern", {"pattern": "(typed"}, "pattern", "can&#x27;t be used"),
        ("pattern", {"pattern": ""}, "pattern", "not empty"),
        ("json_schema", {"schema": "[typed"}, "schema", "Not valid JSON"),
        ("json_schema", {"schema": "[]"}, "schema", "is an object"),
        ("json_schema", {"schema": '{"type": "typed"}'}, "schema", "Invalid JSON Schema"),
        ("numeric", {"value": "typed"}, "value", "Enter a number"),
        ("numeric", {"value": "1", "percent": "-7"}, "percent", "negative"),
        ("similarity", {"at_least": "7"}, "at_least", "between -1 and 1"),
        ("similarity", {"at_least": ""}, "at_least", "required"),
        ("forbidden", {}, "texts", "Say which"),
        ("forbidden", {"texts": "typed", "patterns": "(typed"}, "patterns", "can&#x27;t be used"),
        ("latency", {"at_most_ms": "typed"}, "at_most_ms", "Enter a number"),
        ("latency", {}, "at_most_ms", "required"),
        ("cost", {"at_most_usd": "typed"}, "at_most_usd", "dollars"),
        ("judge", {"prompt": "grader", "version": "0", "rubric": "typed", "at_least": "1"}, "version", "greater than or equal to 1"),
        ("judge", {"prompt": "grader", "version": "1", "rubric": " ", "at_least": "1"}, "rubric", "what makes a good answer"),
        ("judge", {"prompt": "grader", "version": "1", "rubric": "typed", "at_least": "1.5"}, "at_least", "at most 1"),
        ("judge", {"prompt": "theirs", "version": "1", "rubric": "typed", "at_least": "1"}, "prompt", "valid choice"),
    ],
)  # fmt: skip
def test_errors_are_at_their_field_and_nothing_typed_is_lost(kind, values, member, words):
    stored = [{"kind": "contains", "texts": ["kept"]}]
    other = {"assertions-1-numeric-path": "of another kind"}
    form = Thing({**served(stored), **filled(kind, 1, **values), **other}, stored=stored)
    assert not form.is_valid()
    html = str(form)
    page = LexborHTMLParser(html)
    places = [
        (node.css_first("textarea, input, select").attributes["name"], node.css_first(".gh-error").html)
        for node in page.css(".gh-fields > div")
        if node.css_first(".gh-error")
    ]
    assert [name for name, _ in places] == [f"assertions-1-{kind}-{member}"]
    assert words in html[html.index(f'name="assertions-1-{kind}-{member}"') :]
    again = sent(html)
    for name, value in {**filled(kind, 1, **values), **other}.items():
        if not name.endswith("FORMS") and value != "theirs":
            assert again[name] == value, name
    assert again["assertions-0-contains-texts"] == "kept"
    assert again["assertions-TOTAL_FORMS"] == "2"


def test_rows_are_removed_added_and_keep_their_order():
    stored = [{"kind": "latency", "at_most_ms": 1}, {"kind": "equals", "value": True}, {"kind": "equals"}]
    data = served(stored)
    without = {name: value for name, value in data.items() if not name.startswith("assertions-1-")}
    assert saved(without, stored=stored) == [stored[0], stored[2]]
    assert saved({**data, "assertions-1-removed": "on"}, stored=stored) == [stored[0], stored[2]]
    more = {**data, **filled("cost", 17, at_most_usd="1"), **filled("equals", 4)}
    assert saved(more, stored=stored) == [*stored, {"kind": "equals"}, {"kind": "cost", "at_most_usd": "1"}]
    changed = saved(
        {**data, "assertions-0-kind": "cost", "assertions-0-cost-at_most_usd": "2"}, stored=stored
    )
    assert changed[0] == {"kind": "cost", "at_most_usd": "2"}


def test_a_row_that_says_nothing_is_left_out_and_one_with_words_is_not():
    assert saved(filled("")) == []
    assert saved(sent(str(Thing()), scripts=False)) == []
    for data in (
        {**filled(""), "assertions-0-pattern-pattern": "typed"},
        filled("nonsense"),
    ):
        form = Thing(data)
        assert not form.is_valid()
        assert "Choose what to check, or remove this." in str(form)
    stored = [{"kind": "equals"}]
    assert not Thing({**served(stored), "assertions-0-kind": ""}, stored=stored).is_valid()


def test_a_form_that_does_not_show_assertions_leaves_them_alone():
    stored = [{"kind": "equals"}]
    form = Thing({}, stored=stored)
    assert form.is_valid()
    assert (form.cleaned_data["assertions"], form.has_changed()) == (stored, False)


def test_rows_that_are_closed_can_t_be_changed():
    stored = [{"kind": "equals"}]
    form = Thing(filled("cost", at_most_usd="1"), stored=stored)
    form.fields["assertions"].disabled = True
    assert form.is_valid()
    assert form.cleaned_data["assertions"] == stored
    page = LexborHTMLParser(str(form))
    assert page.css_first("fieldset").attributes.keys() == {"disabled"}
    assert not page.css("[data-add], [data-remove], template")


def test_some_kinds_alone_are_offered_and_what_is_there_stays():
    kinds = ("contains", "latency")
    rows = AssertionRows([{"kind": "cost", "at_most_usd": "1"}], kinds=kinds)
    assert [form.kind() for form in rows.empty.forms] == list(kinds)
    assert [form.kind() for form in rows.rows[0].forms] == [*kinds, "cost"]
    posted = AssertionRows([], kinds=kinds, data=filled("cost", at_most_usd="1"))
    assert not posted.is_valid()


def test_too_many_or_unkeepable_is_said():
    many = AssertionRows([], data={name: value for n in range(MAX_ASSERTIONS + 1) for name, value in filled("equals", n).items()})  # fmt: skip
    assert "at most 50" in many.errors[0]
    nul = Thing(filled("contains", texts='"\\u0000"'))
    assert not nul.is_valid()
    assert "NUL" in str(nul.errors)


def test_every_kind_has_a_form_and_is_shown_by_the_style_sheet():
    forms_ = assertion_kinds.KIND_FORMS
    assert [form.kind() for form in forms_] == list(EVERY_KIND)
    with open("static/gatehouse/admin.css") as file:
        style = file.read()
    for form in forms_:
        assert set(form.struct.__struct_fields__) <= set(form.base_fields)
        assert f'.gh-kind[data-kind="{form.kind()}"]' in style
