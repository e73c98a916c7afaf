"""Prompts from draft to label over the management API, as a pipeline of a team would do it."""

from typing import Any

import pytest
from django.test import Client

from governance.limits.models import Budget
from prompts.evaluations.models import TestSet
from prompts.knowledge.models import ContextSource
from prompts.registry.models import Label, Prompt, PromptVersion, ReviewRule
from prompts.registry.services.prompts import new_draft
from tests.accounts.api_resources import API, ask
from tests.accounts.factories import make_member, make_person

pytestmark = pytest.mark.django_db
DOCUMENT = {
    "model": "nova-lite",
    "messages": [{"role": "system", "text": "You greet."}, {"text": "Greet {{ name }}.\n"}],
    "variables": [{"name": "name", "schema": {"maxLength": 40}}],
    "output": {"schema": {"type": "object"}, "fallback": {"a": None}},
}


class Person:
    """Somebody's side of the API."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = ask(self.client, method, f"{API}/{path}", body)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None


@pytest.fixture
def developer(world) -> Person:
    return Person(world.client("developer"))


@pytest.fixture
def prompt(world, developer) -> int:
    return int(
        developer(
            "post", "prompts/", {"team": world.mine.team.pk, "name": "support", "tags": ["a"]}, status=201
        )["id"]
    )


def draft(person: Person, prompt: int, document: Any = DOCUMENT, **more: Any) -> dict[str, Any]:
    """The prompt's first draft with something in it."""
    version = person("get", f"prompt-versions/?prompt={prompt}&state=draft")["results"][0]
    body = {"document": document, "revision": version["revision"], "note": "First.", **more}
    found: dict[str, Any] = person("patch", f"prompt-versions/{version['id']}/", body)
    return found


def test_from_draft_to_label(world, developer, prompt):
    reviewer = Person(world.client("reviewer"))
    made = draft(developer, prompt)
    assert (made["number"], made["state"], made["revision"], made["problems"]) == (1, "draft", 2, [])
    assert made["document"] == DOCUMENT | {
        "messages": [{"role": "system", "text": "You greet."}, {"text": "Greet {{ name }}.\n"}]
    }
    one = f"prompt-versions/{made['id']}/"
    sent = developer("post", one + "submit/")
    assert (sent["state"], sent["missing"]) == ("in_review", ["“Two pairs of eyes” wants 1 more approval."])
    remark = reviewer("post", one + "comment/", {"text": "Why?", "path": "messages.0", "line": 1}, status=201)
    assert (remark["author"], remark["is_resolved"]) == ("The reviewer", False)
    refused = developer("post", one + "review/", {"verdict": "approve"}, status=409)
    assert "somebody else" in refused["detail"]
    refused = reviewer("post", one + "review/", {"verdict": "approve", "digest": "other"}, status=409)
    assert "changed since you read it" in refused["detail"]
    done = reviewer("post", one + "review/", {"verdict": "approve", "digest": sent["digest"]})
    assert (done["state"], done["missing"], len(done["reviews"]), len(done["comments"])) == (
        "approved",
        [],
        1,
        1,
    )
    label = developer(
        "post",
        "prompt-labels/",
        {"prompt": prompt, "name": "production", "version": 1, "reason": "Ready."},
        status=201,
    )
    assert (label["version"], label["is_protected"]) == (1, True)
    assert developer("get", f"prompts/{prompt}/")["labels"] == {"production": 1}
    (move,) = developer("get", f"label-moves/?prompt={prompt}")["results"]
    assert (move["label"], move["from_version"], move["to_version"], move["reason"]) == (
        "production",
        None,
        1,
        "Ready.",
    )


def test_what_can_not_be_submitted_says_all_that_is_wrong(developer, prompt):
    made = draft(developer, prompt, {"messages": [{"text": "{{ a }}"}]}, note="")
    assert len(made["problems"]) == 2
    refused = developer("post", f"prompt-versions/{made['id']}/submit/", status=409)
    assert len(refused["problems"]) == 3
    assert any("Declare it" in problem for problem in refused["problems"])
    assert any("Say what changed" in problem for problem in refused["problems"])


