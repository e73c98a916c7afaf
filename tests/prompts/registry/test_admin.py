"""The pages of prompts in the admin, as people read and use them."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from prompts.registry.models import Label, Prompt, PromptVersion, ReviewComment
from prompts.registry.policy.document import Document, PromptMessage, decode_document, encode_document
from tests.prompts.registry.factories import make_prompt
from tests.prompts.registry.pages import RICH, form_of, mine, saved, url

pytestmark = pytest.mark.django_db


def test_a_version_as_reviewers_read_it(world):
    prompt = mine(world)
    ReviewComment.objects.create(
        version=prompt.versions.get(number=2), text="<script>Why?", path="messages.0"
    )
    saved(
        prompt,
        Document(
            **{
                **vars_of(RICH),
                "messages": (PromptMessage(text="Greet {{ text }} <script>alert(1)</script>"),),
            }
        ),
    )
    PromptVersion.objects.filter(prompt=prompt, number=3).update(state="in_review", digest="d" * 64)
    page = world.client("reviewer").get(url(prompt, "version", 3)).content.decode()
    assert "<script>alert(1)" not in page
    assert 'value="approve"' in page
    assert "Two pairs of eyes" in page
    assert "<ins" in page
    assert 'value="approve"' not in world.client("viewer").get(url(prompt, "version", 3)).content.decode()
    other = world.client("viewer").get(url(prompt, "version", 2)).content.decode()
    assert "&lt;script&gt;Why?" in other


def vars_of(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in document.__struct_fields__}


def test_the_author_is_not_asked_to_approve(world):
    prompt = mine(world)
    PromptVersion.objects.filter(prompt=prompt, number=2).update(author=world.people["developer"])
    assert 'value="approve"' not in world.client("developer").get(url(prompt, "version", 2)).content.decode()
    text = (
        world.client("developer")
        .post(url(prompt, "version-do", 2), {"action": "approve"}, follow=True)
        .content.decode()
    )
    assert "somebody else must review it" in text
    assert prompt.versions.get(number=2).state == "in_review"


def test_approved_on_the_page(world):
    prompt, client = mine(world), world.client("reviewer")
    digest = prompt.versions.get(number=2).digest
    text = client.post(
        url(prompt, "version-do", 2), {"action": "approve", "digest": "other"}, follow=True
    ).content.decode()
    assert "changed since you read it" in text
    text = client.post(
        url(prompt, "version-do", 2), {"action": "approve", "digest": digest}, follow=True
    ).content.decode()
    assert "all that the rules ask for is there" in text
    assert prompt.versions.get(number=2).state == "approved"


def test_two_versions_side_by_side(world):
    prompt, client = mine(world), world.client("viewer")
    saved(prompt, Document(model="nova-pro", messages=(PromptMessage(text="Greet {{ name }} warmly."),)))
    page = client.get(url(prompt, "diff", 1, 3)).content.decode()
    words = LexborHTMLParser(page).body.text()
    assert "warmly" in words
    assert "nova-pro" in words
    assert client.get(url(prompt, "diff", 1, 3) + "?before=2&after=3")["Location"] == url(
        prompt, "diff", 2, 3
    )
    assert client.get(url(prompt, "diff", 1, 3) + "?before=x&after=3").status_code == 200
    assert client.get(url(prompt, "diff", 2, 2)).status_code == 200


def test_the_playground_has_a_field_for_every_variable(world):
    prompt, client = mine(world), world.client("developer")
    saved(prompt, RICH)
    page = client.get(url(prompt, "playground") + "?version=3&compare=1").content.decode()
    fields = form_of(page, "#variables")
    assert set(fields) == {each.name for each in RICH.variables} | {"csrfmiddlewaretoken", "name"}
    assert (fields["flag"], json.loads(fields["list"]), fields["text"]) == (
        "false",
        [1, "ü", None],
        "  a b  ",
    )
    assert 'data-a="3"' in page
    assert 'data-b="1"' in page


def test_a_prompt_without_a_version_says_what_to_do(world):
    client = world.client("developer")
    prompt = make_prompt(world.mine.team, "empty", versions=0)
    assert client.get(url(prompt)).status_code == 200
    assert "Begin a draft" in client.get(url(prompt, "playground"), follow=True).content.decode()


def test_documents_nobody_can_read_do_not_break_pages(world):
    prompt, client = mine(world), world.client("developer")
    PromptVersion.objects.filter(prompt=prompt, number=3).update(document={"colour": "red"})
    for page, args in (
        ("change", ()),
        ("version", (3,)),
        ("draft", (3,)),
        ("yaml", (3,)),
        ("diff", (1, 3)),
        ("playground", ()),
    ):
        assert client.get(url(prompt, page, *args)).status_code == 200, page


# --- making and switching ---


def test_a_prompt_is_made_with_its_first_draft(world):
    client = world.client("developer")
    body = {"team": world.mine.team.pk, "name": "new", "description": "", "tags": "a, b", "fallback": ""}
    answer = client.post(reverse("admin:prompts_prompt_add"), body)
    made = Prompt.objects.get(name="new")
    assert answer["Location"] == url(made, "draft", 1)
    assert (made.tags, made.created_by, made.versions.count()) == (["a", "b"], world.people["developer"], 1)
    for odd in ({"team": ""}, {"team": world.other.team.pk}, {"name": "No Name"}, {"name": "new"}):
        assert (
            client.post(reverse("admin:prompts_prompt_add"), {**body, "name": "newer", **odd}).status_code
            == 200
        )
    assert (
        world.client("superuser").post(reverse("admin:prompts_prompt_add"), {**body, "team": ""}).status_code
        == 302
    )
    assert Prompt.objects.filter(name__startswith="new").count() == 2


def test_neither_name_nor_team_changes(world):
    prompt = mine(world)
    body = {
        "team": world.other.team.pk,
        "name": "other",
        "description": "changed",
        "tags": "",
        "fallback": "",
    }
    assert world.client("superuser").post(url(prompt, "settings"), body).status_code == 302
    now = Prompt.objects.get(pk=prompt.pk)
    assert (now.team, now.name, now.description) == (world.mine.team, "greeting", "changed")


def test_switched_off_and_on(world):
    prompt, client = mine(world), world.client("developer")
    text = client.post(url(prompt, "do"), {"action": "off"}, follow=True).content.decode()
    assert "Write a fallback answer first" in text
    Prompt.objects.filter(pk=prompt.pk).update(fallback="Call us.")
    client.post(url(prompt, "do"), {"action": "off", "reason": "It insults people."})
    assert not mine(world).is_enabled
    assert LogEntry.objects.filter(change_message__contains="It insults people.").exists()
    client.post(url(prompt, "do"), {"action": "on"})
    assert mine(world).is_enabled


def test_labels_on_the_page(world):
    prompt, client = mine(world), world.client("owner")
    text = client.post(
        url(prompt, "labels"), {"action": "move", "label": "production", "number": "2"}, follow=True
    ).content.decode()
    assert "is protected" in text
    client.post(url(prompt, "labels"), {"action": "move", "label": "staging", "number": "2"})
    assert Label.objects.get(prompt=prompt, name="staging").version.number == 2
    for action, label in (
        ("roll_back", "staging"),
        ("take_away", "beta"),
        ("protect", "beta"),
        ("move", "No Label"),
    ):
        posted = {"action": action, "label": label, "number": "1"}
        assert client.post(url(prompt, "labels"), posted, follow=True).status_code == 200
    assert set(Label.objects.filter(prompt=prompt).values_list("name", flat=True)) == {
        "production",
        "staging",
    }


def test_documents_survive_the_database(world):
    version = saved(mine(world), RICH)
    version.refresh_from_db()
    assert encode_document(decode_document(version.document)) == encode_document(RICH)
