"""The pages of prompts in the admin: closed to other teams, page by page, and an editor that loses nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from accounts.models import Membership, Team
from prompts.models import (
    ContextSource,
    Evaluation,
    Experiment,
    KnowledgeBase,
    KnowledgeDocument,
    Label,
    LabelMove,
    Prompt,
    PromptVersion,
    ReviewComment,
    ReviewRule,
    Rollout,
    ServiceContract,
    TestCase,
    TestSet,
)  # fmt: skip
from prompts.policy.document import (  # fmt: skip
    Document,
    Example,
    Knowledge,
    Limits,
    Message,
    Output,
    Parameters,
    Tool,
    Variable,
    decoded,
    encoded,
)
from prompts.services.prompts import save_draft
from tests.integration.admin_world import ROLES, World, make_prompt
from tests.integration.tables import contents

pytestmark = pytest.mark.django_db
MODELS = list(apps.get_app_config("prompts").get_models())
PAGES = [model for model in admin.site._registry if model._meta.app_label == "prompts"]
EDITORS = ("owner", "admin", "developer")
ACTIONS = {
    "prompts_prompt_do": ("on", "off", "archive", "restore", "draft"),
    "prompts_prompt_labels": ("move", "roll_back", "take_away", "protect", "unprotect"),
    "prompts_prompt_version-do": ("approve", "request_changes", "comment", "resolve", "submit", "take_back", "withdraw", "delete"),
}  # fmt: skip
POSTED = {
    "post": "yes", "label": "production", "number": "2", "comment": "x", "text": "version: {}", "revision": "1", "name": "taken", "reason": "x",
    "confirm": "yes", "add": "1", "remove": "1", "case": "1", "query": "x", "id": "1",
}  # fmt: skip


def mine(world: World, name: str = "greeting") -> Prompt:
    return Prompt.objects.get(team=world.mine.team, name=name)


def url(prompt: Prompt, page: str = "change", *args: Any) -> str:
    return reverse(f"admin:prompts_prompt_{page}", args=[prompt.pk, *args])


def object_of(model: Any, team: Team) -> Any:
    """What a team has of a model that has pages."""
    own = {
        Prompt: lambda: Prompt.objects.get(team=team, name="greeting"),
        ReviewRule: lambda: team.review_rules.get(),
        ContextSource: lambda: team.context_sources.get(),
        Experiment: lambda: Experiment.objects.get(prompt__team=team),
        Rollout: lambda: Rollout.objects.get(prompt__team=team),
        TestSet: lambda: TestSet.objects.get(team=team),
        Evaluation: lambda: Evaluation.objects.get(test_set__team=team),
        ServiceContract: lambda: ServiceContract.objects.get(prompt__team=team),
        KnowledgeBase: lambda: KnowledgeBase.objects.get(team=team),
        KnowledgeDocument: lambda: KnowledgeDocument.objects.get(base__team=team),
    }
    return own[model]()


def pages_of(model: Any, team: Team) -> Iterator[tuple[str, str]]:
    """(name, address) of every page that the admin of a model has for one object: a new page is among them by itself."""
    thing = object_of(model, team)
    other = {
        "number": 3,
        "before": 1,
        "after": 2,
        "case_id": getattr(TestCase.objects.filter(test_set__team=team).first(), "pk", 0),
    }
    for pattern in admin.site._registry[model].get_urls():
        names = list(pattern.pattern.converters)
        if pattern.name is None or not names:
            continue  # Django's redirect of old addresses; lists, and forms for new ones
        arguments = {name: thing.pk if number == 0 else other[name] for number, name in enumerate(names)}
        for value in (1, 2, 3) if "number" in names else (3,):
            yield (
                pattern.name,
                reverse(
                    f"admin:{pattern.name}",
                    kwargs=arguments | ({"number": value} if "number" in names else {}),
                ),
            )


def everything() -> dict[str, str]:
    return contents([*MODELS, LogEntry])


def posts(client: Client, name: str, address: str) -> Iterator[Any]:
    for action in ACTIONS.get(name, ("resume",)):
        yield client.post(address, {**POSTED, "action": action})


def stays_closed(answer: Any) -> bool:
    """Not there, not allowed, or, where Django's own page finds nothing, back to the start."""
    return answer.status_code in (403, 404) or (
        answer.status_code == 302 and answer["Location"] == reverse("admin:index")
    )


