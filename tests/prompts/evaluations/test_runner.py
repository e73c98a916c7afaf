"""The runner against a real server and a real database: whatever happens, each answer is charged once."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from accounts.models import Team, User
from governance.limits.models import Hold
from governance.records.models import AuditRecord
from kernel.clock import utc_now
from kernel.ids import new_id
from prompts.evaluations.models import Evaluation, EvaluationCall, EvaluationResult, TestSet
from prompts.evaluations.policy.grading import Ask
from prompts.evaluations.policy.settlement import MAX_ADMISSION
from prompts.evaluations.services import runner as evaluation_runner
from prompts.evaluations.services.calls import claim, settle_call
from prompts.evaluations.services.evaluations import ImpossibleRunError, cancel, resume
from prompts.evaluations.services.runner import USUAL, Pace, run_for
from prompts.evaluations.services.test_sets import touch
from prompts.registry.models import Prompt, PromptVersion
from tests.accounts.factories import make_superuser, make_team
from tests.prompts.evaluations.factories import begin, make_set
from tests.prompts.registry.factories import make_prompt
from tests.queueing import queue_nothing
from tests.run_server import COST, RunServer, refusal, running
from tests.services import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_broker")]


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run evaluations themselves; nobody is woken."""
    queue_nothing(monkeypatch)
    monkeypatch.setattr("prompts.tasks.run_evaluation.delay", lambda *_: None)


@pytest.fixture
def user() -> User:
    return make_superuser()


@pytest.fixture
def team() -> Team:
    return make_team("Support")


@pytest.fixture
def test_set(team: Team) -> TestSet:
    return make_set(team, make_prompt(team, state="draft"))


@pytest.fixture
def server(team: Team, settings: Any) -> Iterator[RunServer]:
    with running(team.pk) as started:
        settings.GATEWAY_URL = started.url
        yield started


QUICK = Pace(idle_seconds=0.5, look_again_seconds=0.2)


def run(evaluation: Evaluation, *, seconds: float = 20.0, pace: Pace = QUICK) -> Evaluation:
    run_for(evaluation.pk, seconds=seconds, pace=pace)
    evaluation.refresh_from_db()
    return evaluation


def of(evaluation: Evaluation) -> list[EvaluationResult]:
    return list(evaluation.results.order_by("id"))


def old(call: EvaluationCall, by: timedelta) -> None:
    EvaluationCall.objects.filter(pk=call.pk).update(claimed_at=utc_now() - by)


