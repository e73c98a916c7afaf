"""A batch that Bedrock's batch inference makes: its lines go to S3 as they may be sent, and what comes back is settled line by line.

A line passes what a call passes before its model is asked, when it is written for S3; and once more when its answer is there, as a
job whose model has spoken already: masked the same way, so that its placeholders are known again, charged, screened and told.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar

import msgspec
import orjson
from django.conf import settings

from gateway.batches.policy.lines import Fault, Line, parsed_line
from gateway.batches.policy.names import batch_name
from gateway.batches.services.batch_store import Work
from gateway.batches.services.file_store import FileSeen
from gateway.call import Call
from gateway.call.job import JobRequest, JobRun, Record
from gateway.conversation import Conversation, encode
from gateway.entrances.batches.bound import key_of, scope_of
from gateway.entrances.batches.feed import AT_ONCE, job_of
from gateway.entrances.batches.files import lines_of
from gateway.entrances.batches.turn import Turn
from gateway.entrances.batches.validate import NotNowError
from gateway.entrances.formats.incoming import new_call
from gateway.entrances.jobs.asked import door_of, parsed_by
from gateway.pipeline import PREPARATION, run_stages
from gateway.providers.bedrock import batch_inference
from gateway.providers.bedrock.batch_inference import (
    BatchInferenceAwayError,
    BatchInferenceRefusedError,
    JobState,
    Place,
)
from gateway.refusals import Refusal
from gateway.routing.fitting import fit_for
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry
from kernel.clock import utc_now

_OUR_SIDE = 500
_PAUSE = timedelta(seconds=10)
"""Between two questions how far a job is."""
_IN_A_TRANSACTION = 100
_AT_A_TIME = 5000
"""Lines whose records are in memory at once."""
T = TypeVar("T")
logger = logging.getLogger(__name__)


class Inference:
    """With a batch of mode `batch_inference` that is ours, and not all of whose lines are jobs or faults yet."""

    def __init__(self, work: Work, request: JobRequest, file: FileSeen, turn: Turn, gateway: Gateway) -> None:
        self._work, self._request, self._file, self._turn, self._gateway = work, request, file, turn, gateway
        self._place = _place(work)

    async def run(self) -> None:
        """Goes on as far as it goes now. Raises NotNowError, and what stores and files raise."""
        try:
            arn = self._work.inference_arn or await self._sent()
            if arn:
                await self._followed(arn)
        except BatchInferenceAwayError as error:
            await self._later()
            raise NotNowError from error
        except BatchInferenceRefusedError as error:
            logger.warning("batch %s: Bedrock or S3 refuses it (%s)", self._work.id, error)
            if self._work.inference_arn and not error.is_missing:
                await self._later()  # it is under way, and is charged when that can be read again
                raise NotNowError from error
            await self._refused(str(error))

    async def _sent(self) -> str:
        """The ARN of its job, which is made once: S3 has its lines whole or not at all, and its id is the job's token."""
        place, work = self._place, self._work
        if not await self._away(lambda: batch_inference.is_put(place)):
            if work.state != "in_progress":
                await self._over()
                return ""
            with TemporaryFile() as lines:
                if await self._written(lines) < batch_inference.MIN_RECORDS:
                    await self._gateway.batches.by_queue(work.id, self._turn.runner)
                    return ""
                lines.seek(0)
                await self._away(lambda: batch_inference.put(place, lines))
        model_id = self._model_id()
        arn = await self._away(lambda: batch_inference.create(place, model_id=model_id, token=work.id.hex))
        await self._gateway.batches.note_inference(work.id, self._turn.runner, arn=arn)
        return arn

    async def _written(self, lines: IO[bytes]) -> int:
        """How many lines may be sent; why others may not is noted."""
        key, number, faults = self._key(), 0, list[Fault]()
        known = await self._gateway.batches.faults(self._work.id, 1, 2**31 - 1)
        async for raw in lines_of(self._file, self._gateway):
            if raw.number in known:
                continue
            line = parsed_line(raw, self._work.endpoint)
            assert isinstance(line, Line)  # it was read before
            try:
                body = await self._body(line, key)
            except Refusal as refusal:
                if refusal.status >= _OUR_SIDE:
                    raise NotNowError from refusal
                faults.append(Fault(line=line.number, code=refusal.code, message=refusal.message))
                continue
            lines.write(b'{"recordId":"%b","modelInput":%b}\n' % (_record_id(line.number).encode(), body))
            number += 1
            await self._turn.rest()
        await self._gateway.batches.note_faults(self._work.id, faults)
        return number

    async def _body(self, line: Line, key: KeyEntry) -> bytes:
        """What the model is to be sent. Refusals: of any stage before a model is asked."""
        scope = scope_of(self._request)
        door = door_of(scope, self._gateway.snapshot)
        parsed = await parsed_by(door, line.body)
        call = new_call(
            scope, wire_format=door.entrance.name, parsed=parsed, body_bytes=len(line.body), shown_key=key
        )
        call.job = JobRun(id=call.id, write=_no_answer, record=self._asked())
        await run_stages(PREPARATION, call, self._gateway)
        if call.fixed_answer is not None:
            raise Refusal("content_blocked", call.fixed_answer)
        fit_for(
            call,
            call.routed.deployments[0],
            self._gateway.refused_features,
            most_tokens=call.bounds.max_tokens,
        )
        return encode(_bounded(call))

    async def _followed(self, arn: str) -> None:
        place = self._place
        if self._work.state != "in_progress":
            await self._away(lambda: batch_inference.stop(place, arn))
        state = await self._away(lambda: batch_inference.state_of(place, arn))
        if not state.is_over:
            await self._later()
            return
        numbers = range(self._work.next_line, self._work.next_line + _AT_A_TIME)
        wanted = {_record_id(number) for number in numbers}
        found = await self._away(lambda: _records(place, arn, wanted))
        await self._fed(found, state, arn)

    async def _later(self) -> None:
        later = utc_now() + _PAUSE
        await self._gateway.batches.look_later(self._work.id, self._turn.runner, at=later)

    async def _fed(self, found: dict[Any, dict[str, Any]], state: JobState, arn: str) -> None:
        """Jobs of lines that were made, as many as there is room for, of those whose records were read."""
        work = self._work
        last = work.next_line + _AT_A_TIME - 1
        room = AT_ONCE - await self._gateway.batches.active(work.id)
        known = await self._gateway.batches.faults(work.id, work.next_line, 2**31 - 1)
        offset, number, is_fed = work.next_offset, work.next_line, True
        jobs: list[dict[str, Any]] = []
        faults: list[Fault] = []
        async for raw in lines_of(self._file, self._gateway, offset=offset, number=number):
            if room <= 0 or raw.number > last:
                is_fed = False
                break
            if raw.number not in known:
                line = parsed_line(raw, work.endpoint)
                assert isinstance(line, Line)  # it was read before
                record = self._record(found.get(_record_id(line.number)))
                if record is not None:
                    jobs.append(await job_of(work, self._request, line, self._gateway, record=record))
                    room -= 1
                elif work.state == "in_progress":
                    faults.append(_not_made(line, state))
            offset, number = raw.ends_at, raw.number + 1
            if len(jobs) >= _IN_A_TRANSACTION:
                await self._gateway.batches.feed(
                    work, self._turn.runner, jobs, offset=offset, line=number, is_fed=False
                )
                jobs = []
            await self._turn.rest()
        await self._gateway.batches.note_faults(work.id, faults)
        await self._gateway.batches.feed(
            work, self._turn.runner, jobs, offset=offset, line=number, is_fed=is_fed
        )
        if is_fed:
            await self._forgotten(arn)

    async def _forgotten(self, arn: str) -> None:
        """Its objects are deleted: what they say is sealed here by now. What that leaves, the bucket's own rules delete."""
        place = self._place
        try:
            await asyncio.to_thread(lambda: batch_inference.delete(place, arn))
        except (BatchInferenceAwayError, BatchInferenceRefusedError) as error:
            logger.warning("batch %s: its objects in S3 are not deleted (%s)", self._work.id, error)

    def _record(self, found: dict[str, Any] | None) -> Record | None:
        assert self._work.deployment_id is not None
        if found is None:
            return None
        error = found.get("error")
        if isinstance(error, dict):
            code, message = str(error.get("errorCode", "")), str(error.get("errorMessage", ""))
            return Record(deployment_id=self._work.deployment_id, code=code or "error", message=message)
        return Record(deployment_id=self._work.deployment_id, answer=orjson.dumps(found.get("modelOutput")))

    def _asked(self) -> Record:
        """Of a line that is yet to be made: it leads the call to the batch's deployment, and to its price."""
        assert self._work.deployment_id is not None
        return Record(deployment_id=self._work.deployment_id)

    async def _refused(self, why: str) -> None:
        """AWS takes no job of it: none of it is made."""
        if self._work.state != "in_progress":
            await self._over()
            return
        told = f"Bedrock does not take this batch: {why}. An administrator of Gatehouse can mend that."
        await self._gateway.batches.fail_inference(
            self._work.id, self._turn.runner, problem={"code": "batch_failed", "line": None, "message": told, "param": None}
        )  # fmt: skip

    async def _over(self) -> None:
        """No lines become jobs any more."""
        work = self._work
        await self._gateway.batches.feed(
            work, self._turn.runner, [], offset=work.next_offset, line=work.next_line, is_fed=True
        )

    def _key(self) -> KeyEntry:
        try:
            return key_of(self._work.key_id, self._request, self._gateway)
        except Refusal as refusal:
            raise NotNowError from refusal

    def _model_id(self) -> str:
        for route in self._gateway.snapshot.routes.values():
            for each in route.deployments:
                if each.id == self._work.deployment_id:
                    return each.invoke_id
        raise BatchInferenceRefusedError("its deployment is no longer in the catalogue")

    async def _away(self, ask: Callable[[], T]) -> T:
        """Asks AWS in a thread, and renews the lease before and after."""
        await self._gateway.batches.renew(self._work.id, self._turn.runner)
        return await asyncio.to_thread(ask)