def test_every_model_with_pages_is_looked_at(world):
    for model in PAGES:
        names = {name for name, _ in pages_of(model, world.other.team)}
        assert any(name.endswith("_change") for name in names), model
    assert {name.rpartition("_")[2] for name, _ in pages_of(Prompt, world.other.team)} == {
        "change", "settings", "do", "labels", "version", "draft", "yaml", "version-do", "diff", "playground", "case", "delete", "history",
    }  # fmt: skip


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_the_pages_of_another_team_stay_closed(world, model):
    before = everything()
    for role in (*ROLES, "nobody"):
        client = world.client(role)
        for name, address in pages_of(model, world.other.team):
            for answer in (client.get(address), *posts(client, name, address)):
                assert stays_closed(answer), (role, address, answer.status_code)
    assert everything() == before


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_what_one_only_sees_one_does_not_change(world, model):
    """An owner of one team, who in the other may look at figures, or review."""
    for role in ("viewer", "reviewer"):
        Membership.objects.update_or_create(
            user=world.people["owner"], team=world.other.team, defaults={"role": role}
        )
        client = world.client("owner")
        before = everything()
        for name, address in pages_of(model, world.other.team):
            if role == "reviewer" and name == "prompts_prompt_version-do":
                continue  # a review is theirs to give
            if name.endswith(("_history", "_progress", "_search")):
                continue  # only ever read
            for answer in posts(client, name, address):
                assert answer.status_code < 500, (role, address)
        assert everything() == before, role


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_nothing_is_made_for_another_team(world, model):
    before = everything()
    own = object_of(model, world.other.team)
    body = {
        "team": world.other.team.pk, "name": "stolen", "prompt": getattr(own, "prompt_id", None) or Prompt.objects.filter(team=world.other.team).first().pk,
        "approvals": 1, "kind": "text", "text": "x", "most_rows": 1, "timeout_ms": 100, "cache_seconds": 0, "on_failure": "refuse", "route": "nova-lite",
        "dimensions": 256, "floor": 0.5, "top_k": 5, "max_tokens": 100, "assertions": "[]", "pass_percent": 100, "p95_ms": 10, "label": "production",
        "version": 2, "window_minutes": 60, "minimum_calls": 20, "description": "", "tags": "", "fallback": "",
    }  # fmt: skip
    for role in (*ROLES, "nobody"):
        answer = world.client(role).post(
            reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_add"), body
        )
        assert answer.status_code in (200, 403, 404, 405), (role, answer.status_code)
    assert everything() == before


@pytest.mark.parametrize("who", [*ROLES, "nobody", "superuser"])
def test_shared_prompts_are_seen_by_all_and_changed_by_superusers(world, who):
    shared = make_prompt(None, "shared")
    client = world.client(who)
    assert client.get(url(shared)).status_code == 200
    assert client.get(url(shared, "version", 1)).status_code == 200
    answer = client.post(url(shared, "do"), {"action": "archive"})
    assert answer.status_code == (302 if who == "superuser" else 403)
    assert client.get(url(shared, "draft", 3)).status_code == (200 if who == "superuser" else 403)
    assert client.post(url(shared, "labels"), {"action": "take_away", "label": "production"}).status_code == (302 if who == "superuser" else 403)  # fmt: skip


# --- who may do what in one's own team ---


