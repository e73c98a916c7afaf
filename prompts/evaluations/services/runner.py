"""Runs an evaluation for some seconds at a time, wherever it stands: started, resumed, or left by a worker that died.

One thread walks the results and claims calls; each call is made by a thread that writes down itself what came of it. So a
task that ends leaves calls under way to be settled all the same, and a worker that dies leaves rows that say what it did.
"""

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, Sum

from accounts.services.internal_keys import internal_key
from kernel.clock import perf_counter, utc_now
from kernel.faults import is_away
from prompts.evaluations.models import (
    Evaluation,
    EvaluationCall,
    EvaluationResult,
    EvaluationState,
    StopReason,
)
from prompts.evaluations.policy.assertions import decode_assertions
from prompts.evaluations.policy.grading import Ask, Graded, GradedCase, Grading, grading
from prompts.evaluations.policy.settlement import SettlementStep, may_spend
from prompts.evaluations.policy.verdict import AssertionVerdict
from prompts.evaluations.services.calls import (
    Post,
    claim,
    claim_again,
    perform,
    recover,
    reply_of,
    stop_evaluation,
)
from prompts.inner_calls import post
from prompts.registry.models import PromptVersion
from prompts.registry.policy.json_values import storable
from prompts.registry.selectors.prompts import version_digest

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
_MAX_THREADS = 32
_AT_A_TIME = 50

_threads: ThreadPoolExecutor | None = None
_under_way: dict[int, "Future[None]"] = {}
"""Calls that this process is making, by the ids of their rows."""


def _pool() -> ThreadPoolExecutor:
    """The process's threads for calls, made after it was forked."""
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="evaluation")
    return _threads


