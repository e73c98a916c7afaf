"""Drafts, reviews and labels of prompts: what each step asks for, whoever takes it."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from accounts.models import Team, User
from kernel.clock import utc_now
from prompts.evaluations.models import TestSet
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services.test_sets import add_cases
from prompts.registry.models import (
    Label,
    LabelMove,
    Prompt,
    PromptVersion,
    ReviewRule,
    ReviewVerdict,
    VersionState,
)
from prompts.registry.policy.document import Document, Output, PromptMessage, Variable, encode_document
from prompts.registry.services.labels import move_label, previous_version, protect, roll_back, take_away
from prompts.registry.services.prompts import (
    PromptError,
    StaleDraftError,
    archive,
    create_prompt,
    delete_draft,
    new_draft,
    problems_of,
    restore,
    save_draft,
    switch,
)
from prompts.registry.services.reviews import UnsubmittableError, comment, review, submit, take_back, withdraw
from prompts.rollout.models import Experiment
from prompts.rollout.services import experiments
from tests.accounts.factories import make_person, make_superuser, make_team
from tests.prompts.evaluations.factories import begin
from tests.prompts.evaluations.test_evaluations import finish
from tests.prompts.registry.factories import DOCUMENT, make_rule, make_version
from tests.prompts.rollout.factories import make_experiment

pytestmark = pytest.mark.django_db
GOOD = Document(
    model="nova-lite", messages=(PromptMessage(text="Greet {{ name }}."),), variables=(Variable(name="name"),)
)


@pytest.fixture
def team() -> Team:
    return make_team("Support")


@pytest.fixture
def people(team) -> dict[str, User]:
    """A person in each role, a second reviewer, one of another team, and a superuser."""
    found = {
        "root": make_superuser(),
        "stranger": make_person("stranger", team=make_team("Other"), role="owner"),
    }
    for role in ("owner", "developer", "reviewer", "viewer"):
        found[role] = make_person(role, team=team, role=role)
    found["second"] = make_person("second", team=team, role="reviewer")
    return found


@pytest.fixture
def prompt(team, people) -> Prompt:
    return create_prompt(team=team, name="greeting", by=people["developer"])


def draft_of(
    prompt: Prompt, by: User | None = None, document: Document = GOOD, note: str = "First words."
) -> PromptVersion:
    """A draft with something in it; the one there is, or a new one."""
    version = prompt.versions.filter(state="draft").first() or new_draft(prompt=prompt, by=by)
    return save_draft(version=version, document=document, revision=version.revision, by=by, note=note)


def stored(document: Document) -> Any:
    return json.loads(json.dumps(encode_document(document)))


def in_review(prompt: Prompt, by: User, **rule: Any) -> PromptVersion:
    """A version of somebody's that one rule keeps in review."""
    ReviewRule.objects.get_or_create(team=prompt.team, name="A rule", defaults={"approvals": 1})
    ReviewRule.objects.filter(team=prompt.team).update(**rule) if rule else None
    return submit(version=draft_of(prompt, by), by=by)


def approved(prompt: Prompt) -> PromptVersion:
    """A version nobody had to look at."""
    return submit(version=draft_of(prompt), by=None)


def state(version: PromptVersion) -> str:
    return PromptVersion.objects.get(pk=version.pk).state


# --- drafts ---


def test_of_two_who_save_one_draft_the_second_is_told(prompt, people):
    mine, yours = (prompt.versions.get() for _ in range(2))
    save_draft(version=mine, document=GOOD, revision=mine.revision, by=people["developer"])
    with pytest.raises(StaleDraftError, match=r"developer@example\.com saved this draft"):
        save_draft(version=yours, document=Document(), revision=1, by=people["owner"])
    kept = prompt.versions.get()
    assert (kept.document, kept.revision, kept.author) == (stored(GOOD), 2, people["developer"])
    save_draft(version=yours, document=Document(), revision=2, by=people["owner"], note="Mine")
    kept.refresh_from_db()
    assert (kept.revision, kept.author, kept.note) == (3, people["developer"], "Mine")
    with pytest.raises(StaleDraftError, match=r"owner@example\.com saved this draft"):
        save_draft(version=mine, document=GOOD, revision=2, by=people["developer"])