@pytest.mark.parametrize("role", ROLES)
def test_each_page_opens_for_those_it_is_for(world, role):
    client, prompt = world.client(role), mine(world)
    for page, args, who in (
        ("change", (), ROLES), ("version", (2,), ROLES), ("yaml", (1,), ROLES), ("diff", (1, 2), ROLES), ("history", (), ROLES),
        ("draft", (3,), EDITORS), ("playground", (), EDITORS),
    ):  # fmt: skip
        answer = client.get(url(prompt, page, *args))
        assert (answer.status_code == 200) == (role in who), (page, answer.status_code)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("page", "args", "posted", "who"),
    [
        ("do", (), {"action": "archive"}, EDITORS),
        ("do", (), {"action": "draft", "number": "1"}, EDITORS),
        ("labels", (), {"action": "move", "label": "staging", "number": "1"}, EDITORS),
        ("labels", (), {"action": "take_away", "label": "production"}, ("owner", "admin")),
        ("labels", (), {"action": "unprotect", "label": "production"}, ("owner", "admin")),
        ("version-do", (2,), {"action": "approve"}, (*EDITORS, "reviewer")),
        ("version-do", (2,), {"action": "comment", "comment": "Why?"}, (*EDITORS, "reviewer")),
        ("version-do", (2,), {"action": "take_back"}, EDITORS),
        ("version-do", (2,), {"action": "withdraw"}, EDITORS),
        ("version-do", (3,), {"action": "delete"}, EDITORS),
        ("yaml", (3,), {"text": "model: nova-lite", "revision": "1"}, EDITORS),
        ("settings", (), {"description": "changed", "tags": "", "fallback": ""}, EDITORS),
    ],
    ids=lambda value: value.get("action") if isinstance(value, dict) else None,
)  # fmt: skip
def test_who_does_what(world, role, page, args, posted, who):
    before = everything()
    answer = world.client(role).post(url(mine(world), page, *args), posted)
    assert answer.status_code == (302 if role in who else 403)
    if role not in who:
        assert everything() == before


def test_addresses_that_lead_nowhere(world):
    client, prompt = world.client("owner"), mine(world)
    for page, args in (
        ("version", (99,)),
        ("draft", (99,)),
        ("yaml", (99,)),
        ("diff", (1, 99)),
        ("version", (10**30,)),
    ):
        assert client.get(url(prompt, page, *args)).status_code == 404
    assert client.get(url(prompt, "playground") + "?version=99").status_code == 404
    assert client.get(url(prompt, "playground") + "?version=x&compare=%00").status_code == 200
    assert client.get(url(prompt, "do")).status_code == 403
    assert client.get(reverse("admin:prompts_prompt_change", args=[10**30])).status_code == 404
    for number in ("x", "", "9" * 40, "-1"):
        before = LabelMove.objects.count()
        assert (
            client.post(url(prompt, "labels"), {"action": "move", "label": "x", "number": number}).status_code
            == 404
        )
        assert LabelMove.objects.count() == before
    for posted in ({"action": "nothing"}, {}, {"action": "resolve", "id": "9" * 40}):
        assert client.post(url(prompt, "version-do", 2), posted).status_code == 302


# --- the editor ---