def test_who_sends_an_older_revision_is_told(developer, prompt):
    made = draft(developer, prompt)
    one = f"prompt-versions/{made['id']}/"
    assert "saved this draft" in developer("patch", one, {"note": "x", "revision": 1}, status=409)["detail"]
    assert "revision" in developer("patch", one, {"note": "x"}, status=400)
    assert developer("get", one)["note"] == "First."
    assert developer("patch", one, {"note": "x", "revision": 2})["revision"] == 3
    assert developer("get", one)["document"] == made["document"], "what is not sent stays"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"note": "x", "revision": 2}), ("submit/", {}), ("take-back/", {}), ("review/", {"verdict": "approve"}),
    ],
)  # fmt: skip
def test_what_an_approved_version_refuses(world, developer, prompt, path, body):
    ReviewRule.objects.all().delete()
    made = draft(developer, prompt)
    developer("post", f"prompt-versions/{made['id']}/submit/")
    who = Person(world.client("reviewer")) if path == "review/" else developer
    refused = who("post" if path else "patch", f"prompt-versions/{made['id']}/{path}", body, status=409)
    assert refused["detail"]
    assert refused["problems"] == []
    developer("delete", f"prompt-versions/{made['id']}/", status=409)


def test_withdrawn_and_taken_back(world, developer, prompt):
    made = draft(developer, prompt)
    one = f"prompt-versions/{made['id']}/"
    developer("post", one + "submit/")
    Person(world.client("reviewer"))(
        "post", one + "review/", {"verdict": "request_changes", "comment": "No."}
    )
    back = developer("post", one + "take-back/")
    assert (back["state"], [each["is_stale"] for each in back["reviews"]]) == ("draft", [True])
    developer("post", one + "submit/")
    developer("post", one + "withdraw/", {}, status=400)
    assert developer("post", one + "withdraw/", {"reason": "Wrong."})["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "null"), ("text", "does not fit"), ([], "does not fit"), ({"colour": "red"}, "does not fit"), ({"messages": [{"role": "king", "text": ""}]}, "role"),
        ({"messages": [{"text": 3}]}, "text"), ({"parameters": {"temperature": "warm"}}, "temperature"), ({"limits": {"max_input_tokens": 1.5}}, "max_input_tokens"),
    ],
)  # fmt: skip
def test_documents_that_do_not_fit(developer, prompt, document, words):
    version = PromptVersion.objects.get(prompt=prompt)
    answer = developer(
        "patch", f"prompt-versions/{version.pk}/", {"document": document, "revision": 1}, status=400
    )
    assert words in str(answer["document"])


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_can_not_be_stored_is_refused(developer, prompt, text):
    version = PromptVersion.objects.get(prompt=prompt)
    for body in (
        {"document": {"messages": [{"text": text}]}},
        {"document": {"output": {"schema": {text: 1}}}},
        {"note": text},
    ):
        answer = ask(
            developer.client, "patch", f"{API}/prompt-versions/{version.pk}/", body | {"revision": 1}
        )
        assert answer.status_code in (400, 409), answer.content
    for body in ({"description": text}, {"tags": [text]}, {"fallback": text}):
        assert ask(developer.client, "patch", f"{API}/prompts/{prompt}/", body).status_code == 400, body


def test_a_draft_is_a_copy_of_what_it_is_based_on(developer, prompt):
    draft(developer, prompt)
    second = developer(
        "post", "prompt-versions/", {"prompt": prompt, "based_on": 1, "note": "Second."}, status=201
    )
    assert (second["number"], second["document"], second["note"]) == (2, developer("get", f"prompt-versions/?prompt={prompt}&number=1")["results"][0]["document"], "Second.")  # fmt: skip
    developer("post", "prompt-versions/", {"prompt": prompt, "based_on": 99}, status=400)
    assert PromptVersion.objects.filter(prompt=prompt).count() == 2
    developer("delete", f"prompt-versions/{second['id']}/", status=204)
    assert PromptVersion.objects.filter(prompt=prompt).count() == 1


