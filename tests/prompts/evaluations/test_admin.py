"""The admin's pages of test sets, runs and service contracts."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from prompts.evaluations.models import Evaluation, TestSet
from prompts.evaluations.services.test_sets import change_case
from prompts.registry.models import Label
from prompts.rollout.models import ServiceContract
from tests.governance.limits.factories import DOLLAR
from tests.governance.records.factories import make_call, make_content
from tests.prompts.evaluations.factories import make_evaluation, make_result, set_of
from tests.prompts.evaluations.test_assertion_fields import EDGES, sent
from tests.prompts.registry.factories import make_label, make_prompt, make_version
from tests.prompts.rollout.factories import make_contract
from tests.world import ROLES

pytestmark = pytest.mark.django_db
NO_ASSERTIONS = {"assertions-TOTAL_FORMS": "0"}
ROWS = "form:has([data-rows])"
EDITORS = ("owner", "admin", "developer")
NOT_LET_IN = {302, 403, 404}


def url(page: str, *args) -> str:
    return reverse(f"admin:prompts_{page}", args=args)


def pages_of(team) -> list[str]:
    test_set, case = set_of(team), set_of(team).cases.first()
    evaluation, contract = test_set.evaluations.get(), test_set.prompt.service_contract
    return [
        *(url(f"testset_{page}", test_set.pk) for page in ("change", "delete", "history", "cases", "import", "calls", "run")),
        url("testset_case", test_set.pk, case.pk),
        *(url(f"evaluation_{page}", evaluation.pk) for page in ("change", "delete", "history", "progress")),
        *(url(f"servicecontract_{page}", contract.pk) for page in ("change", "delete", "history")),
    ]  # fmt: skip


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_the_pages_of_another_team_stay_closed(world, role):
    client = world.client(role)
    before = [list(model.objects.order_by("pk").values()) for model in (TestSet, Evaluation, ServiceContract)]
    for page in pages_of(world.other.team):
        for answer in (
            client.get(page),
            client.post(page, {"action": "resume", "post": "yes", "add": "1", "remove": "1", "case": "1"}),
        ):
            assert answer.status_code in NOT_LET_IN, page
    assert [
        list(model.objects.order_by("pk").values()) for model in (TestSet, Evaluation, ServiceContract)
    ] == before


@pytest.mark.parametrize("role", [*ROLES, "nobody", "superuser"])
def test_lists_show_what_is_one_s_own(world, role):
    for name in ("testset", "evaluation", "servicecontract"):
        text = world.client(role).get(url(f"{name}_changelist")).content.decode()
        assert ("support-other" in text) == (role == "superuser"), name
        sees = role not in ("nobody", "viewer") or (name == "servicecontract" and role != "nobody")
        assert ("support-mine" in text) == sees, name


@pytest.mark.parametrize("role", ROLES)
def test_each_page_opens_for_those_it_is_for(world, role):
    client = world.client(role)
    for page in pages_of(world.mine.team):
        answer = client.get(page)
        reads = role in (*EDITORS, "reviewer") or "servicecontract" in page
        writes = any(part in page for part in ("import", "calls", "run/", "delete", "/cases/")) and not page.endswith("cases/")  # fmt: skip
        is_allowed = role in EDITORS if writes else reads
        assert (answer.status_code == 200) == is_allowed, (page, answer.status_code)


def test_who_only_reads_changes_nothing(world):
    client, test_set = world.client("reviewer"), set_of(world.mine.team)
    for page in pages_of(world.mine.team):
        answer = client.post(
            page, {"action": "resume", "post": "yes", "add": "1", "remove": "1", "name": "changed"}
        )
        assert answer.status_code in {*NOT_LET_IN, 405} or page.endswith(("progress/", "history/")), page
    test_set.refresh_from_db()
    assert (test_set.name, test_set.cases.filter(removed_at=None).count()) == ("Questions of Mine", 3)


def test_a_set_is_made_for_a_prompt_of_one_s_own(world):
    client, other = world.client("developer"), set_of(world.other.team)
    page = client.get(url("testset_add")).content.decode()
    assert "support-mine" in page
    assert "support-other" not in page
    body = {
        "team": world.mine.team.pk,
        "prompt": other.prompt_id,
        "name": "x",
        **NO_ASSERTIONS,
        "pass_percent": 100,
    }
    assert "valid choice" in client.post(url("testset_add"), body).content.decode()
    body["prompt"] = set_of(world.mine.team).prompt_id
    page = client.post(url("testset_add"), {**body, "assertions-0-kind": "latency", "assertions-0-latency-at_most_ms": "soon"}).content.decode()  # fmt: skip
    assert "Enter a number" in page
    assert 'value="soon"' in page
    kind = {"assertions-0-kind": "contains", "assertions-0-contains-texts": "refund\r\nsorry"}
    assert client.post(url("testset_add"), {**body, **kind}).status_code == 302
    made = TestSet.objects.get(name="x")
    assert made.created_by == world.people["developer"]
    assert made.assertions == [{"kind": "contains", "texts": ["refund", "sorry"], "ignore_case": False}]


def test_only_superusers_require_tests_of_shared_prompts(world):
    shared = make_prompt(None, "shared")
    body = {
        "team": world.mine.team.pk,
        "prompt": shared.pk,
        "name": "x",
        **NO_ASSERTIONS,
        "pass_percent": 100,
        "is_required": "on",
    }
    assert "Only superusers" in world.client("owner").post(url("testset_add"), body).content.decode()
    assert world.client("superuser").post(url("testset_add"), body).status_code == 302


def test_cases_are_typed_in_changed_and_taken_out(world):
    client, test_set = world.client("developer"), set_of(world.mine.team)
    cases = url("testset_cases", test_set.pk)
    body = {"add": "1", "var-question": "Where to?", "expected": '{"a": 1}', **NO_ASSERTIONS, "note": ""}
    bad = {**body, "assertions-0-kind": "pattern", "assertions-0-pattern-pattern": "(half"}
    text = client.post(cases, bad).content.decode()
    assert "This pattern can&#x27;t be used" in text
    assert "(half</textarea>" in text
    assert client.post(cases, {**body, "assertions-0-kind": "equals"}).status_code == 302
    case = test_set.cases.last()
    assert (case.variables, case.expected, case.assertions) == (
        {"question": "Where to?"},
        {"a": 1},
        [{"kind": "equals"}],
    )
    page = url("testset_case", test_set.pk, case.pk)
    assert "Where to?" in client.get(page).content.decode()
    assert client.post(page, {**body, "var-question": "And now?"}).status_code == 302
    assert client.get(page).status_code == 404, "it is another row now"
    now = test_set.cases.get(key=case.key, removed_at=None)
    assert now.variables == {"question": "And now?"}
    client.post(cases, {"remove": "1", "case": [now.pk, set_of(world.other.team).cases.first().pk, "x"]})
    assert test_set.cases.filter(removed_at=None).count() == 3
    assert set_of(world.other.team).cases.filter(removed_at=None).count() == 3


def test_a_case_and_a_set_saved_as_they_were_served_change_nothing(world):
    client, test_set = world.client("developer"), set_of(world.mine.team)
    test_set.assertions = EDGES[:20]
    test_set.save()
    variables, expected = {"question": " a\nb ", "other": [1, "x"]}, '{"text": "not JSON"} '
    case = change_case(test_set.cases.first(), by=None, variables=variables, expected=expected, assertions=EDGES[20:])  # fmt: skip
    test_set.refresh_from_db()
    revision = test_set.revision
    for page in (url("testset_change", test_set.pk), url("testset_case", test_set.pk, case.pk)):
        assert client.post(page, sent(client.get(page).content.decode(), form=ROWS)).status_code == 302
    test_set.refresh_from_db()
    case.refresh_from_db()
    assert (test_set.assertions, test_set.revision) == (EDGES[:20], revision)
    assert (case.removed_at, case.variables, case.expected) == (None, variables, expected)


def test_who_only_reads_sees_assertions_and_can_t_change_them(world):
    test_set = set_of(world.mine.team)
    page = world.client("reviewer").get(url("testset_change", test_set.pk)).content.decode()
    assert "Equals the expected answer" in page
    assert "<fieldset disabled>" in page


def test_a_file_is_imported_or_says_what_is_wrong(world):
    client, test_set = world.client("developer"), set_of(world.mine.team)
    page = url("testset_import", test_set.pk)
    bad = SimpleUploadedFile("x.csv", b"question,expected\nfine,yes\nx\n")
    text = client.post(page, {"file": bad, "kind": "csv"}).content.decode()
    assert "Nothing was imported" in text
    assert "Line 3" in text
    good = SimpleUploadedFile("x.csv", "question;expected\nGrüße;ja\n".encode("cp1252"))
    answer = client.post(page, {"file": good, "kind": "csv"}, follow=True).content.decode()
    assert "1 case imported" in answer
    assert "Windows-1252" in answer
    assert client.post(page, {"text": '{"question": "q"}', "kind": "jsonl"}).status_code == 302
    assert test_set.cases.last().source == "jsonl"
    assert "paste some lines" in client.post(page, {"kind": "csv"}).content.decode()


def test_cases_are_made_of_recorded_calls(world):
    client, test_set = world.client("developer"), set_of(world.mine.team)
    call = make_call(world.mine.team, world.mine.application, prompt_id=test_set.prompt_id)
    make_content(call, "Where is <PERSON_1>?", "At home.")
    page = url("testset_calls", test_set.pk)
    assert "Where is &lt;PERSON_1&gt;?" in client.get(page).content.decode()
    body = {"call": [str(call.pk), str(world.other.call.pk)], "variable": "question", "takes_answer": "on"}
    assert client.post(page, body).status_code == 302
    case = test_set.cases.last()
    assert (case.variables, case.expected, case.call_id) == (
        {"question": "Where is <PERSON_1>?"},
        "At home.",
        call.pk,
    )
    assert test_set.cases.count() == 4


def test_a_run_is_started_with_what_was_chosen(world):
    client, test_set = world.client("developer"), set_of(world.mine.team)
    body = {
        "versions": ["1"], "models": ["nova-lite"], "own_model": "on", "repeats": 2, "cap": "0.50", "concurrency": 3,
        "cost": "0.5", "quality": "0.5", "latency": "0.5",
    }  # fmt: skip
    page = url("testset_run", test_set.pk)
    assert "come to 1" in client.post(page, body).content.decode()
    assert client.post(page, {**body, "latency": "0"}).status_code == 302
    made = Evaluation.objects.first()
    assert [(each["version"], each["model"]) for each in made.candidates] == [(1, ""), (1, "nova-lite")]
    assert (made.budget_nanos, made.repeats, made.total, made.concurrency) == (DOLLAR // 2, 2, 12, 3)
    assert (made.weights["quality"], made.started_by) == (0.5, world.people["developer"])
    assert "data-progress=" in client.get(url("evaluation_change", made.pk)).content.decode()


def test_a_run_is_cancelled_and_resumed(world):
    client, evaluation = world.client("developer"), set_of(world.mine.team).evaluations.get()
    page = url("evaluation_change", evaluation.pk)
    assert "Its own cap on cost is reached" in client.get(page).content.decode()
    answer = client.post(page, {"action": "resume", "cap": "0.10"}, follow=True).content.decode()
    assert "raised, not lowered" in answer
    client.post(page, {"action": "resume", "cap": "3"})
    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.budget_nanos) == ("queued", 3 * DOLLAR)
    found = client.get(url("evaluation_progress", evaluation.pk)).json()
    assert (found["state"], found["is_open"], found["cap"]) == ("queued", True, "$3.00")
    client.post(page, {"action": "cancel"})
    evaluation.refresh_from_db()
    assert evaluation.is_cancel_requested
    assert client.get(url("evaluation_delete", evaluation.pk)).status_code == 403, "it is under way"


def test_the_page_of_a_run_shows_grid_plot_and_what_changed(world):
    client, evaluation = world.client("reviewer"), set_of(world.mine.team).evaluations.get()
    later = make_evaluation(
        evaluation.test_set, candidates=[*evaluation.candidates, {"version": 1, "model": "nova-pro", "digest": ""}],
        total=2, done=2, passed=1, set_revision=1,
    )  # fmt: skip
    case = evaluation.results.get().case
    for candidate, verdict in enumerate(("passed", "failed")):
        make_result(
            later, case, candidate=candidate, verdict=verdict, output="other words <b>",
            outcomes=[{"kind": "equals", "verdict": verdict, "message": "Expected <i>", "score": None}], cost_nanos=500, duration_ms=99,
        )  # fmt: skip
    text = client.get(url("evaluation_change", later.pk)).content.decode()
    assert "Mine</del>" in text
    assert "<ins>other </ins>words" in text
    assert "&lt;b&gt;" in text
    assert " <b>" not in text.split("Answers")[-1]
    assert "Expected &lt;i&gt;" in text
    assert "Version 1 on nova-pro" in text
    assert 'class="gh-plot"' in text
    assert "Take Version 1:" in text
    only_failed = client.get(
        url("evaluation_change", later.pk) + "?verdict=failed&candidate=0"
    ).content.decode()
    assert "No such answers" in only_failed
    assert (
        "come to 1"
        in client.get(url("evaluation_change", later.pk) + "?cost=1&quality=1&latency=1").content.decode()
    )
    for odd in (
        "?cost=x&quality=y&latency=z",
        "?candidate=9999999999&page=zzz",
        "?verdict=%00",
        "?quality=nan",
    ):
        assert client.get(url("evaluation_change", later.pk) + odd).status_code == 200, odd


def test_everybody_sees_the_contract_of_a_shared_prompt_and_superusers_change_it(world):
    shared = make_contract(make_prompt(None, "shared"), p95_ms=10)
    page = url("servicecontract_change", shared.pk)
    body = {"p95_ms": "20", "window_minutes": 60, "minimum_calls": 20}
    assert world.client("viewer").get(page).status_code == 200
    assert world.client("owner").post(page, body).status_code == 403
    assert world.client("superuser").post(page, body).status_code == 302
    shared.refresh_from_db()
    assert shared.p95_ms == 20


def test_a_contract_says_when_the_prompt_has_no_means_to_keep_it(world):
    contract = set_of(world.mine.team).prompt.service_contract
    ServiceContract.objects.filter(pk=contract.pk).update(when_unsure="fallback")
    page = url("servicecontract_change", contract.pk)
    viewer = world.client("viewer")
    label = make_label(contract.prompt)
    assert "(production) draws on no knowledge" in viewer.get(page).content.decode()
    ServiceContract.objects.filter(pk=contract.pk).update(when_unsure="")
    assert "can&#x27;t be kept" not in viewer.get(page).content.decode()
    body = {"when_unsure": "refuse", "window_minutes": 60, "minimum_calls": 20}
    saved = world.client("owner").post(page, body, follow=True).content.decode()
    assert "What is promised for when it is unsure can&#x27;t be kept: Version 1" in saved
    knowledge = {"bases": ["handbook"], "unsure_below": 0.5, "when_unsure": "refuse"}
    document = {"messages": [{"text": "Hello"}], "knowledge": knowledge}
    version = make_version(contract.prompt, number=99, document=document)
    Label.objects.filter(pk=label.pk).update(version=version)
    assert "Version 99" not in viewer.get(page).content.decode()