def test_what_can_not_be_stored_is_refused(prompt):
    version = prompt.versions.get()
    for text in ("a\0b", "\ud800"):
        with pytest.raises(PromptError, match=r"NUL|surrogate"):
            save_draft(
                version=version, document=Document(messages=(PromptMessage(text=text),)), revision=1, by=None
            )
        with pytest.raises(PromptError, match=r"NUL|surrogate"):
            save_draft(version=version, document=GOOD, revision=1, by=None, note=text)
    with pytest.raises(PromptError, match="nan"):
        save_draft(
            version=version,
            document=Document(variables=(Variable(name="a", example=float("nan")),)),
            revision=1,
            by=None,
        )
    version.refresh_from_db()
    assert version.revision == 1


def test_a_new_draft_is_a_copy_of_what_it_is_based_on(prompt, people):
    first = draft_of(prompt)
    copy = new_draft(prompt=prompt, by=people["owner"], based_on=first)
    assert (copy.number, copy.state, copy.document, copy.author) == (
        2,
        "draft",
        first.document,
        people["owner"],
    )
    assert new_draft(prompt=prompt, by=None).document == {}


def test_a_name_can_not_be_taken_twice(prompt, team, people):
    for name in ("greeting", "Greeting", "a b", "", "ü", "a/b"):
        with pytest.raises(ValidationError):
            create_prompt(team=team, name=name, by=None)
    create_prompt(team=None, name="greeting", by=None)
    with pytest.raises(ValidationError):
        create_prompt(team=None, name="greeting", by=None)


# --- submitting ---


@pytest.mark.parametrize(
    ("document", "note", "words"),
    [
        (GOOD, " ", "Say what changed"),
        (Document(), "x", "There is no message"),
        (Document(messages=GOOD.messages, model="m"), "x", "uses “name”, which is not a declared variable"),
        (Document(messages=GOOD.messages, variables=GOOD.variables), "x", "Choose the model"),
        (Document(messages=(PromptMessage(text="{{ a"),), model="m"), "x", "Message 1: Line 1"),
        (Document(messages=(PromptMessage(text="a"),), model="m", output=Output(schema={"type": "x"})), "x", "output contract"),
        (Document(messages=(PromptMessage(text="a"),), model="m", privacy={"names": "often"}), "x", "privacy policy"),
    ],
)  # fmt: skip
def test_submitting_needs_a_note_and_a_document_that_runs(prompt, document, note, words):
    version = draft_of(prompt, document=document, note=note)
    with pytest.raises(UnsubmittableError, match=words) as error:
        submit(version=version, by=None)
    assert any(words in problem for problem in error.value.problems)
    assert state(version) == "draft"


def test_all_that_is_wrong_is_said_at_once(prompt):
    version = draft_of(prompt, document=Document(messages=(PromptMessage(text="{{ a }}{{ b }}"),)), note="")
    with pytest.raises(UnsubmittableError) as error:
        submit(version=version, by=None)
    assert len(error.value.problems) == 4


def test_without_a_rule_a_version_is_approved_at_once(prompt, people):
    version = submit(version=draft_of(prompt, people["developer"]), by=people["developer"])
    assert (version.state, len(version.digest)) == ("approved", 64)
    assert version.approved_at is not None
    with pytest.raises(PromptError, match="was submitted already"):
        submit(version=version, by=None)


SUBMITTED = ("in_review", "approved", "withdrawn")