def test_filters(world, developer, prompt):
    assert len(developer("get", f"prompt-versions/?prompt={prompt}")["results"]) == 1
    assert developer("get", f"prompt-versions/?prompt={prompt}&state=approved")["results"] == []
    other = Prompt.objects.filter(team=world.other.team).first()
    assert developer("get", f"prompt-versions/?prompt={other.pk}")["results"] == []
    assert developer("get", f"prompt-labels/?prompt={other.pk}")["results"] == []
    for odd in ("prompt=x", "prompt=0", "state=odd", "number=99999999999999"):
        developer("get", f"prompt-versions/?{odd}", status=400)


def test_labels(world, developer, prompt):
    ReviewRule.objects.all().delete()
    for _ in range(2):
        if not PromptVersion.objects.filter(prompt=prompt, state="draft").exists():
            new_draft(prompt=Prompt.objects.get(pk=prompt), by=None)
        developer("post", f"prompt-versions/{draft(developer, prompt)['id']}/submit/")
    body = {"prompt": prompt, "name": "staging", "version": 1}
    label = developer("post", "prompt-labels/", body, status=201)
    moved = developer("post", "prompt-labels/", body | {"version": 2}, status=201)
    assert (moved["id"], moved["version"]) == (label["id"], 2)
    one = f"prompt-labels/{label['id']}/"
    assert developer("post", one + "roll-back/", {"reason": "No."})["version"] == 1
    assert "not been anywhere else" in developer("post", one + "roll-back/", {}, status=409)["detail"]
    developer("post", "prompt-labels/", body | {"version": 99}, status=400)
    developer("post", "prompt-labels/", body | {"name": "No Label"}, status=400)
    third = new_draft(prompt=Prompt.objects.get(pk=prompt), by=None)
    assert (
        "is a draft"
        in developer("post", "prompt-labels/", body | {"version": third.number}, status=409)["detail"]
    )
    developer("post", one + "protect/", {"is_protected": True}, status=403)
    developer("delete", one, status=403)
    owner = Person(world.client("owner"))
    assert owner("post", one + "protect/", {"is_protected": True})["is_protected"]
    assert "is protected" in owner("delete", one, status=409)["detail"]
    assert not owner("post", one + "protect/", {"is_protected": False})["is_protected"]
    owner("delete", one, status=204)
    assert not Label.objects.filter(prompt=prompt).exists()


def test_required_tests_stand_before_a_protected_label(world, developer, prompt):
    ReviewRule.objects.all().delete()
    developer("post", f"prompt-versions/{draft(developer, prompt)['id']}/submit/")
    TestSet.objects.create(
        team=world.mine.team, prompt_id=prompt, name="Must", is_required=True, assertions=[]
    )
    refused = developer(
        "post", "prompt-labels/", {"prompt": prompt, "name": "production", "version": 1}, status=409
    )
    assert "“Must” was never run" in refused["detail"]


def test_switched_off_archived_and_back(developer, prompt):
    one = f"prompts/{prompt}/"
    assert "fallback answer first" in developer("post", one + "switch/", {"on": False}, status=409)["detail"]
    developer("patch", one, {"fallback": "Call us."})
    assert developer("post", one + "switch/", {"on": False, "reason": "x"})["is_enabled"] is False
    assert developer("post", one + "switch/", {"on": True})["is_enabled"] is True
    assert developer("post", one + "archive/")["archived_at"]
    assert developer("post", one + "restore/")["archived_at"] is None
    developer("patch", one, {"name": "other"}, status=400)
    developer("delete", one, status=405)
    assert developer("patch", one, {"is_enabled": False})["is_enabled"] is True, "only by switching"


@pytest.mark.parametrize("name", ["support", "No Name", "", "a/b", "x" * 101])
def test_names_that_can_not_be_taken(world, developer, prompt, name):
    developer("post", "prompts/", {"team": world.mine.team.pk, "name": name}, status=400)
    assert Prompt.objects.filter(pk=prompt).count() == 1