RICH = Document(
    messages=(
        Message(role="system", text="\n  You answer.\n\n\tTabs, “quotes” & <b>marks</b> </textarea>\n{# note #}  "),
        Message(text="{% for each in list %}\n- {{ each }}\n{% endfor %}{{ text }}{{ number }}{{ flag }}{{ object | tojson }}{{ empty }}{{ lines }}"),
        Message(role="assistant", text="Sure:"),
        Message(text="Go on."),
    ),
    variables=(
        Variable(name="text", description='What "it" says', schema={"maxLength": 40, "pattern": '^[^"\\\\]*$'}, example="  a b  "),
        Variable(name="number", type="number", default=1.5, example=0),
        Variable(name="whole", type="integer", default=0, is_required=False),
        Variable(name="flag", type="boolean", default=False, example=True, is_personal=True),
        Variable(name="list", type="array", default=[1, "ü", None], schema={"items": {}}),
        Variable(name="object", type="object", default={"a": {"b": [True]}}, is_required=False, is_personal=True),
        Variable(name="empty", default=""),
        Variable(name="lines", default="one\ntwo\n", example='"quoted"'),
        Variable(name="null_like", default="null", example="3"),
    ),
    examples=(Example(user="A?\n\nB?", assistant=" Yes.\n"), Example(user="{{ not a template }}", assistant="No")),
    model="nova-lite",
    parameters=Parameters(temperature=0.0, top_p=0.25, stop_sequences=("\n\nHuman:", " END ", "\\n", "a\\b", '"'), extra={"top_k": 5}),
    tools=(Tool(name="find", description="Finds\nthings", schema={"type": "object", "properties": {"on": {"type": "string"}}}), Tool(name="b", schema={})),
    tool_choice="find",
    output=Output(schema={"type": ["array", "null"], "items": {"enum": ["yes", "no", 3, None]}}, mode="tool", corrections=0, on_failure="fallback", fallback=["yes"], streams_prefix=True),
    limits=Limits(max_input_tokens=100, max_output_tokens=7, too_large="summarise", summary_model="nova-lite"),
    caches_prefix=True,
    privacy={"names": True},
    context=("house_rules",),
    knowledge=Knowledge(bases=("handbook",), query=" {{ text }}\n and more", top_k=3, floor=0.25, max_tokens=99, unsure_below=0.5, when_unsure="refuse", unsure_answer="I am\nnot sure. "),
    takes_messages=False,
)  # fmt: skip


def form_of(page: str, selector: str) -> dict[str, str]:
    """What a browser would send of a form as it was served."""
    form = LexborHTMLParser(page).css_first(selector)
    sent: dict[str, str] = {}
    for field in form.css("input, select, textarea"):
        name, kind = field.attributes.get("name"), field.attributes.get("type")
        if (
            not name
            or "__prefix__" in name
            or (kind in ("checkbox", "radio") and "checked" not in field.attributes)
        ):
            continue
        if field.tag == "textarea":
            sent[name] = field.text().replace("\r\n", "\n").replace("\n", "\r\n")
        elif field.tag == "select":
            chosen = field.css_first("option[selected]") or field.css_first("option")
            sent[name] = chosen.attributes.get("value", chosen.text()) or ""
        else:
            value = field.attributes.get("value") or ("on" if kind == "checkbox" else "")
            assert kind == "hidden" or "\n" not in value, f"a browser would lose lines of {name}"
            sent[name] = value
    return sent


def saved(prompt: Prompt, document: Document, number: int = 3) -> PromptVersion:
    version = prompt.versions.get(number=number)
    return save_draft(
        version=version, document=document, revision=version.revision, by=None, note="Why\nnot", goal=""
    )


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
    assert decoded(version.document) == document
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
    now = decoded(prompt.versions.get(number=3).document)
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
    assert (decoded(version.document), version.revision) == (RICH, 2)


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
    assert decoded(prompt.versions.get(number=3).document).messages[0].text == "Mine."


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
    assert decoded(prompt.versions.get(number=3).document) == RICH


# --- versions, diffs, the playground ---


def test_a_version_as_reviewers_read_it(world):
    prompt = mine(world)
    ReviewComment.objects.create(
        version=prompt.versions.get(number=2), text="<script>Why?", path="messages.0"
    )
    saved(
        prompt,
        Document(
            **{**vars_of(RICH), "messages": (Message(text="Greet {{ text }} <script>alert(1)</script>"),)}
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
    saved(prompt, Document(model="nova-pro", messages=(Message(text="Greet {{ name }} warmly."),)))
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
    prompt = Prompt.objects.create(team=world.mine.team, name="empty")
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
    assert encoded(decoded(version.document)) == encoded(RICH)
