"""The editor of drafts in the admin loses nothing, and says what is wrong where it is."""

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from prompts.registry.models import Prompt
from prompts.registry.policy.document import Document, Output, Variable, decode_document
from tests.prompts.registry.pages import RICH, form_of, mine, saved, url

pytestmark = pytest.mark.django_db


def draft_page(client: Client, prompt: Prompt) -> str:
    answer = client.get(url(prompt, "draft", 3))
    assert answer.status_code == 200
    return answer.content.decode()


FALLBACKS = [None, [], {}, "", "a text", "3", "null", 3, 1.5, True, {"a": ["b", {"c": None}]}, "two\nlines"]


@pytest.mark.parametrize(
    "document",
    [Document(), RICH, *(Document(output=Output(schema={}, fallback=value)) for value in FALLBACKS)],
)
def test_a_form_that_is_saved_as_it_was_served_changes_nothing(world, document):
    client, prompt = world.client("developer"), mine(world)
    saved(prompt, document)
    answer = client.post(url(prompt, "draft", 3), form_of(draft_page(client, prompt), "#draft"))
    assert answer.status_code == 302, LexborHTMLParser(answer.content.decode()).css("p.gh-error")
    version = prompt.versions.get(number=3)
    assert decode_document(version.document) == document
    assert (version.revision, version.note, version.editors) == (
        3,
        "Why\r\nnot",
        [world.people["developer"].pk],
    )