# --- files ---


def test_out_to_a_file_and_in_again(world, developer, prompt):
    draft(developer, prompt)
    developer("patch", f"prompts/{prompt}/", {"description": "What it is for.", "fallback": "Call us."})
    text = developer("get", f"prompts/{prompt}/file/")["text"]
    team = world.mine.team.pk
    assert developer("post", "prompts/import/", {"team": team, "text": text}, status=201) == {
        "prompt": prompt,
        "version": None,
    }
    changed = (
        text.replace("Greet {{ name }}.", "Welcome {{ name }}.")
        .replace("note: First.", "note: Kinder.")
        .replace("- a\n", "- b\n")
    )
    assert developer("post", "prompts/import/", {"team": team, "text": changed}, status=201) == {
        "prompt": prompt,
        "version": 1,
    }
    assert developer("get", f"prompts/{prompt}/file/")["text"] == changed
    assert developer("get", f"prompts/{prompt}/")["tags"] == ["b"]
    found = developer(
        "post",
        "prompts/import/",
        {"team": team, "text": changed.replace("name: support", "name: copied")},
        status=201,
    )
    assert found["prompt"] != prompt
    assert found["version"] == 1
    assert Prompt.objects.get(pk=found["prompt"]).team == world.mine.team
    developer("post", f"prompt-versions/{PromptVersion.objects.get(prompt=prompt).pk}/submit/")
    again = developer("post", "prompts/import/", {"team": team, "text": text}, status=201)
    assert again["version"] == 2, "what was submitted is not changed"
    assert "Welcome {{ name }}." in developer("get", f"prompts/{prompt}/file/?version=1")["text"]
    developer("get", f"prompts/{prompt}/file/?version=99", status=400)
    developer("get", f"prompts/{prompt}/file/?version=x", status=400)


@pytest.mark.parametrize(
    "text", ["", "a", "name: [", "name: a\ncolour: red", "name: a\nversion: {colour: red}", "name: A B\nversion: {}", 'name: a\nnote: "\\0"\nversion: {model: x}', "name: " + "a" * 101]
)  # fmt: skip
def test_files_that_are_no_prompts(world, developer, text):
    before = Prompt.objects.count()
    developer("post", "prompts/import/", {"team": world.mine.team.pk, "text": text}, status=400)
    assert Prompt.objects.count() == before


def test_a_file_goes_to_one_s_own_team_only(world):
    body = {"text": "name: a\nversion: {}\n"}
    for who, team, status in (
        ("developer", world.other, 400),
        ("reviewer", world.mine, 403),
        ("viewer", world.mine, 403),
    ):
        Person(world.client(who))("post", "prompts/import/", body | {"team": team.team.pk}, status=status)
    make_member(world.other.team, world.people["developer"], "reviewer")
    Person(world.client("developer"))(
        "post", "prompts/import/", body | {"team": world.other.team.pk}, status=403
    )
    assert not Prompt.objects.filter(name="a").exists()


def test_what_differs(developer, prompt):
    made = draft(developer, prompt)
    other = {
        **DOCUMENT,
        "model": "nova-pro",
        "messages": [{"role": "system", "text": "You welcome."}, {"text": "Greet {{ name }}.\n"}],
    }
    second = developer("post", "prompt-versions/", {"prompt": prompt, "document": other}, status=201)
    found = developer("get", f"prompt-versions/{made['id']}/diff/?to=2")
    assert [each["path"] for each in found] == ["messages.0", "model"]
    assert [(span["kind"], span["text"]) for span in found[0]["spans"]] == [
        ("equal", "You "), ("removed", "greet"), ("added", "welcome"), ("equal", "."),
    ]  # fmt: skip
    assert developer("get", f"prompt-versions/{second['id']}/diff/?to=2") == []
    for odd in ("", "?to=", "?to=x", "?to=99", "?to=99999999999"):
        developer("get", f"prompt-versions/{made['id']}/diff/{odd}", status=400)


# --- rules and context ---