@pytest.mark.parametrize("which", SUBMITTED)
@pytest.mark.parametrize(
    "change", ["document = '{}'", "digest = 'x'", "note = 'other'", "goal = 'other'", "number = 9"]
)
def test_a_submitted_version_never_changes_not_even_by_sql(prompt, people, which, change):
    version = in_review(prompt, people["developer"])
    if which != "in_review":
        PromptVersion.objects.filter(pk=version.pk).update(state=which)
    before = PromptVersion.objects.values().get(pk=version.pk)
    with (
        pytest.raises(DatabaseError, match="never changes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE prompts_promptversion SET {change} WHERE id = %s", [version.pk])
    version.refresh_from_db()
    with pytest.raises(PromptError, match="was submitted and can't be changed"):
        save_draft(version=version, document=Document(), revision=version.revision, by=people["root"])
    with pytest.raises(PromptError, match="stays on record"):
        delete_draft(version=version, by=people["root"])
    assert PromptVersion.objects.values().get(pk=version.pk) == before


@pytest.mark.parametrize(("was", "becomes"), [("approved", "draft"), ("approved", "in_review"), ("withdrawn", "draft"), ("withdrawn", "in_review")])  # fmt: skip
def test_what_was_approved_is_no_draft_again(prompt, people, was, becomes):
    version = in_review(prompt, people["developer"])
    PromptVersion.objects.filter(pk=version.pk).update(state=was)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        PromptVersion.objects.filter(pk=version.pk).update(state=becomes)
    with pytest.raises(PromptError, match="Only a version in review"):
        take_back(version=version, by=people["root"])


# --- reviews ---


def approve(version: PromptVersion, by: User, **options: Any) -> None:
    review(version=version, reviewer=by, verdict=ReviewVerdict.APPROVE, **options)


@pytest.mark.parametrize("who", ["owner", "reviewer", "root"])
def test_who_may_approve(prompt, people, who):
    version = in_review(prompt, people["developer"])
    approve(version, people[who], digest=version.digest)
    assert state(version) == "approved"


@pytest.mark.parametrize(
    ("who", "words"), [("developer", "somebody else"), ("stranger", "may not"), ("viewer", "may not")]
)
@pytest.mark.parametrize("verdict", ReviewVerdict.values)
def test_who_may_not(prompt, people, who, words, verdict):
    version = in_review(prompt, people["developer"])
    with pytest.raises(PromptError, match=words):
        review(version=version, reviewer=people[who], verdict=ReviewVerdict(verdict), comment="No.")
    people["reviewer"].is_active = False
    people["reviewer"].save()
    with pytest.raises(PromptError, match="may not"):
        approve(version, people["reviewer"])
    assert not version.reviews.exists()
    assert state(version) == "in_review"


def test_a_superuser_s_own_version_is_for_somebody_else(prompt, people):
    version = in_review(prompt, people["root"])
    with pytest.raises(PromptError, match="somebody else"):
        approve(version, people["root"])


def test_a_shared_prompt_is_for_another_superuser(people):
    shared = create_prompt(team=None, name="shared", by=people["root"])
    version = submit(version=draft_of(shared, people["root"]), by=people["root"])
    assert version.state == "in_review"
    for who, words in (("root", "somebody else"), ("owner", "may not"), ("reviewer", "may not")):
        with pytest.raises(PromptError, match=words):
            approve(version, people[who])
    approve(version, make_superuser("second-root"))
    assert state(version) == "approved"


def test_as_many_approvals_as_the_rule_wants(prompt, people):
    version = in_review(prompt, people["developer"], approvals=2)
    approve(version, people["reviewer"])
    approve(version, people["reviewer"])
    assert state(version) == "in_review", "one person counts once"
    approve(version, people["second"])
    assert state(version) == "approved"
    with pytest.raises(PromptError, match="not in review"):
        approve(version, people["owner"])


def test_only_the_rule_s_reviewers_count(prompt, people):
    version = in_review(prompt, people["developer"])
    ReviewRule.objects.get().reviewers.add(people["second"])
    approve(version, people["reviewer"])
    assert state(version) == "in_review"
    approve(version, people["second"])
    assert state(version) == "approved"


@pytest.mark.parametrize(("tag", "asks"), [("", True), ("legal", True), ("other", False)])
def test_rules_by_tag(prompt, people, tag, asks):
    Prompt.objects.update(tags=["legal"])
    assert (in_review(prompt, people["developer"], tag=tag).state == "in_review") is asks


@pytest.mark.parametrize(
    ("changed", "asks"),
    [
        ({"messages": (PromptMessage(text="Hello {{ name }}."),)}, True),
        ({"model": "nova-pro"}, False),
        ({"takes_messages": False}, True),
    ],
)
def test_rules_by_part_compare_with_what_was_approved_last(prompt, people, changed, asks):
    approved(prompt)
    second = new_draft(prompt=prompt, by=None)
    document = Document(
        **{"messages": GOOD.messages, "variables": GOOD.variables, "model": GOOD.model} | changed
    )
    save_draft(version=second, document=document, revision=1, by=None, note="x")
    make_rule(prompt.team, "Words", parts=["messages"])
    assert (submit(version=second, by=None).state == "in_review") is asks


def test_who_asks_for_changes_says_which_and_holds_it_up(prompt, people):
    version = in_review(prompt, people["developer"])
    with pytest.raises(PromptError, match="Say what should change"):
        review(
            version=version, reviewer=people["reviewer"], verdict=ReviewVerdict.REQUEST_CHANGES, comment=" "
        )
    review(
        version=version,
        reviewer=people["reviewer"],
        verdict=ReviewVerdict.REQUEST_CHANGES,
        comment="Shorter.",
    )
    approve(version, people["second"])
    assert state(version) == "in_review"
    approve(version, people["reviewer"])
    assert state(version) == "approved"


def test_what_was_read_is_what_is_approved(prompt, people):
    version = in_review(prompt, people["developer"])
    read = version.digest
    back = take_back(version=version, by=people["developer"])
    other = Document(model="nova-lite", messages=(PromptMessage(text="Insult them."),))
    save_draft(version=back, document=other, revision=back.revision, by=people["developer"])
    submit(version=back, by=people["developer"])
    with pytest.raises(PromptError, match="changed since you read it"):
        approve(version, people["reviewer"], digest=read)


def test_taken_back_it_loses_its_approvals(prompt, people):
    version = in_review(prompt, people["developer"], approvals=2)
    approve(version, people["reviewer"])
    back = take_back(version=version, by=people["developer"])
    assert (back.state, back.digest, back.submitted_at) == ("draft", "", None)
    again = submit(version=back, by=people["developer"])
    approve(again, people["second"])
    assert state(version) == "in_review"
    assert [each.is_stale for each in version.reviews.order_by("id")] == [True, False]
    approve(again, people["reviewer"])
    assert state(version) == "approved"


def test_a_label_keeps_a_version_from_being_taken_back_or_withdrawn(prompt, people):
    version = in_review(prompt, people["developer"])
    move_label(prompt=prompt, name="staging", version=version, by=None)
    for step in (
        lambda: take_back(version=version, by=None),
        lambda: withdraw(version=version, by=None, reason="x"),
    ):
        with pytest.raises(PromptError, match="label staging leads to it"):
            step()
    take_away(prompt=prompt, name="staging", by=None)
    assert withdraw(version=version, by=None, reason="x").state == "withdrawn"
    with pytest.raises(PromptError, match="Only a submitted version"):
        withdraw(version=version, by=None, reason="again")


def test_what_an_experiment_gives_out_is_not_withdrawn(prompt, people):
    for _ in range(3):
        approved(prompt)
    move_label(prompt=prompt, name="production", version=prompt.versions.get(number=3), by=None)
    experiment = make_experiment(prompt)
    experiments.start(experiment, by=None, now=utc_now())
    with pytest.raises(PromptError, match="gives it to callers"):
        withdraw(version=prompt.versions.get(number=2), by=None, reason="x")
    experiments.stop(Experiment.objects.get(), by=None, now=utc_now(), reason="Done.")
    assert withdraw(version=prompt.versions.get(number=2), by=None, reason="x").state == "withdrawn"


def test_remarks(prompt, people):
    with pytest.raises(PromptError, match="empty"):
        comment(version=prompt.versions.get(), by=people["reviewer"], text="  ")
    made = comment(
        version=prompt.versions.get(), by=people["reviewer"], text=" Why? ", path="messages.0", line=3
    )
    assert (made.text, made.path, made.line) == ("Why?", "messages.0", 3)


# --- labels ---


def test_a_protected_label_leads_to_approved_versions_only(prompt, people):
    version = in_review(prompt, people["developer"])
    with pytest.raises(PromptError, match=r"production is protected\. Version 1 is not approved"):
        move_label(prompt=prompt, name="production", version=version, by=people["root"])
    move_label(prompt=prompt, name="staging", version=version, by=people["developer"])
    protect(prompt=prompt, name="staging", is_protected=True, by=None)
    second = submit(version=draft_of(prompt, people["developer"]), by=None)
    with pytest.raises(PromptError, match="staging is protected"):
        move_label(prompt=prompt, name="staging", version=second, by=people["root"])
    approve(version, people["reviewer"])
    assert move_label(prompt=prompt, name="production", version=version, by=None).is_protected
    with pytest.raises(PromptError, match="no label beta"):
        protect(prompt=prompt, name="beta", is_protected=True, by=None)


def test_a_protected_label_wants_the_required_tests_passed(prompt, team, people):
    version = approved(prompt)
    test_set = TestSet.objects.create(
        team=team, prompt=prompt, name="Questions", is_required=True, assertions=[{"kind": "equals"}]
    )
    add_cases(test_set, [Case(variables={"name": "Ann"}, expected="Hi")])
    test_set.refresh_from_db()
    with pytest.raises(PromptError, match="“Questions” was never run"):
        move_label(prompt=prompt, name="production", version=version, by=None)
    move_label(prompt=prompt, name="staging", version=version, by=None)
    finish(begin(test_set, people["root"]), "failed")
    with pytest.raises(PromptError, match="did not pass"):
        move_label(prompt=prompt, name="production", version=version, by=None)
    finish(begin(test_set, people["root"]), "passed")
    assert move_label(prompt=prompt, name="production", version=version, by=None).version == version


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("draft", "is a draft"),
        ("withdrawn", "is withdrawn"),
        ("other", "another prompt"),
        ("archived", "archived"),
    ],
)
def test_where_no_label_leads(prompt, team, which, words):
    version = approved(prompt)
    if which == "draft":
        version = new_draft(prompt=prompt, by=None)
    elif which == "withdrawn":
        withdraw(version=version, by=None, reason="x")
    elif which == "other":
        version = approved(create_prompt(team=team, name="other", by=None))
    else:
        archive(prompt=prompt, by=None)
    with pytest.raises(PromptError, match=words):
        move_label(prompt=prompt, name="staging", version=version, by=None)
    with pytest.raises(ValidationError):
        move_label(prompt=prompt, name="no label!", version=version, by=None)
    assert not Label.objects.filter(prompt=prompt).exists()
    assert not LabelMove.objects.exists()


