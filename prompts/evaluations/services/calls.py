"""The calls of an evaluation: each claimed, made once, settled, and where a worker died on it, looked up on the record."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from governance.limits.models import Hold
from governance.records.models import AuditRecord, CallStatus
from governance.records.selectors.bodies import BodiesUnreachableError
from governance.records.selectors.calls import content_of, first_id_at
from kernel.clock import utc_now
from kernel.faults import is_away
from kernel.money import dollars_to_nanos
from prompts.evaluations.models import Evaluation, EvaluationCall, EvaluationState, StopReason
from prompts.evaluations.policy.grading import Ask, JudgedReply
from prompts.evaluations.policy.settlement import (
    ANSWERED,
    MAX_ATTEMPTS,
    STALE,
    After,
    Ruling,
    SettlementStep,
    after_error,
    after_record,
    step_for_unsettled,
)
from prompts.inner_calls import Answer, NotSentError, OutcomeUnknownError, post
from prompts.registry.policy.json_values import storable

logger = logging.getLogger(__name__)

FEATURE = "evaluation"
_CLOCKS_APART = timedelta(minutes=2)
_LOST = "The answer was charged, but its worker died before it was written down, and its text is not stored."
Post = Callable[..., Answer]


def claim(result_id: int, ask: Ask, *, now: datetime) -> EvaluationCall | None:
    """The call, ours to make; None where another worker has claimed it."""
    try:
        with transaction.atomic():
            return EvaluationCall.objects.create(result_id=result_id, purpose=ask.purpose, claimed_at=now)
    except IntegrityError:
        return None


def claim_again(call: EvaluationCall, *, now: datetime) -> EvaluationCall | None:
    """The next attempt at a call that waits or never came through; None where another worker was quicker."""
    found = EvaluationCall.objects.filter(pk=call.pk, attempt=call.attempt, state=call.state).exclude(
        state=EvaluationCall.State.SETTLED
    )
    changed = found.update(
        attempt=F("attempt") + 1, state=EvaluationCall.State.CLAIMED, claimed_at=now, retry_at=None
    )
    return EvaluationCall.objects.get(pk=call.pk) if changed else None


def perform(call: EvaluationCall, ask: Ask, *, evaluation_id: int, key: str, send: Post = post) -> None:
    """Makes a claimed call and writes down what came of it. Runs in a thread of its own, which outlives its task."""
    try:
        if utc_now() - call.claimed_at > STALE:
            _wait(call, After(Ruling.TRY_AGAIN), evaluation_id=evaluation_id)
            return
        answer = send(ask.path, ask.body, key=key, request_id=call.request_id, feature=FEATURE)
        _note_answer(call, answer, evaluation_id=evaluation_id)
    except NotSentError as error:
        if call.refusals + 1 >= MAX_ATTEMPTS:
            stop_evaluation(evaluation_id, StopReason.UNREACHABLE, str(error))
        _wait(call, After(Ruling.TRY_AGAIN, min(2.0**call.refusals, 30.0)), evaluation_id=evaluation_id)
    except OutcomeUnknownError as error:
        logger.warning("evaluation %d: %s: %s", evaluation_id, call.request_id, error)  # the record will say
    except Exception as error:
        if is_away(error):  # the record will say what became of the call, or nothing did
            logger.warning("evaluation %d: %s: %s", evaluation_id, call.request_id, type(error).__name__)
        else:
            logger.exception("evaluation %d: a fault at %s", evaluation_id, call.request_id)
    finally:
        _close_own_connection()


def _close_own_connection() -> None:
    if threading.current_thread() is not threading.main_thread():
        connection.close()


def _note_answer(call: EvaluationCall, answer: Answer, *, evaluation_id: int) -> None:
    if 200 <= answer.status < 300:
        settle_call(
            call, evaluation_id=evaluation_id, call_id=answer.call_id, response=answer.body,
            cost_nanos=_cost(answer), duration_ms=_number(answer.body.get("duration_ms")) or _duration(answer.call_id),
        )  # fmt: skip
        return
    code, message = answer.error
    cost = _recorded(answer.call_id, "cost_nanos") or 0
    after = after_error(code, attempt=call.refusals + 1, cost_nanos=cost, retry_after=answer.retry_after)
    if after.ruling is Ruling.SETTLE:
        settle_call(
            call, evaluation_id=evaluation_id, call_id=answer.call_id, error=f"{code}: {message}", cost_nanos=cost,
            duration_ms=_duration(answer.call_id),
        )  # fmt: skip
    elif after.ruling is Ruling.UNKNOWN:
        _note_unknown(call)
    else:
        _wait(call, after, evaluation_id=evaluation_id)
        if after.ruling is Ruling.STOP_BUDGET:
            stop_evaluation(evaluation_id, StopReason.BUDGET, message)
        elif after.ruling is Ruling.STOP_RATE_LIMITED:
            stop_evaluation(evaluation_id, StopReason.RATE_LIMITED, message)


def _cost(answer: Answer) -> int:
    """What the call cost, by the answer itself or by the record, which is durable before an answer is sent."""
    told = answer.body.get("cost_usd")
    if isinstance(told, str):
        try:
            return dollars_to_nanos(told)
        except ValueError:
            pass
    return int(_recorded(answer.call_id, "cost_nanos") or 0)


def _duration(call_id: UUID | None) -> float:
    return float(_recorded(call_id, "duration_ms") or 0)


def _recorded(call_id: UUID | None, column: str) -> Any:
    if call_id is None:
        return None
    return AuditRecord.objects.filter(pk=call_id).values_list(column, flat=True).first()


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


@transaction.atomic
def settle_call(
    call: EvaluationCall, *, evaluation_id: int, call_id: UUID | None, cost_nanos: int, duration_ms: float,
    response: dict[str, Any] | None = None, error: str = "",
) -> bool:  # fmt: skip
    """Writes down what came of a claimed call, once, with its cost. False where it is written already."""
    changed = EvaluationCall.objects.filter(
        pk=call.pk, attempt=call.attempt, state=EvaluationCall.State.CLAIMED
    ).update(
        state=EvaluationCall.State.SETTLED, call_id=call_id, response=storable(response or {}), error=storable(error[:1000]),
        cost_nanos=cost_nanos, duration_ms=duration_ms,
    )  # fmt: skip
    if changed:
        Evaluation.objects.filter(pk=evaluation_id).update(
            spent_nanos=F("spent_nanos") + cost_nanos, dearest_nanos=Greatest(F("dearest_nanos"), cost_nanos)
        )
    return bool(changed)


def _wait(call: EvaluationCall, after: After, *, evaluation_id: int) -> None:
    retry_at = utc_now() + timedelta(seconds=after.pause)
    EvaluationCall.objects.filter(
        pk=call.pk, attempt=call.attempt, state=EvaluationCall.State.CLAIMED
    ).update(state=EvaluationCall.State.WAITING, retry_at=retry_at, refusals=F("refusals") + 1)
    if after.is_for_all:
        Evaluation.objects.filter(pk=evaluation_id).update(not_before=Greatest(F("not_before"), retry_at))


def _note_unknown(call: EvaluationCall) -> None:
    """The gateway has answered, and not whether the call was made: if neither a hold nor a record says so in a while, it was not."""
    EvaluationCall.objects.filter(
        pk=call.pk, attempt=call.attempt, state=EvaluationCall.State.CLAIMED
    ).update(retry_at=utc_now() + ANSWERED)


def stop_evaluation(evaluation_id: int, reason: StopReason, detail: str) -> None:
    """Ends an evaluation that is under way, so that it can be resumed."""
    Evaluation.objects.filter(
        pk=evaluation_id, state__in=(EvaluationState.QUEUED, EvaluationState.RUNNING)
    ).update(state=EvaluationState.STOPPED, reason=reason, detail=detail[:500], finished_at=utc_now())


def recover(call: EvaluationCall, *, evaluation: Evaluation, now: datetime) -> SettlementStep:
    """What is to be done about a call that another worker has claimed and not settled; from the record it is settled here."""
    is_held = Hold.objects.filter(record__request_id=call.request_id).exists()
    record = _record_of(call, team_id=evaluation.test_set.team_id)
    ended = None if record is None else record.started_at + timedelta(milliseconds=record.duration_ms)
    step = step_for_unsettled(
        claimed_at=call.claimed_at, now=now, is_held=is_held, recorded_end=ended, answered_until=call.retry_at
    )
    if step is SettlementStep.TAKE_RECORD and record is not None:
        _take(call, record, evaluation_id=evaluation.pk)
    return step


def _record_of(call: EvaluationCall, *, team_id: int) -> AuditRecord | None:
    """The record of the attempt, found along the team's calls from the moment of its claim on."""
    since = first_id_at(call.claimed_at - _CLOCKS_APART)
    return AuditRecord.objects.filter(team_id=team_id, pk__gte=since, request_id=call.request_id).first()


