"""What could weaken a required test takes more than editing, whichever way it is asked for."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from prompts.evaluations.models import TestSet
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services.required_tests import RequiredTestError
from prompts.evaluations.services.test_sets import (
    add_cases,
    change_case,
    delete_set,
    import_cases,
    remove_cases,
    save_set,
)
from prompts.registry.services.labels import has_protected_label, protect
from tests.accounts.api_resources import API, ask
from tests.accounts.factories import make_member
from tests.prompts.evaluations.factories import make_set, set_of
from tests.prompts.evaluations.test_assertion_fields import sent
from tests.prompts.registry.factories import make_label, make_prompt
from tests.world import World

pytestmark = pytest.mark.django_db
WEAKER: dict[str, Any] = {"assertions": [], "pass_percent": 1, "is_required": False}


@pytest.fixture
def world(world: World) -> World:
    """A set of my team is required."""
    TestSet.objects.filter(team=world.mine.team).update(is_required=True)
    return world


def url(page: str, *args: Any) -> str:
    return reverse(f"admin:prompts_{page}", args=args)


def state(test_set: TestSet) -> Any:
    """What decides about passing, and what not: cases that were there before."""
    found = TestSet.objects.filter(pk=test_set.pk).values_list("assertions", "pass_percent", "is_required").first()  # fmt: skip
    cases = test_set.cases.filter(removed_at=None).order_by("id").values_list("id", "expected", "assertions")
    return found, list(cases)


def weakenings(test_set: TestSet, by: User) -> list[Any]:
    def saved(name: str) -> Any:
        changed = TestSet.objects.get(pk=test_set.pk)
        setattr(changed, name, WEAKER[name])
        return lambda: save_set(changed, by=by)

    case = test_set.cases.filter(removed_at=None).first()
    return [
        *map(saved, WEAKER),
        lambda: change_case(case, by=by, expected="anything"),
        lambda: remove_cases(test_set, [case.pk], by=by),
        lambda: delete_set(TestSet.objects.get(pk=test_set.pk), by=by),
    ]


def test_the_services_refuse_who_may_only_edit_and_say_who_can(world):
    test_set = set_of(world.mine.team)
    before = state(test_set)
    for weaken in weakenings(test_set, world.people["developer"]):
        with pytest.raises(RequiredTestError, match="owners and admins of Mine"):
            weaken()
    assert state(test_set) == before


@pytest.mark.parametrize("who", ["owner", "admin", "superuser"])
def test_the_services_let_approvers(world, who):
    by = world.superuser if who == "superuser" else world.people[who]
    test_set = set_of(world.mine.team)
    change_case(test_set.cases.first(), by=by, expected="anything")
    assert remove_cases(test_set, [test_set.cases.filter(removed_at=None).first().pk], by=by) == 1
    for name, value in WEAKER.items():
        setattr(test_set, name, value)
    save_set(test_set, by=by)
    assert state(test_set)[0] == ([], 1, False)
    delete_set(test_set, by=by)
    assert not TestSet.objects.filter(pk=test_set.pk).exists()


def test_to_approve_in_another_team_is_not_enough(world):
    make_member(world.other.team, world.people["developer"], "owner")
    for weaken in weakenings(set_of(world.mine.team), world.people["developer"]):
        with pytest.raises(RequiredTestError):
            weaken()


def test_who_edits_may_add_cases_rename_and_void_runs_by_it(world):
    test_set, by = set_of(world.mine.team), world.people["developer"]
    test_set.name, test_set.description = "Other", "Words"
    save_set(test_set, by=by)
    add_cases(test_set, [Case(variables={"question": "x"})])
    assert import_cases(test_set, b"question\nfine\n", kind="csv").errors == []
    now = TestSet.objects.get(pk=test_set.pk)
    assert (now.name, now.revision, now.cases.count()) == ("Other", test_set.revision + 2, 5)


def test_without_a_protected_label_who_edits_may_do_all(world):
    test_set, by = set_of(world.mine.team), world.people["developer"]
    prompt = test_set.prompt
    assert has_protected_label(prompt), "production is from the beginning"
    label = make_label(prompt)
    assert not has_protected_label(prompt)
    remove_cases(test_set, [test_set.cases.first().pk], by=by)
    make_label(prompt, "canary")
    protect(prompt=prompt, name="canary", is_protected=True, by=None)
    assert has_protected_label(prompt)
    with pytest.raises(RequiredTestError):
        remove_cases(test_set, list(test_set.cases.values_list("pk", flat=True)), by=by)
    label.delete()


def test_who_only_edits_makes_tests_required_and_does_not_end_that(world):
    developer, prompt = world.people["developer"], set_of(world.mine.team).prompt
    made = make_set(world.mine.team, prompt, name="Free")
    made.is_required = True
    save_set(made, by=developer)
    made.is_required = False
    with pytest.raises(RequiredTestError, match="Only owners and admins of Mine"):
        save_set(made, by=developer)
    body = {"team": world.mine.team.pk, "prompt": prompt.pk, "name": "New", "is_required": True}
    assert ask(world.client("developer"), "post", f"{API}/test-sets/", body).status_code == 201
    form = {**body, "name": "Other", "is_required": "on", "pass_percent": 100, "assertions-TOTAL_FORMS": "0"}
    assert world.client("developer").post(url("testset_add"), form).status_code == 302
    assert TestSet.objects.filter(name__in=("Free", "New", "Other"), is_required=True).count() == 3


@pytest.mark.parametrize("who", ["developer", "admin", "superuser"])
def test_what_a_shared_prompt_requires_is_for_superusers(world, who):
    by = world.superuser if who == "superuser" else world.people[who]
    test_set = make_set(world.mine.team, make_prompt(None, "shared"), is_required=True)
    client, before = world.client(who), state(test_set)
    path, case = f"{API}/test-sets/{test_set.pk}/", test_set.cases.first()
    for weaken in weakenings(test_set, by) if who != "superuser" else ():
        with pytest.raises(RequiredTestError, match="Only superusers"):
            weaken()
    answers = [ask(client, "patch", path, {name: value}) for name, value in WEAKER.items()]
    answers.append(ask(client, "delete", f"{API}/test-cases/{case.pk}/"))
    if who == "superuser":
        assert [answer.status_code for answer in answers] == [200, 200, 200, 204]
    else:
        assert {answer.status_code for answer in answers} == {403}
        assert state(test_set) == before


def test_the_api_refuses_and_says_who_can(world):
    test_set = set_of(world.mine.team)
    client, before, case = world.client("developer"), state(test_set), test_set.cases.first()
    path, of_case = f"{API}/test-sets/{test_set.pk}/", f"{API}/test-cases/{case.pk}/"
    for answer in (
        *(ask(client, "patch", path, {name: value}) for name, value in WEAKER.items()),
        ask(client, "delete", path),
        ask(client, "patch", of_case, {"expected": "anything"}),
        ask(client, "delete", of_case),
    ):
        assert answer.status_code == 403
        assert "owners and admins of Mine" in answer.json()["detail"]
    assert state(test_set) == before
    assert ask(client, "patch", path, {"name": "Other"}).status_code == 200
    added = {"test_set": test_set.pk, "variables": {"question": "x"}}
    assert ask(client, "post", f"{API}/test-cases/", added).status_code == 201
    assert (
        ask(client, "post", f"{path}import/", {"format": "csv", "text": "question\nb\n"}).status_code == 200
    )
    approver = world.client("admin")
    assert ask(approver, "patch", of_case, {"expected": "anything"}).status_code == 200
    assert ask(approver, "patch", path, WEAKER).status_code == 200
    assert ask(approver, "delete", path).status_code == 204


def test_another_team_s_set_does_not_exist(world):
    other = set_of(world.other.team)
    before, client = state(other), world.client("owner")
    for answer in (
        ask(client, "patch", f"{API}/test-sets/{other.pk}/", WEAKER),
        ask(client, "delete", f"{API}/test-sets/{other.pk}/"),
        ask(client, "delete", f"{API}/test-cases/{other.cases.first().pk}/"),
        client.post(url("testset_cases", other.pk), {"remove": "1", "case": [other.cases.first().pk]}),
    ):
        assert answer.status_code == 404
    assert state(other) == before


def test_the_admin_hides_what_can_t_be_done_and_says_why(world):
    test_set = set_of(world.mine.team)
    case, before = test_set.cases.first(), state(test_set)
    client = world.client("developer")
    why = "Only owners and admins of Mine may change"
    page = client.get(url("testset_change", test_set.pk)).content.decode()
    assert why in page
    assert "<fieldset disabled>" in page
    assert url("testset_delete", test_set.pk) not in page
    cases = client.get(url("testset_cases", test_set.pk)).content.decode()
    assert why in cases
    assert 'name="remove"' not in cases
    assert url("testset_case", test_set.pk, case.pk) not in cases
    assert 'name="add"' in cases
    weaker = {"name": "Other", "pass_percent": "1", "assertions-TOTAL_FORMS": "0"}
    assert client.post(url("testset_change", test_set.pk), weaker).status_code == 302
    assert why in client.post(url("testset_cases", test_set.pk), {"remove": "1", "case": [case.pk]}, follow=True).content.decode()  # fmt: skip
    change = {"var-question": "x", "expected": "anything", "assertions-TOTAL_FORMS": "0", "note": ""}
    for answer in (
        client.get(url("testset_case", test_set.pk, case.pk), follow=True),
        client.post(url("testset_case", test_set.pk, case.pk), change, follow=True),
    ):
        assert why in answer.content.decode()
    assert client.post(url("testset_delete", test_set.pk), {"post": "yes"}).status_code == 403
    assert state(test_set) == before
    assert TestSet.objects.get(pk=test_set.pk).name == "Other", "the name is nothing that weakens"
    assert client.post(url("testset_cases", test_set.pk), {**change, "add": "1"}).status_code == 302
    assert test_set.cases.count() == 4


def test_the_admin_lets_approvers(world):
    test_set, client = set_of(world.mine.team), world.client("admin")
    page = client.get(url("testset_change", test_set.pk)).content.decode()
    assert "may change or take out" not in page
    assert client.post(url("testset_cases", test_set.pk), {"remove": "1", "case": [test_set.cases.first().pk]}).status_code == 302  # fmt: skip
    assert test_set.cases.filter(removed_at=None).count() == 2
    data = sent(page, form="form:has([data-rows])")
    del data["is_required"]
    assert client.post(url("testset_change", test_set.pk), {**data, "assertions-0-removed": "on"}).status_code == 302  # fmt: skip
    assert state(test_set)[0] == ([], 100, False)
    assert client.post(url("testset_delete", test_set.pk), {"post": "yes"}).status_code == 302
    assert not TestSet.objects.filter(pk=test_set.pk).exists()
