"""One attempt at a job: claimed, made by the pipeline like any call, and written down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import orjson
from django.conf import settings

from gateway.call import Call
from gateway.call.job import BatchShare, JobAnswer, JobRequest, JobRun
from gateway.entrances.formats.entrance import Entrance
from gateway.entrances.formats.incoming import Scope, new_call
from gateway.entrances.formats.openai_reply import openai_error
from gateway.entrances.formats.outgoing import JSON, call_headers, refusal_headers
from gateway.entrances.jobs.asked import door_of, parsed_by
from gateway.events import Event, Finished
from gateway.jobs.policy import Ruling, Standing, after_refusal
from gateway.jobs.services.store import RENEW_SECONDS, Claimed, JobsUnavailableError
from gateway.pipeline import WholeReply, fold
from gateway.records.job_seals import opened, sealed
from gateway.refusals import Refusal, status_in
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry
from gateway.stages.authenticate import accepted_key
from governance.limits.services.ledger import LedgerUnavailableError
from kernel.clock import utc_now
from kernel.deadlines import within
from kernel.ids import new_id

logger = logging.getLogger(__name__)

_STOPPED = "It was cancelled while it was answered: what the model had said until then is charged."
_KEY_PAUSE_SECONDS = 30.0
_GIVE_BACK_SECONDS = 5.0
_BEHIND = timedelta(seconds=10)
"""A key made so short a time ago may be known to the gateway that accepted the job, and not here yet."""
_WRITES, _WRITE_PAUSE_SECONDS = 6, 2.0
"""How often the end of an attempt is tried to be written; after that, its kept answer and the record tell what it was."""


async def run_job(job_id: UUID, *, team_id: int, gateway: Gateway) -> str:
    """What became of the job: a state of it, `waiting`, or `not ours` where it is not its time or another has it."""
    call_id = new_id()
    claimed = await gateway.jobs.claim(job_id, team_id=team_id, call_id=call_id)
    if claimed is None:
        return "not ours"
    attempt = _Attempt(claimed, call_id, gateway)
    if await gateway.keyring.get(team_id) is None:  # had now, it is there when the answer is to be kept
        return await attempt.wait("The team's key can't be had.", _KEY_PAUSE_SECONDS)
    request = await opened(
        JobRequest, claimed.request, generation=claimed.generation, job_id=job_id, team_id=team_id, keyring=gateway.keyring
    )  # fmt: skip
    if request is None:
        return await attempt.wait("The team's key that it is sealed with can't be had.", _KEY_PAUSE_SECONDS)
    return await attempt.make(request)


class _StoppedError(Exception):
    """The job's caller has cancelled it while it was answered."""