def _take(call: EvaluationCall, record: AuditRecord, *, evaluation_id: int) -> None:
    error, response = "", {}
    after = after_record(record.code, attempt=call.refusals + 1, cost_nanos=record.cost_nanos)
    if record.status != CallStatus.SUCCEEDED and after.ruling is Ruling.TRY_AGAIN:
        _wait(call, after, evaluation_id=evaluation_id)
        return
    if record.status != CallStatus.SUCCEEDED:
        error = f"{record.code or record.status}: {record.message or 'No reason is on record.'}"
    elif (text := _stored_text(record)) is None or call.purpose.startswith("embeddings"):
        error = f"lost: {_LOST}"
    else:
        contract = record.prompt_run.get("contract")
        response = {
            "output": text,
            "version": record.prompt_version,
            "contract": contract if isinstance(contract, dict) else None,
        }
        response["usage"] = {
            name: getattr(record, name)
            for name in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
        }
    settle_call(
        call, evaluation_id=evaluation_id, call_id=record.pk, cost_nanos=record.cost_nanos, response=response,
        error=error, duration_ms=record.duration_ms,
    )  # fmt: skip


def _stored_text(record: AuditRecord) -> str | None:
    """The answer as it is stored, redacted; None where it is not."""
    try:
        content = content_of(record)
    except BodiesUnreachableError:
        return None
    if content is None:
        return None
    return "".join(str(block["text"]) for block in content.answer if isinstance(block.get("text"), str))


def reply_of(call: EvaluationCall) -> JudgedReply:
    """What a settled call answered."""
    return JudgedReply(
        body=call.response, error=call.error, duration_ms=call.duration_ms, cost_nanos=call.cost_nanos
    )