def test_rows_are_added_and_emptied(world):
    client, prompt = world.client("developer"), mine(world)
    saved(prompt, RICH)
    sent = form_of(draft_page(client, prompt), "#draft")
    sent |= {
        "messages-1-text": "", "messages-4-role": "user", "messages-4-text": "Added.", "messages-TOTAL_FORMS": "5", "variables-0-name": "",
        "variables-9-name": "new", "variables-9-type": "integer", "variables-9-default": "7", "variables-TOTAL_FORMS": "10", "examples-0-user": "",
        "examples-0-assistant": "",
    }  # fmt: skip
    assert client.post(url(prompt, "draft", 3), sent).status_code == 302
    now = decode_document(prompt.versions.get(number=3).document)
    assert [message.text for message in now.messages][1:] == ["Sure:", "Go on.", "Added."]
    assert [variable.name for variable in now.variables] == [
        *(each.name for each in RICH.variables[1:]),
        "new",
    ]
    assert now.variables[-1] == Variable(name="new", type="integer", default=7, is_required=False)
    assert now.examples == RICH.examples[1:]


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("schema", "{a: [", "not valid YAML"),
        ("schema", "just words", "must hold a mapping"),
        ("schema", "a: &x 1\nb: *x", "aliases"),
        ("extra", "- 1", "must hold a mapping"),
        ("fallback", "a: [", "not valid YAML"),
        ("privacy", '{"names": "\\0"}', "NUL"),
        ("tools", "tools: [{colour: red}]", "The tools do not fit"),
        ("tools", "tools: 3", "The tools do not fit"),
        ("temperature", "warm", "Enter a number"),
        ("temperature", "nan", "Enter a number"),
        ("corrections", "9", "less than or equal to 3"),
        ("model", "gpt-0", "is not one of the available choices"),
        ("variables-0-schema", "{", "not valid JSON"),
        ("variables-0-schema", "[]", "Write an object"),
        ("variables-1-default", "many", "not of the variable"),
        ("variables-4-default", "{}", "not of the variable"),
        ("variables-3-default", "1", "not of the variable"),
        ("messages-0-role", "king", "is not one of the available choices"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_stays_in_the_form_with_its_error(world, field, text, words):
    client, prompt = world.client("developer"), mine(world)
    saved(prompt, RICH)
    sent = form_of(draft_page(client, prompt), "#draft") | {field: text, "messages-3-text": "Not lost."}
    answer = client.post(url(prompt, "draft", 3), sent)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert words in LexborHTMLParser(page).body.text()
    shown = form_of(page, "#draft")
    assert shown["messages-3-text"] == "Not lost."
    if field not in ("model", "messages-0-role"):
        assert shown[field] == text.replace("\n", "\r\n")
    version = prompt.versions.get(number=3)
    assert (decode_document(version.document), version.revision) == (RICH, 2)


@pytest.mark.parametrize("page", ["draft", "yaml"])
def test_who_saves_an_older_state_keeps_their_text(world, page):
    prompt = mine(world)
    first, second = world.client("developer"), world.client("owner")
    selector = "#draft" if page == "draft" else "form:has(textarea)"
    forms = [
        form_of(client.get(url(prompt, page, 3)).content.decode(), selector) for client in (first, second)
    ]
    field = "messages-0-text" if page == "draft" else "text"
    texts = (
        ["Mine.", "Yours."]
        if page == "draft"
        else [f"messages: [{{text: {word}}}]" for word in ("Mine.", "Yours.")]
    )
    assert first.post(url(prompt, page, 3), forms[0] | {field: texts[0]}).status_code == 302
    answer = second.post(url(prompt, page, 3), forms[1] | {field: texts[1]})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "saved this draft while you had it open" in text
    assert form_of(text, selector)[field] == texts[1]
    assert decode_document(prompt.versions.get(number=3).document).messages[0].text == "Mine."


@pytest.mark.parametrize("revision", ["", "x", "0", "9" * 30, "-1"])
def test_an_odd_revision_is_an_old_one(world, revision):
    client, prompt = world.client("developer"), mine(world)
    sent = form_of(draft_page(client, prompt), "#draft") | {"revision": revision}
    assert client.post(url(prompt, "draft", 3), sent).status_code == 200
    assert client.post(url(prompt, "yaml", 3), {"text": "model: x", "revision": revision}).status_code == 200
    assert prompt.versions.get(number=3).revision == 1


def test_saving_and_submitting(world):
    client, prompt = world.client("developer"), mine(world)
    sent = form_of(draft_page(client, prompt), "#draft")
    text = client.post(url(prompt, "draft", 3), sent | {"submit": "1"}, follow=True).content.decode()
    assert "can&#x27;t be submitted yet" in text
    assert "Say what changed" in text
    sent["revision"] = "2"
    answer = client.post(url(prompt, "draft", 3), sent | {"submit": "1", "note": "Kinder."}, follow=True)
    assert "with the reviewers" in answer.content.decode()
    assert prompt.versions.get(number=3).state == "in_review"
    assert client.get(url(prompt, "draft", 3))["Location"] == url(prompt, "version", 3)
    assert client.post(url(prompt, "draft", 3), sent)["Location"] == url(prompt, "version", 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not valid YAML"), ("colour: red", "does not fit"), ("messages: 3", "does not fit"), ("- a", "must hold a mapping"),
        ('model: "a\\0"', "NUL"), ("model: !!timestamp 2024-02-31", "can't be read"), ("model: " + "[" * 5000, "nested too deeply"),
    ],
)  # fmt: skip
def test_yaml_that_can_not_be_read_stays_with_its_error(world, text, words):
    client, prompt = world.client("developer"), mine(world)
    answer = client.post(url(prompt, "yaml", 3), {"text": text, "revision": "1"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert words in LexborHTMLParser(page).body.text()
    assert form_of(page, "form:has(textarea)")["text"] == text
    assert prompt.versions.get(number=3).revision == 1


def test_a_version_as_yaml_is_saved_as_it_was_served(world):
    client, prompt = world.client("developer"), mine(world)
    saved(prompt, RICH)
    sent = form_of(client.get(url(prompt, "yaml", 3)).content.decode(), "form:has(textarea)")
    assert client.post(url(prompt, "yaml", 3), sent).status_code == 302
    assert decode_document(prompt.versions.get(number=3).document) == RICH


# --- versions, diffs, the playground ---