def test_rolled_back_twice_it_is_back_two_moves(prompt, people):
    versions = [approved(prompt) for _ in range(3)]
    for version in versions:
        move_label(prompt=prompt, name="production", version=version, by=people["developer"])
    assert roll_back(prompt=prompt, name="production", by=people["owner"]).version == versions[1]
    assert roll_back(prompt=prompt, name="production", by=people["owner"]).version == versions[0]
    with pytest.raises(PromptError, match="not been anywhere else"):
        roll_back(prompt=prompt, name="production", by=people["owner"])
    move_label(prompt=prompt, name="production", version=versions[2], by=None)
    assert roll_back(prompt=prompt, name="production", by=None).version == versions[0]
    moves = [(move.from_version, move.to_version) for move in LabelMove.objects.order_by("id")]
    assert moves == [(None, 1), (1, 2), (2, 3), (3, 2), (2, 1), (1, 3), (3, 1)]
    assert LabelMove.objects.order_by("id")[3].moved_by == people["owner"]


def test_rolling_back_asks_what_a_move_asks(prompt, people):
    first, second = approved(prompt), approved(prompt)
    for version in (first, second):
        move_label(prompt=prompt, name="production", version=version, by=None)
    withdraw(version=first, by=None, reason="Wrong.")
    assert previous_version(Label.objects.get()) is None
    with pytest.raises(PromptError, match="not been anywhere else"):
        roll_back(prompt=prompt, name="production", by=None)
    with pytest.raises(PromptError, match="no label beta"):
        roll_back(prompt=prompt, name="beta", by=None)


