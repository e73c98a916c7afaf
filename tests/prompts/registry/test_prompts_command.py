"""`manage.py prompts`: prompts kept in git, pulled, pushed and compared."""

import io
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Team
from prompts.registry.models import Label, Prompt, PromptVersion
from prompts.registry.policy.document import Document, PromptMessage, Variable
from prompts.registry.services.labels import move_label
from prompts.registry.services.prompts import archive, create_prompt, new_draft, save_draft
from prompts.registry.services.reviews import submit
from tests.accounts.factories import make_team
from tests.prompts.registry.factories import make_rule

pytestmark = pytest.mark.django_db
FILE = """name: greeting
description: Greets.
tags:
- kind
note: Kinder.
version:
  messages:
  - text: Welcome {{ name }}.
  variables:
  - name: name
  model: nova-lite
"""


@pytest.fixture
def team() -> Team:
    return make_team("Support")


@pytest.fixture
def prompt(team) -> Prompt:
    prompt = create_prompt(team=team, name="greeting", by=None, description="Greets.", tags=["kind"])
    document = Document(
        messages=(PromptMessage(text="Greet {{ name }}."),),
        variables=(Variable(name="name"),),
        model="nova-lite",
    )
    version = save_draft(
        version=prompt.versions.get(), document=document, revision=1, by=None, note="The first."
    )
    submit(version=version, by=None)
    move_label(prompt=prompt, name="production", version=version, by=None)
    return prompt


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("prompts", *map(str, arguments), stdout=out)
    return out.getvalue()


def written(folder: Path, text: str = FILE, name: str = "greeting.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def differs(*arguments: object) -> str:
    """What `diff` prints where something differs; it ends with 1."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("prompts", "diff", *map(str, arguments), stdout=out)
    assert ended.value.code == 1
    return out.getvalue()


def test_what_is_pulled_does_not_differ_and_pushes_nothing(prompt, tmp_path):
    archive(prompt=create_prompt(team=prompt.team, name="old", by=None), by=None)
    create_prompt(team=None, name="shared", by=None)
    assert "version 1" in run("pull", tmp_path / "new" / "folder", "--team", "Support")
    folder = tmp_path / "new" / "folder"
    assert [path.name for path in folder.iterdir()] == ["greeting.yaml"]
    assert "No differences." in run("diff", folder, "--team", "Support")
    assert "version 1, as it was" in run(
        "push", folder, "--team", "Support", "--submit", "--label", "production"
    )
    assert prompt.versions.count() == 1


def test_pulled_by_label(prompt, tmp_path):
    draft = new_draft(prompt=prompt, by=None)
    save_draft(version=draft, document=Document(model="other"), revision=1, by=None)
    run("pull", tmp_path / "last", "--team", "Support")
    run("pull", tmp_path / "live", "--team", "Support", "--label", "production")
    run("pull", tmp_path / "none", "--team", "Support", "--label", "staging")
    assert "model: other" in (tmp_path / "last" / "greeting.yaml").read_text()
    assert "model: nova-lite" in (tmp_path / "live" / "greeting.yaml").read_text()
    assert list((tmp_path / "none").iterdir()) == []


def test_what_would_change_is_shown_and_nothing_is(prompt, tmp_path):
    written(tmp_path)
    written(tmp_path, FILE.replace("greeting", "another"), "another.yml")
    written(tmp_path, "no prompt", "notes.txt")
    text = differs(tmp_path, "--team", "Support")
    assert "greeting, version 1:" in text
    assert "[-Greet-]{+Welcome+} {{ name }}." in text
    assert "another, new:" in text
    assert Prompt.objects.count() == 1
    assert prompt.versions.count() == 1


def test_pushed_submitted_and_labelled(prompt, tmp_path):
    path = written(tmp_path)
    text = run("push", path, "--team", "Support", "--submit", "--label", "production")
    assert "greeting: version 2, approved" in text
    assert "production leads to version 2" in text
    assert (Label.objects.get().version.number, prompt.versions.first().note) == (2, "Kinder.")
    assert "No differences." in run("diff", path, "--team", "Support")


def test_rules_hold_for_what_is_pushed(prompt, tmp_path):
    make_rule(prompt.team)
    text = run("push", written(tmp_path), "--team", "Support", "--submit", "--label", "production")
    assert "version 2, in review" in text
    assert "leads to" not in text
    assert Label.objects.get().version.number == 1
    PromptVersion.objects.filter(prompt=prompt, number=2).update(state="approved")
    assert "leads to version 2" in run(
        "push", tmp_path, "--team", "Support", "--submit", "--label", "production"
    )


def test_without_submitting_it_stays_a_draft_and_is_changed_by_the_next_push(prompt, tmp_path):
    assert "version 2, draft" in run("push", written(tmp_path), "--team", "Support", "--label", "production")
    assert Label.objects.get().version.number == 1
    run("push", written(tmp_path, FILE.replace("Welcome", "Hello")), "--team", "Support")
    assert prompt.versions.count() == 2
    assert prompt.versions.first().document["messages"] == [{"text": "Hello {{ name }}."}]


def test_a_new_prompt_is_made_in_the_team_or_for_all(team, tmp_path):
    path = written(tmp_path)
    run("push", path, "--team", "Support")
    run("push", path)
    assert set(Prompt.objects.values_list("name", "team__name")) == {
        ("greeting", "Support"),
        ("greeting", None),
    }
    assert Prompt.objects.first().tags == ["kind"]


def test_what_is_read_from_standard_input(prompt, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(FILE))
    assert "version 2" in run("push", "-", "--team", "Support")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", "greeting.yaml: The file is not valid YAML"),
        ("name: greeting\ncolour: red", "no “colour”"),
        ("name: No Name\nversion: {model: x}", "lower-case"),
        (FILE.replace("note: Kinder.\n", ""), "Say what changed"),
        (FILE.replace("{{ name }}", "{{ nobody }}"), "Declare it"),
        (FILE.replace("nova-lite", '"a\\0"'), "NUL"),
    ],
)
def test_a_push_that_fails_changes_nothing(prompt, tmp_path, text, words):
    before = list(PromptVersion.objects.values())
    with pytest.raises(CommandError, match=words):
        run("push", written(tmp_path, text), "--team", "Support", "--submit")
    assert list(PromptVersion.objects.values()) == before
    assert Prompt.objects.count() == 1


@pytest.mark.parametrize("action", ["push", "diff"])
def test_what_is_not_there_is_said(prompt, tmp_path, action):
    with pytest.raises(CommandError, match="There is no "):
        run(action, tmp_path / "missing.yaml", "--team", "Support")
    with pytest.raises(CommandError, match="no team “Nobody”"):
        run(action, written(tmp_path), "--team", "Nobody")
    with pytest.raises(CommandError, match=r"bad\.yaml"):
        run(action, written(tmp_path, "- a", "bad.yaml"), "--team", "Support")