class _Attempt:
    """At a job that is claimed."""

    def __init__(self, claimed: Claimed, call_id: UUID, gateway: Gateway) -> None:
        self._job, self._call_id, self._gateway = claimed, call_id, gateway
        self._call: Call | None = None
        self._entrance: Entrance | None = None

    async def make(self, request: JobRequest) -> str:
        try:
            await self._whole(await self._prepared(request))
        except Refusal as refusal:
            return await self._refused(refusal)
        except _StoppedError:
            return await self._end("cancelled", reason=_STOPPED)
        return await self._end("succeeded")

    async def _prepared(self, request: JobRequest) -> Call:
        """The call as the entrance makes it. Raises Refusal."""
        scope, key = _scope(request), self._key(request)
        door = door_of(scope, self._gateway.snapshot)
        self._entrance = door.entrance
        parsed = await parsed_by(door, request.body)
        call = self._call = new_call(
            scope, wire_format=door.entrance.name, parsed=parsed, body_bytes=len(request.body), shown_key=key,
            call_id=self._call_id,
        )  # fmt: skip
        call.job = JobRun(
            id=self._job.id,
            write=partial(_answer, door.entrance),
            batch=_share(self._job),
            record=request.record,
        )
        return call

    def _key(self, request: JobRequest) -> KeyEntry:
        """The key that the job was accepted with, which may have been revoked since. Raises Refusal."""
        now, snapshot = utc_now(), self._gateway.snapshot
        if self._job.key_id not in snapshot.keys and now - self._job.created_at < _BEHIND:
            raise Refusal("overloaded", "The API key is not known here yet.", retry_after=2)
        if request.record is not None and self._job.key_id in snapshot.keys:
            return snapshot.keys[
                self._job.key_id
            ]  # its model was asked while the key was good: it is charged
        return accepted_key(self._job.key_id, request.client_ip, now, snapshot)

    async def _whole(self, call: Call) -> None:
        """Makes the call, and says now and then that it is under way. Raises Refusal, and _StoppedError where its caller has cancelled
        it: what the model had said until then is charged, as of any call whose caller leaves, and the rest of its hold is free again."""
        task = asyncio.create_task(fold(call, self._gateway))
        try:
            while not (await asyncio.wait({task}, timeout=RENEW_SECONDS))[0]:
                standing = await self._standing()
                if standing is Standing.LOST:
                    raise Refusal(
                        "not_auditable", "The job was taken over by another process.", may_retry=False
                    )
                if standing is Standing.CANCELLED:
                    await _stop(task, call)
                    if task.cancelled() or task.exception() is not None:
                        raise _StoppedError
        finally:
            task.cancel()
        reply = task.result()
        assert call.job is not None
        if call.job.answer is None:
            call.job.answer = call.job.write(call, reply.events, reply.finished)

    async def _standing(self) -> Standing:
        try:
            return await self._gateway.jobs.renew(self._job.id, self._call_id)
        except JobsUnavailableError:
            return Standing.OURS  # nobody else can take it either

    async def _refused(self, refusal: Refusal) -> str:
        call = self._call
        run = None if call is None else call.job
        if run is not None and run.is_stopped:
            return await self._end("cancelled")
        if run is not None and run.is_stored and refusal.code == "not_auditable":
            return "running"  # its answer is kept and its record is late: when that is there, both are told
        after = after_refusal(
            code=refusal.code, may_retry=refusal.may_retry, retry_after=refusal.retry_after,
            cost_nanos=0 if call is None else call.charge.cost_nanos, attempts=self._job.attempts,
            is_put_back=call is not None and run is not None and run.is_put_back(call),
            jitter=self._gateway.random.random(),
        )  # fmt: skip
        if after.ruling is Ruling.WAIT:
            short = "" if call is None else call.taken.short
            return await self.wait(refusal.message, after.pause, counter=short)
        if after.ruling is Ruling.RETRY:
            self._gateway.metrics.job_retries += 1
            await self._give_back()
            return await self.wait(refusal.message, after.pause, counts=True)
        state = "failed" if after.ruling is Ruling.FAIL else "dead"
        reason = f"{after.reason} {refusal.message}".strip()
        return await self._end(state, self._refusal_answer(refusal), code=refusal.code, reason=reason)

    async def _give_back(self) -> None:
        """To its batch, for the next attempt, what this one took of it: its call has ended and is held no more."""
        share = None if self._call is None or self._call.job is None else self._call.job.batch
        if share is not None and share.drawn_nanos:
            with suppress(LedgerUnavailableError, TimeoutError):
                await within(
                    _GIVE_BACK_SECONDS, _future(self._gateway.ledger.extend(share.id, share.drawn_nanos))
                )

    def _refusal_answer(self, refusal: Refusal) -> JobAnswer:
        """What the entrance would have said."""
        if self._call is None or self._entrance is None:
            return JobAnswer(
                status=refusal.status,
                headers={"content-type": JSON},
                body=orjson.dumps(openai_error(refusal)),
            )
        body, extra = self._entrance.error(self._call, refusal)
        headers = call_headers(self._call, with_cost=True) | refusal_headers(refusal) | extra
        status = status_in(refusal, self._call.request.wire_format)
        return JobAnswer(status=status, headers={"content-type": JSON, **headers}, body=body)

    async def wait(self, reason: str, pause: float, *, counter: str = "", counts: bool = False) -> str:
        """Puts the job back: for room in a rate limit (`counter`), or for so many seconds."""
        is_written = await self._written(
            lambda: self._gateway.jobs.put_back(
                self._job.id, self._call_id, pause=pause, counter=counter, reason=reason, counts=counts
            )
        )
        if not is_written and await self._standing() is Standing.CANCELLED:
            return await self._end("cancelled")
        return "waiting" if is_written else "not ours"

    async def _end(
        self, state: str, refused: JobAnswer | None = None, *, code: str = "", reason: str = ""
    ) -> str:
        run = None if self._call is None else self._call.job
        answer = refused or (None if run is None else run.answer)
        is_stored = refused is None and run is not None and run.is_stored
        hours = settings.JOBS_DEAD_HOURS if state == "dead" else settings.JOBS_RESULT_HOURS

        async def write() -> bool:
            made: tuple[bytes | None, int | None] | None = (None, None)
            if answer is not None and not is_stored:
                made = await sealed(
                    answer, job_id=self._job.id, team_id=self._job.team_id, keyring=self._gateway.keyring
                )
            if made is None:
                raise JobsUnavailableError("the team's key can't be had")
            return await self._gateway.jobs.end(
                self._job.id, self._call_id, state=state, expires_at=utc_now() + timedelta(hours=hours),
                cost_nanos=0 if self._call is None else self._call.charge.cost_nanos, sealed=made[0], generation=made[1],
                status=None if answer is None else answer.status, code=code, reason=reason,
            )  # fmt: skip

        if not await self._written(write):
            return "not ours"
        self._gateway.metrics.note_job(state)
        return state

    async def _written(self, write: Callable[[], Awaitable[bool]]) -> bool:
        for left in reversed(range(_WRITES)):
            try:
                return await write()
            except JobsUnavailableError as error:
                logger.error("job %s: what came of it is not written yet (%s)", self._job.id, error)
                await asyncio.sleep(_WRITE_PAUSE_SECONDS if left else 0)
        return False


async def _stop(task: "asyncio.Task[WholeReply]", call: Call) -> None:
    """Cancels a call, and waits until it is settled. One that has ended and is being settled is left to that: what it was charged would
    not be known else."""
    assert call.job is not None
    if call.job.finished is None and call.refusal is None:
        task.cancel()
    await asyncio.wait({task})


async def _future(future: "asyncio.Future[int]") -> int:
    return await future


def _share(job: Claimed) -> BatchShare | None:
    if job.batch_id is None or job.batched_at is None:
        return None
    return BatchShare(id=job.batch_id, created_at=job.batched_at)


def _scope(request: JobRequest) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": request.path,
        "raw_path": request.raw_path,
        "query_string": b"",
        "headers": request.headers,
        "client": None if request.client_ip is None else (request.client_ip, 0),
    }


def _answer(entrance: Entrance, call: Call, events: list[Event], finished: Finished) -> JobAnswer:
    headers = {"content-type": JSON, **call_headers(call, with_cost=True)}
    return JobAnswer(status=200, headers=headers, body=entrance.whole(call, events, finished))