def _submit(call: EvaluationCall, ask: Ask, *, evaluation_id: int, key: str, send: Post) -> None:
    future = _pool().submit(perform, call, ask, evaluation_id=evaluation_id, key=key, send=send)
    _under_way[call.pk] = future
    future.add_done_callback(lambda _: _under_way.pop(call.pk, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a task stays with an evaluation that only waits, and when it looks again at somebody else's call."""

    idle_seconds: float = 2.0
    look_again_seconds: float = 2.0


USUAL = Pace()


@dataclass
class _Walk:
    """One result under way, and what it asks for next."""

    result: EvaluationResult
    steps: Grading
    ask: Ask
    is_blocked: bool = False
    """Whether its call was claimed elsewhere, and nobody knows yet what became of it."""
    look_at: float = 0.0


def run_for(evaluation_id: int, *, seconds: float, send: Post = post, pace: Pace = USUAL) -> bool:
    """Goes on with an evaluation for so long. True where there is more to do at once; what can wait is woken by time."""
    now = utc_now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    if _team_is_busy(evaluation_id, now=now):
        return False  # woken again by time, when it is its turn
    taken = Evaluation.objects.filter(
        free, pk=evaluation_id, state__in=(EvaluationState.QUEUED, EvaluationState.RUNNING)
    ).update(lease_until=now + LEASE, state=EvaluationState.RUNNING)
    if not taken:
        return False
    Evaluation.objects.filter(pk=evaluation_id, started_at=None).update(started_at=now)
    has_more = False
    try:
        has_more = _Runner(evaluation_id, send=send, pace=pace).run(seconds)
    except Exception as error:
        if is_away(error):
            # Whoever has a lease that is over goes on with it: what was done is kept.
            logger.warning(
                "evaluation %d: goes on when Postgres can be used (%s)", evaluation_id, type(error).__name__
            )
            connection.close()  # it may be lost, and Celery's worker looks only between tasks
            with suppress(DatabaseError):
                Evaluation.objects.filter(pk=evaluation_id).update(lease_until=None)
            return False
        logger.exception("evaluation %d: a fault", evaluation_id)
        Evaluation.objects.filter(pk=evaluation_id).update(
            state=EvaluationState.FAILED, reason=StopReason.FAULT, finished_at=utc_now(),
            detail="Gatehouse met a fault of its own. It is in the worker's log; you can resume.",
        )  # fmt: skip
    Evaluation.objects.filter(pk=evaluation_id).update(lease_until=None)
    return has_more


def _team_is_busy(evaluation_id: int, *, now: datetime) -> bool:
    """Whether its team has as many under way as it may have."""
    team = Evaluation.objects.filter(pk=evaluation_id).values_list("test_set__team", flat=True).first()
    running = Evaluation.objects.filter(test_set__team=team, lease_until__gt=now).exclude(pk=evaluation_id)
    return bool(running.count() >= settings.TEAM_EVALUATIONS)


class _Runner:
    def __init__(self, evaluation_id: int, *, send: Post, pace: Pace = USUAL) -> None:
        self._send = send
        self._pace = pace
        self._id = evaluation_id
        self._evaluation = self._load()
        self._key = internal_key(self._evaluation.test_set.team)
        self._common = decode_assertions(self._evaluation.test_set.assertions)
        self._walks: list[_Walk] = []

    def _load(self) -> Evaluation:
        return Evaluation.objects.select_related("test_set__team", "test_set__prompt").get(pk=self._id)

    def run(self, seconds: float) -> bool:
        """Until time is over (True), all is done, or it is to stop or to wait. Calls under way go on by themselves."""
        begun = busy = perf_counter()
        if (changed := what_changed(self._evaluation)) is not None:
            stop_evaluation(self._id, StopReason.CHANGED, changed)
            return False
        while perf_counter() - begun < seconds:
            self._evaluation = self._load()
            if self._is_over():
                return False
            Evaluation.objects.filter(pk=self._id).update(lease_until=utc_now() + LEASE)
            self._take_up()
            finished = sum(self._step(walk) for walk in list(self._walks))
            if self._nothing_left():
                return False
            if finished or self._ours():
                busy = perf_counter()
            elif perf_counter() - busy > self._pace.idle_seconds:
                return False
            self._rest()
        return True

    def _is_over(self) -> bool:
        if self._evaluation.is_cancel_requested:
            stop_evaluation(
                self._id, StopReason.CANCELLED, "Cancelled. What was done is kept; you can resume."
            )
            return True
        return not self._evaluation.is_open

    def _is_early(self) -> bool:
        return self._evaluation.not_before is not None and self._evaluation.not_before > utc_now()

    def _ours(self) -> list["Future[None]"]:
        """The calls of this evaluation that this process is making, from an earlier task on too."""
        return [future for call_id in self._claimed() if (future := _under_way.get(call_id)) is not None]

    def _rest(self) -> None:
        ours = self._ours()
        if ours:
            wait(ours, timeout=0.5, return_when=FIRST_COMPLETED)
        else:
            sleep(0.1)

    def _take_up(self) -> None:
        """More results, as many as calls may be under way beside those that wait for somebody else's call."""
        free = self._evaluation.concurrency - sum(1 for walk in self._walks if not walk.is_blocked)
        if free <= 0:
            return
        under_way = [walk.result.pk for walk in self._walks]
        rows = EvaluationResult.objects.filter(evaluation=self._id, is_done=False).exclude(pk__in=under_way)
        for result in rows.select_related("case").order_by("id")[: min(free, _AT_A_TIME)]:
            steps = grading(self._case(result))
            self._walks.append(_Walk(result, steps, next(steps)))

    def _case(self, result: EvaluationResult) -> GradedCase:
        candidate, case = self._evaluation.candidates[result.candidate], result.case
        return GradedCase(
            prompt=self._evaluation.test_set.prompt.name,
            version=candidate["version"],
            model=candidate.get("model", ""),
            variables=case.variables,
            expected=case.expected,
            assertions=(*self._common, *decode_assertions(case.assertions)),
            embeddings=settings.EVALUATION_EMBEDDINGS,
            prompt_id=self._evaluation.test_set.prompt_id,
            judges=self._evaluation.judges,
        )

    # --- one result ---

    def _step(self, walk: _Walk) -> bool:
        """Goes as far as it can without waiting. Whether the result is done."""
        while True:
            call = EvaluationCall.objects.filter(result=walk.result.pk, purpose=walk.ask.purpose).first()
            if call is None or call.state != EvaluationCall.State.SETTLED:
                self._see_to(walk, call)
                return False
            walk.is_blocked = False
            if walk.ask.purpose == "answer":
                walk.result.call_id = call.call_id
            try:
                walk.ask = walk.steps.send(reply_of(call))
            except StopIteration as finished:
                self._walks.remove(walk)
                finish(walk.result, finished.value, now=utc_now())
                return True

    def _see_to(self, walk: _Walk, call: EvaluationCall | None) -> None:
        """Makes the call if it is ours to make: it is new, its pause is over, or it is certain that it was never made."""
        now = utc_now()
        if call is None:
            if self._may_call():
                self._make(walk, claim(walk.result.pk, walk.ask, now=now))
        elif call.state == EvaluationCall.State.WAITING:
            if (call.retry_at is None or call.retry_at <= now) and self._may_call():
                self._make(walk, claim_again(call, now=now))
        elif call.pk not in _under_way and perf_counter() >= walk.look_at:
            walk.is_blocked, walk.look_at = True, perf_counter() + self._pace.look_again_seconds
            step = recover(call, evaluation=self._evaluation, now=now)
            if step is SettlementStep.MAKE_AGAIN and self._may_call(again=call):
                self._make(walk, claim_again(call, now=now))

    def _may_call(self, *, again: EvaluationCall | None = None) -> bool:
        """Whether one more call, or one again, is allowed now. Stops the evaluation where its cap leaves no room."""
        if self._is_early():
            return False
        evaluation, in_flight = self._load(), len(self._claimed()) - int(again is not None)
        if not evaluation.is_open or evaluation.is_cancel_requested:
            return False
        if len(self._ours()) >= evaluation.concurrency:
            return False
        facts = {
            "spent": evaluation.spent_nanos,
            "dearest": evaluation.dearest_nanos,
            "cap": evaluation.budget_nanos,
        }
        if may_spend(in_flight=in_flight, **facts):
            return True
        if not in_flight:
            stop_evaluation(
                self._id, StopReason.CAP, "One more call could cost more than the cap. Raise it to go on."
            )
        return False

    def _claimed(self) -> list[int]:
        """The calls that may be under way, whoever makes them."""
        calls = EvaluationCall.objects.filter(
            result__evaluation=self._id, result__is_done=False, state=EvaluationCall.State.CLAIMED
        )
        return list(calls.values_list("pk", flat=True))

    def _make(self, walk: _Walk, call: EvaluationCall | None) -> None:
        if call is None:
            return  # another worker was quicker
        walk.is_blocked = False
        _submit(call, walk.ask, evaluation_id=self._id, key=self._key, send=self._send)

    def _nothing_left(self) -> bool:
        if self._walks or EvaluationResult.objects.filter(evaluation=self._id, is_done=False).exists():
            return False
        changed = what_changed(self._evaluation)
        if changed is not None:
            stop_evaluation(self._id, StopReason.CHANGED, changed)
        else:
            Evaluation.objects.filter(pk=self._id, state=EvaluationState.RUNNING).update(
                state=EvaluationState.FINISHED, reason="", detail="", finished_at=utc_now()
            )
        return True


def what_changed(evaluation: Evaluation) -> str | None:
    """What of the evaluation is not as it was when it began: then its results would be of two things."""
    if evaluation.test_set.revision != evaluation.set_revision:
        return "The cases were changed while it ran. Start it again."
    numbers = {candidate["version"] for candidate in evaluation.candidates}
    versions = {
        version.number: version
        for version in PromptVersion.objects.filter(prompt=evaluation.test_set.prompt_id, number__in=numbers)
    }
    for candidate in evaluation.candidates:
        version = versions.get(candidate["version"])
        if version is None or version_digest(version) != candidate["digest"]:
            return f"Version {candidate['version']} was changed while it ran. Start it again."
    return None


@transaction.atomic
def finish(result: EvaluationResult, graded: Graded, *, now: datetime) -> bool:
    """Writes down what a result came to, once; what its calls answered is let go. False where it is written already."""
    calls = EvaluationCall.objects.filter(result=result.pk)
    changed = EvaluationResult.objects.filter(pk=result.pk, is_done=False).update(
        is_done=True, verdict=graded.verdict, output=storable(graded.output), error=storable(graded.error[:1000]),
        outcomes=storable(msgspec.to_builtins(graded.outcomes)),
        call_id=result.call_id, cost_nanos=graded.cost_nanos, duration_ms=graded.duration_ms, tokens=graded.tokens,
        total_nanos=calls.aggregate(total=Sum("cost_nanos"))["total"] or 0, contract=graded.contract[:16], finished_at=now,
    )  # fmt: skip
    if changed:
        calls.update(response={})
        has_passed = graded.verdict is AssertionVerdict.PASSED
        Evaluation.objects.filter(pk=result.evaluation_id).update(
            done=F("done") + 1, passed=F("passed") + int(has_passed)
        )
    return bool(changed)