def die_at(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Workers die with a call claimed, before or after it was sent: nothing more is written by them."""

    def perform(call: EvaluationCall, ask: Ask, *, evaluation_id: int, key: str, send: Any) -> None:
        if when == "after":
            send(ask.path, ask.body, key=key, request_id=call.request_id, feature="evaluation")

    monkeypatch.setattr(evaluation_runner, "perform", perform)


def test_it_runs_grades_and_counts(server, test_set, user):
    evaluation = run(begin(test_set, user, repeats=2))
    assert (evaluation.state, evaluation.done, evaluation.passed) == ("finished", 6, 6)
    assert evaluation.spent_nanos == 6 * COST
    assert set(server.charged.values()) == {1}
    assert len(server.charged) == 6
    result = of(evaluation)[0]
    assert (result.verdict, result.output, result.cost_nanos, result.tokens) == ("passed", "WHERE", COST, 40)
    assert result.outcomes == [{"kind": "equals", "verdict": "passed", "message": "Equal.", "score": None}]
    path, body, request_id = server.requests[0]
    assert path == "/v1/prompts/support/run"
    assert body == {"variables": {"question": "where"}, "version": 1, "prompt_id": test_set.prompt_id}
    assert request_id == f"eval-{result.pk}-answer-1"


def test_a_model_in_the_version_s_place(server, test_set, user):
    evaluation = run(begin(test_set, user, candidates=[{"version": 1}, {"version": 1, "model": "claude"}]))
    assert evaluation.done == 6
    assert sorted(body.get("model", "") for _, body, _ in server.requests) == [""] * 3 + ["claude"] * 3


def test_so_many_calls_at_once_and_no_more(server, team, user):
    test_set = make_set(team, make_prompt(team), questions=tuple(f"q{n}" for n in range(24)))
    gate = threading.Barrier(3)

    def behave(path, body, request_id):
        # One goes alone; then 21 more pass a barrier of 3 at a time; the last 2 go freely.
        if body["variables"]["question"] not in ("q0", "q22", "q23"):
            gate.wait(timeout=20)

    server.behave = behave
    # 1 goes alone; then 23 more pass a barrier of 3 at a time, but for the last 2.
    server.behave = lambda *args: (
        behave(*args) if args[1]["variables"]["question"] not in ("q22", "q23") else None
    )
    evaluation = run(begin(test_set, user, concurrency=3))
    assert (evaluation.state, evaluation.done) == ("finished", 24)
    assert server.most_at_once == 3


def test_the_cap_stops_it_and_a_higher_one_goes_on(server, test_set, user):
    evaluation = run(begin(test_set, user, budget_nanos=2 * COST + 1))
    assert (evaluation.state, evaluation.reason, evaluation.done) == ("stopped", "cap", 2)
    assert evaluation.spent_nanos <= evaluation.budget_nanos
    with pytest.raises(ImpossibleRunError):
        resume(evaluation, budget_nanos=COST)
    resume(evaluation, budget_nanos=10 * COST)
    assert run(evaluation).state == "finished"
    assert list(server.charged.values()) == [1, 1, 1]


def test_a_budget_that_runs_out_midway_stops_it_and_nothing_is_charged_twice(server, test_set, user):
    server.behave = lambda path, body, request_id: (
        refusal(402, "budget_exceeded") if len(server.requests) > 1 else None
    )
    evaluation = run(begin(test_set, user))
    assert (evaluation.state, evaluation.reason) == ("stopped", "budget")
    assert evaluation.detail == "budget_exceeded, says the gateway."
    assert evaluation.done == 1
    until(lambda: not evaluation_runner._under_way, what="the end of the other call, which stops it too")
    server.behave = lambda *_: None
    resume(evaluation)
    assert (run(evaluation).state, evaluation.done) == ("finished", 3)
    assert list(server.charged.values()) == [1, 1, 1]


def test_retry_after_is_respected(server, test_set, user):
    moments: dict[str, list[Any]] = {}

    def behave(path, body, request_id):
        moments.setdefault(body["variables"]["question"], []).append(utc_now())
        return refusal(429, "rate_limited", retry_after="1") if len(server.requests) == 2 else None

    server.behave = behave
    evaluation = run(begin(test_set, user), pace=USUAL)
    assert evaluation.state == "finished"
    (first, second) = next(found for found in moments.values() if len(found) == 2)
    assert (second - first).total_seconds() >= 1
    assert list(server.charged.values()) == [1, 1, 1]


def test_a_gateway_that_falters_is_asked_again_unless_it_charged(server, test_set, user):
    def behave(path, body, request_id):
        question = body["variables"]["question"]
        if question == "where" and request_id.endswith("-1"):
            return refusal(503, "upstream_throttled", retry_after="0")
        if question == "when":
            call_id = server.record(request_id, status="failed", code="upstream_timeout")
            return refusal(504, "upstream_timeout", x_gatehouse_call_id=str(call_id))
        return None

    server.behave = behave
    evaluation = run(begin(test_set, user))
    where, when, who = of(evaluation)
    assert (where.verdict, who.verdict) == ("passed", "passed")
    assert (when.verdict, when.error, when.total_nanos) == (
        "failed",
        "upstream_timeout: upstream_timeout, says the gateway.",
        COST,
    )
    assert list(server.charged.values()) == [1, 1, 1]
    assert evaluation.spent_nanos == 3 * COST


def test_a_gateway_that_is_away_is_not_charged_for_and_stops_it(test_set, user, settings):
    settings.GATEWAY_URL = "http://127.0.0.1:9"
    evaluation = begin(test_set, user)
    run(evaluation, seconds=0.5)
    EvaluationCall.objects.update(refusals=19, retry_at=None)
    run(evaluation, seconds=5)
    assert (evaluation.state, evaluation.reason, evaluation.done) == ("stopped", "unreachable", 0)
    assert "GATEHOUSE_GATEWAY_URL" in evaluation.detail


def test_cancelled_and_resumed(server, test_set, user):
    evaluation = begin(test_set, user)
    cancel(evaluation)
    assert run(evaluation).reason == "cancelled"
    assert server.requests == []
    with pytest.raises(ImpossibleRunError):
        cancel(evaluation)
    resume(evaluation)
    assert run(evaluation).state == "finished"
    with pytest.raises(ImpossibleRunError):
        resume(evaluation)


def test_cancelling_lets_calls_under_way_end_and_keeps_what_they_answered(server, test_set, user):
    evaluation = begin(test_set, user, concurrency=1)
    server.behave = lambda *_: cancel(evaluation)
    run(evaluation)
    assert (evaluation.state, len(server.requests)) == ("stopped", 1)
    server.behave = lambda *_: None
    resume(evaluation)
    assert run(evaluation).state == "finished"
    assert list(server.charged.values()) == [1, 1, 1]


def test_a_task_that_ends_leaves_its_calls_to_be_settled(server, test_set, user):
    slow = threading.Event()
    server.behave = lambda *_: slow.wait(20) and None
    evaluation = begin(test_set, user)
    assert run_for(evaluation.pk, seconds=0.5)
    slow.set()
    assert run(evaluation).state == "finished"
    assert len(server.requests) == 3


def test_a_worker_that_died_after_sending_is_made_up_for_from_the_record(server, test_set, user, monkeypatch):
    evaluation = begin(test_set, user)
    with monkeypatch.context() as patch:
        die_at(patch, "after")
        run(evaluation, seconds=1)
    assert len(server.requests) == 1
    assert run(evaluation, seconds=4).done == 0, "its answer may still be on its way to the row"
    monkeypatch.setattr("prompts.evaluations.policy.settlement.SETTLING", timedelta(0))
    assert (run(evaluation).state, evaluation.passed) == ("finished", 3)
    assert list(server.charged.values()) == [1, 1, 1]
    assert AuditRecord.objects.count() == 3
    assert evaluation.spent_nanos == 3 * COST


def test_an_answer_that_is_lost_is_said_to_be_and_not_asked_for_again(server, test_set, user, monkeypatch):
    server.behave = lambda path, body, request_id: (
        (200, {}, {}) if server.record(request_id) else None
    )  # no text stored
    evaluation = begin(test_set, user)
    with monkeypatch.context() as patch:
        die_at(patch, "after")
        run(evaluation, seconds=1)
    server.behave = lambda *_: None
    monkeypatch.setattr("prompts.evaluations.policy.settlement.SETTLING", timedelta(0))
    run(evaluation)
    first = of(evaluation)[0]
    assert (first.verdict, first.total_nanos) == ("failed", COST)
    assert first.error.startswith("lost: The answer was charged")
    assert list(server.charged.values()) == [1, 1, 1]


def test_a_worker_that_died_before_sending_is_waited_for_and_then_called_again(
    server, test_set, user, monkeypatch
):
    evaluation = begin(test_set, user)
    with monkeypatch.context() as patch:
        die_at(patch, "before")
        run(evaluation, seconds=1)
    call = EvaluationCall.objects.get()
    old(call, MAX_ADMISSION - timedelta(minutes=1))
    run(evaluation, seconds=5)
    assert (evaluation.state, evaluation.done) == ("running", 0), (
        "the first call was never seen, so the others wait"
    )
    old(call, MAX_ADMISSION + timedelta(minutes=1))
    assert (run(evaluation).state, evaluation.passed) == ("finished", 3)
    assert server.requests[0][2].endswith("-answer-2")
    assert list(server.charged.values()) == [1, 1, 1]


def test_a_call_on_hold_is_waited_for_however_long(server, test_set, user, monkeypatch):
    evaluation = begin(test_set, user)
    with monkeypatch.context() as patch:
        die_at(patch, "before")
        run(evaluation, seconds=1)
    call = EvaluationCall.objects.get()
    old(call, timedelta(hours=3))
    hold = Hold.objects.create(
        call_id=new_id(), instance_id=new_id(), amount_nanos=1, started_at=utc_now(), expires_at=utc_now(),
        record={"request_id": call.request_id},
    )  # fmt: skip
    run(evaluation, seconds=4)
    assert server.requests == []
    hold.delete()
    assert run(evaluation).state == "finished"


def test_a_broken_connection_is_looked_up_on_the_record(server, test_set, user, monkeypatch):
    monkeypatch.setattr("prompts.evaluations.policy.settlement.SETTLING", timedelta(0))

    def behave(path, body, request_id):
        if body["variables"]["question"] == "where":
            server.record(request_id, text="WHERE", prompt_version=1, duration_ms=0.0)
            raise ConnectionAbortedError
        return None

    server.behave = behave
    evaluation = run(begin(test_set, user))
    assert (evaluation.state, evaluation.passed) == ("finished", 3)
    assert list(server.charged.values()) == [1, 1, 1]


def test_two_workers_at_once_share_the_work(server, test_set, user):
    evaluation = begin(test_set, user, repeats=5)

    def work():
        try:
            evaluation_runner._Runner(evaluation.pk, send=evaluation_runner.post).run(20)
        finally:
            connection.close()

    Evaluation.objects.update(state="running")
    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.done, evaluation.passed) == ("finished", 15, 15)
    assert list(server.charged.values()) == [1] * 15


def test_a_lease_keeps_a_second_worker_off_until_the_first_has_died(server, test_set, user):
    evaluation = begin(test_set, user)
    Evaluation.objects.update(lease_until=utc_now() + timedelta(minutes=1))
    assert not run_for(evaluation.pk, seconds=1)
    assert server.requests == []
    Evaluation.objects.update(lease_until=utc_now() - timedelta(seconds=1))
    assert run(evaluation).state == "finished"


@pytest.mark.parametrize("kill_at", range(1, 8))
def test_killed_at_any_moment_and_resumed_each_is_charged_once(server, test_set, user, monkeypatch, kill_at):
    """The worker dies at its n-th write to the database; another goes on."""
    monkeypatch.setattr("prompts.evaluations.policy.settlement.SETTLING", timedelta(0))
    test_set.assertions = [{"kind": "similarity", "at_least": 0.1, "text": "where when who"}]
    test_set.save()
    evaluation = begin(test_set, user, concurrency=1)
    writes = {"left": kill_at}

    class Killed(BaseException):
        pass

    def dying(function):
        def wrapper(*args, **kwargs):
            if writes["left"] <= 0:
                raise Killed
            writes["left"] -= 1
            if writes["left"] == 0 and kill_at % 2:
                raise Killed
            return function(*args, **kwargs)

        return wrapper

    with monkeypatch.context() as patch:
        patch.setattr("prompts.evaluations.services.calls.settle_call", dying(settle_call))
        patch.setattr(evaluation_runner, "claim", dying(claim))
        patch.setattr(evaluation_runner, "finish", dying(evaluation_runner.finish))
        with suppress(Killed):
            run_for(evaluation.pk, seconds=3)
    Evaluation.objects.update(lease_until=None)
    EvaluationCall.objects.filter(state="claimed").update(claimed_at=utc_now() - 2 * MAX_ADMISSION)
    run(evaluation)
    assert (evaluation.state, evaluation.done) == ("finished", 3)
    assert set(server.charged.values()) == {1}
    assert evaluation.spent_nanos == sum(EvaluationCall.objects.values_list("cost_nanos", flat=True))


def test_what_is_tested_may_not_change_meanwhile(server, test_set, user):
    evaluation = begin(test_set, user)
    touch(test_set)
    assert (run(evaluation).reason, server.requests) == ("changed", [])
    with pytest.raises(ImpossibleRunError):
        resume(evaluation)
    test_set.refresh_from_db()
    evaluation = begin(test_set, user)
    PromptVersion.objects.update(document={"messages": []})
    assert run(evaluation).detail == "Version 1 was changed while it ran. Start it again."


def test_similarity_is_measured_through_the_gateway(server, test_set, user, settings):
    test_set.assertions = [{"kind": "similarity", "at_least": 0.99, "text": "abc"}]
    test_set.save()
    settings.EVALUATION_EMBEDDINGS = "titan"
    server.behave = lambda path, body, rid: (
        server.usual(path, {**body, "variables": {"answer": "abc"}}, rid) if "/run" in path else None
    )
    evaluation = run(begin(test_set, user))
    assert evaluation.passed == 3
    result = of(evaluation)[0]
    assert result.outcomes[0]["score"] == pytest.approx(1)
    assert (result.cost_nanos, result.total_nanos) == (COST, COST + COST // 10)
    asked = [body for path, body, _ in server.requests if path == "/v1/embeddings"]
    assert asked[0] == {"model": "titan", "input": ["abc", "abc"]}


def judged(server, test_set, user, *says):
    """A run of one case by a judge that says one thing after another."""
    test_set.assertions = [
        {"kind": "judge", "prompt": "judge", "version": 4, "rubric": "Be kind.", "at_least": 0.5}
    ]
    test_set.save()
    test_set.cases.exclude(position=1).delete()
    answers = iter(says)

    def behave(path, body, request_id):
        if path != "/v1/prompts/judge/run":
            return None
        return server.usual(path, {**body, "variables": {"answer": next(answers)}}, request_id)

    server.behave = behave
    evaluation = run(begin(test_set, user))
    assert evaluation.state == "finished"
    return of(evaluation)[0]


def test_a_judge_scores_by_a_rubric(server, test_set, user):
    result = judged(server, test_set, user, '{"score": 0.8, "reason": "Kind enough."}')
    assert (result.verdict, result.outcomes[0]["score"]) == ("passed", 0.8)
    assert "Kind enough." in result.outcomes[0]["message"]
    (_, body, _) = server.requests[-1]
    assert body == {
        "variables": {"input": '{"question": "where"}', "output": "WHERE", "rubric": "Be kind.", "expected": "WHERE"},
        "version": 4,
    }, "a judge that is not known is asked for by its name"  # fmt: skip


@pytest.mark.parametrize(
    "nonsense",
    ["banana", '{"score": 7}', '{"score": true}', '{"score": "high"}', "[]", "\x00", '{"score": NaN}'],
)
def test_a_judge_that_answers_nonsense_is_asked_once_more(server, test_set, user, nonsense):
    result = judged(server, test_set, user, nonsense, '{"score": 0.2}')
    assert (result.verdict, result.outcomes[0]["score"]) == ("failed", 0.2)


def test_a_judge_that_keeps_to_nonsense_never_passes_anything(server, test_set, user):
    result = judged(server, test_set, user, "banana", "banana")
    assert (result.verdict, result.outcomes[0]["verdict"]) == ("unjudged", "unjudged")
    assert result.outcomes[0]["message"].startswith("Could not be judged")
    assert Evaluation.objects.get().passed == 0
    assert len(server.requests) == 3
    assert result.total_nanos == 3 * COST


def test_a_judge_that_is_not_there_says_so(server, test_set, user):
    test_set.assertions = [{"kind": "judge", "prompt": "judge", "version": 4, "rubric": "Be kind."}]
    test_set.save()
    server.behave = lambda path, *_: refusal(400, "invalid_request") if "judge" in path else None
    evaluation = run(begin(test_set, user))
    assert evaluation.state == "finished"
    assert "The judge could not be asked: invalid_request" in of(evaluation)[0].outcomes[0]["message"]


JUDGE = {"kind": "judge", "prompt": "judge", "version": 1, "rubric": "Be kind."}


def asked(server, name):
    """The ids of the prompts that were asked for by this name."""
    return {body.get("prompt_id") for path, body, _ in server.requests if path == f"/v1/prompts/{name}/run"}


@pytest.mark.parametrize("of_set", [True, False])
def test_a_run_means_one_prompt_and_one_judge(server, team, user, of_set):
    shared, shared_judge = make_prompt(None), make_prompt(None, "judge")
    make_prompt(team), make_prompt(make_team("Other"), "judge")
    own_judge = make_prompt(team, "judge", archived_at=utc_now())
    fields = {"assertions": [JUDGE]} if of_set else {}
    test_set = make_set(team, shared, questions=("where", "when"), **fields)
    if not of_set:
        test_set.cases.update(assertions=[JUDGE])
    evaluation = begin(test_set, user)
    Prompt.objects.filter(pk=own_judge.pk).update(archived_at=None)  # a run that has begun keeps its judge
    assert run(evaluation).state == "finished"
    assert (asked(server, "support"), asked(server, "judge")) == ({shared.pk}, {shared_judge.pk})
    server.requests.clear()
    assert run(begin(test_set, user)).state == "finished"
    assert (asked(server, "support"), asked(server, "judge")) == ({shared.pk}, {own_judge.pk})


def test_a_run_of_a_team_s_own_prompt_means_that_one(server, team, user):
    make_prompt(None)
    own = make_prompt(team)
    assert run(begin(make_set(team, own), user)).passed == 3
    assert asked(server, "support") == {own.pk}


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("the connection is lost"),
        psycopg.errors.ReadOnlySqlTransaction(),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.DiskFull(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_is_away_for_a_moment_fails_no_run(test_set, user, server, monkeypatch, error):
    evaluation = begin(test_set, user)

    def away(*_: Any) -> bool:
        raise error from psycopg.OperationalError()

    with monkeypatch.context() as patched:
        patched.setattr(evaluation_runner._Runner, "run", away)
        evaluation = run(evaluation)
    assert (evaluation.state, evaluation.reason, evaluation.lease_until) == ("running", "", None)
    assert run(evaluation).state == "finished"


def test_a_call_that_could_not_be_recorded_is_made_again(test_set, user, server, monkeypatch):
    monkeypatch.setattr("prompts.evaluations.services.calls.ANSWERED", timedelta(0))
    seen = set[str]()

    def behave(path: str, body: dict[str, Any], request_id: str) -> Any:
        if (purpose := request_id.rpartition("-")[0]) in seen:
            return None
        seen.add(purpose)
        return refusal(503, "not_auditable")

    server.behave = behave
    evaluation = run(begin(test_set, user))
    assert (evaluation.state, evaluation.done, evaluation.passed) == ("finished", 3, 3)
    assert set(server.charged.values()) == {1}