def test_rules_name_people_who_may_approve(world):
    owner = Person(world.client("owner"))
    make_person("stranger")
    body = {
        "team": world.mine.team.pk,
        "name": "Legal",
        "approvals": 1,
        "parts": ["messages"],
        "reviewers": ["reviewer@example.com"],
    }
    assert owner("post", "review-rules/", body, status=201)["reviewers"] == ["reviewer@example.com"]
    for odd in (
        {"reviewers": ["viewer@example.com"]}, {"reviewers": ["stranger@example.com"]}, {"reviewers": ["nobody-at-all@example.com"]},
        {"approvals": 0}, {"approvals": 21}, {"approvals": 2}, {"parts": ["colour"]}, {"name": "Legal", "reviewers": []},
    ):  # fmt: skip
        owner("post", "review-rules/", body | {"name": "Other"} | odd, status=400)
    assert ReviewRule.objects.filter(team=world.mine.team).count() == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "text", "text": " "}, "Write the text"),
        ({"kind": "sql", "view": "facts"}, "superusers"),
        ({"kind": "http", "url": "https://crm.example.com/x"}, "not among the hosts"),
        ({"kind": "http", "url": "http://169.254.169.254/latest"}, "not among the hosts"),
        ({"kind": "http", "url": "file:///etc/passwd"}, "whole URL"),
        ({"kind": "http", "url": "https://a@allowed.example.com/"}, "whole URL"),
        ({"kind": "http", "url": "https://allowed.example.com/{value}"}, "which variable"),
        ({"kind": "http", "url": "https://{value}.example.com/", "variable": "x"}, "whole URL"),
        ({"kind": "http", "url": "https://[1"}, "Invalid URL"),
        ({"kind": "http", "url": "https://allowed.example.com:99999/"}, "Invalid URL"),
        ({"name": "House Rules", "text": "x"}, "lower-case"),
    ],
)
def test_context_sources_that_can_not_be(world, developer, settings, body, words):
    settings.CONTEXT_HOSTS = ("allowed.example.com",)
    answer = developer(
        "post", "context-sources/", {"team": world.mine.team.pk, "name": "facts", **body}, status=400
    )
    assert words in str(answer)
    assert not ContextSource.objects.filter(name="facts").exists()


def test_context_sources_of_views_are_for_superusers_where_there_is_a_database(world, settings):
    root = Person(world.client("superuser"))
    body = {
        "team": world.mine.team.pk,
        "name": "facts",
        "kind": "sql",
        "view": "crm.facts",
        "key_column": "customer",
        "variable": "customer",
    }
    assert "GATEHOUSE_CONTEXT_DATABASE_URL" in str(root("post", "context-sources/", body, status=400))
    settings.CONTEXT_DATABASE_URL = "postgres://reader@db.example.com/crm"
    for odd in (
        {"view": ""},
        {"view": "a;b"},
        {"view": "a.b.c"},
        {"key_column": ""},
        {"variable": ""},
        {"key_column": 'a"'},
    ):
        root("post", "context-sources/", body | odd, status=400)
    made = root("post", "context-sources/", body, status=201)
    Person(world.client("developer"))(
        "patch", f"context-sources/{made['id']}/", {"view": "secrets"}, status=400
    )
    assert Budget.objects.exists()
    assert ContextSource.objects.get(name="facts").view == "crm.facts"


def test_reviewers_tell_of_nobody_who_has_an_account(world):
    """One answer for who may not approve, whether there is anybody of this address or not, and whatever else is wrong."""
    make_person("stranger", team=world.other.team, role="owner")
    body = {"team": world.mine.team.pk, "name": "Legal"}
    for others in ({}, {"approvals": 0}, {"name": ""}):
        said = []
        for name in ("stranger", "nobody", "unknown"):
            email = f"{name}@example.com"
            answer = ask(
                world.client("owner"),
                "post",
                f"{API}/review-rules/",
                {**body, **others, "reviewers": [email]},
            )
            assert answer.status_code == 400
            said.append(answer.content.decode().replace(email, "?"))
        assert len(set(said)) == 1