async def stop_unreadable(work: Work, turn: Turn, gateway: Gateway) -> None:
    """Stops the job of a batch whose lines can't be read any more, and makes no job of any."""
    place, arn = _place(work), work.inference_arn
    if arn:
        try:
            await asyncio.to_thread(lambda: batch_inference.stop(place, arn))
        except BatchInferenceAwayError as error:
            raise NotNowError(str(error)) from error
    await gateway.batches.feed(
        work, turn.runner, [], offset=work.next_offset, line=work.next_line, is_fed=True
    )


def _records(place: Place, arn: str, wanted: set[str]) -> dict[Any, dict[str, Any]]:
    """Those of some lines. All of them would be a hundred megabytes and more: they stand in no order, and are read each time."""
    found = batch_inference.results(place, arn)
    return {name: each for each in found if isinstance(name := each.get("recordId"), str) and name in wanted}


def _bounded(call: Call) -> Conversation:
    """What is sent, its answer bounded by what is held for it."""
    conversation = call.sent_conversation
    config = conversation.inference_config
    if config is None or config.max_tokens is None or config.max_tokens <= call.bounds.max_tokens:
        return conversation
    lower = msgspec.structs.replace(config, max_tokens=call.bounds.max_tokens)
    return msgspec.structs.replace(conversation, inference_config=lower)


def _place(work: Work) -> Place:
    return batch_inference.place_of(
        settings.BATCH_BUCKET, name=batch_name(work.id), role_arn=settings.BATCH_ROLE_ARN,
        key_arn=settings.BATCH_KMS_KEY_ARN, region=work.region, endpoint_url=settings.BEDROCK_ENDPOINT_URL,
    )  # fmt: skip


def _record_id(line: int) -> str:
    return f"LINE{line:08d}"


def _not_made(line: Line, state: JobState) -> Fault:
    told = f"Batch inference ended as {state.status} without an answer to this request. {state.message}"
    return Fault(line=line.number, code="batch_failed", message=told.strip())


def _no_answer(*_: Any) -> Any:
    raise NotImplementedError("nothing is answered before a line is made")