def test_moving_to_where_it_is_puts_nothing_on_record(prompt):
    version = approved(prompt)
    for _ in range(2):
        move_label(prompt=prompt, name="staging", version=version, by=None)
    assert LabelMove.objects.count() == 1


def test_taken_away_it_has_no_way_back(prompt, people):
    first, second = approved(prompt), approved(prompt)
    for version in (first, second):
        move_label(prompt=prompt, name="production", version=version, by=None)
    take_away(prompt=prompt, name="production", by=people["owner"], reason="Over.")
    assert not Label.objects.exists()
    with pytest.raises(PromptError, match="no label production"):
        take_away(prompt=prompt, name="production", by=None)
    label = move_label(prompt=prompt, name="production", version=second, by=None)
    assert label.is_protected
    assert previous_version(label) is None


# --- what is in use, and its end ---


def test_a_draft_is_thrown_away_unless_something_names_it(prompt, people):
    approved(prompt)
    draft = new_draft(prompt=prompt, by=None)
    experiment = make_experiment(prompt)
    with pytest.raises(PromptError, match="experiment or a rollout names this draft"):
        delete_draft(version=draft, by=people["developer"])
    experiment.delete()
    delete_draft(version=draft, by=people["developer"])
    assert [version.number for version in prompt.versions.all()] == [1]


def test_an_archived_prompt_has_no_labels(prompt):
    move_label(prompt=prompt, name="production", version=approved(prompt), by=None)
    with pytest.raises(PromptError, match="call it by production"):
        archive(prompt=prompt, by=None)
    take_away(prompt=prompt, name="production", by=None)
    archive(prompt=prompt, by=None)
    prompt.refresh_from_db()
    assert prompt.archived_at is not None
    restore(prompt=prompt, by=None)
    prompt.refresh_from_db()
    assert prompt.archived_at is None


def test_switching_off_wants_a_fallback(prompt):
    with pytest.raises(PromptError, match="fallback answer first"):
        switch(prompt=prompt, on=False, by=None)
    assert Prompt.objects.get().is_enabled
    Prompt.objects.update(fallback="Please call us.")
    prompt.refresh_from_db()
    switch(prompt=prompt, on=False, by=None)
    assert not Prompt.objects.get().is_enabled
    switch(prompt=prompt, on=True, by=None)
    assert Prompt.objects.get().is_enabled


def test_a_fallback_answer_that_breaks_the_contract_is_refused_wherever_it_would_count(prompt):
    schema = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
    held = make_version(prompt, number=7, document=DOCUMENT | {"output": {"schema": schema}})
    own = make_version(
        prompt, number=8, document=DOCUMENT | {"output": {"schema": schema, "fallback": {"city": "Bern"}}}
    )
    Prompt.objects.update(fallback="Please call us.")
    prompt.refresh_from_db()
    with pytest.raises(PromptError, match="breaks its output contract"):
        move_label(prompt=prompt, name="staging", version=held, by=None)
    move_label(prompt=prompt, name="staging", version=own, by=None)
    prompt.full_clean()
    prompt.fallback = '{"city": "Basel"}'
    prompt.save()
    move_label(prompt=prompt, name="staging", version=held, by=None)
    prompt.full_clean()
    prompt.fallback = '{"town": "Basel"}'
    with pytest.raises(ValidationError, match="Version 7"):
        prompt.full_clean()
    Prompt.objects.update(fallback='{"town": "Basel"}')  # as it may have been before this was looked at
    prompt.refresh_from_db()
    with pytest.raises(PromptError, match="Mend it first"):
        switch(prompt=prompt, on=False, by=None)
    assert Prompt.objects.get().is_enabled


def test_a_document_nobody_can_read_is_said_to_be(prompt):
    PromptVersion.objects.update(document={"colour": "red"})
    assert "does not fit" in problems_of(prompt.versions.get())[0]
    assert prompt.versions.get().state == VersionState.DRAFT
