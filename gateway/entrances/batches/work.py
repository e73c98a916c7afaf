"""One step of a batch: claimed, worked on as far as it goes now, and left to whoever comes next."""

import logging
from contextlib import suppress
from uuid import UUID

from gateway.batches.services.batch_store import BatchesUnavailableError, BatchLostError, Work
from gateway.batches.services.file_store import FileSeen, FilesUnavailableError
from gateway.call.job import JobRequest
from gateway.entrances.batches.feed import fed
from gateway.entrances.batches.files import FileKeyError
from gateway.entrances.batches.finish import Ending
from gateway.entrances.batches.inference import Inference, stop_unreadable
from gateway.entrances.batches.turn import Turn
from gateway.entrances.batches.validate import NotNowError, Validation
from gateway.records.job_seals import opened
from gateway.runtime import Gateway
from governance.limits.services.ledger import LedgerUnavailableError
from kernel.ids import new_id

logger = logging.getLogger(__name__)

_GONE = "The file of this batch can't be read any more: it was deleted, or the key that it was kept under was erased."


async def run_step(batch_id: UUID, *, team_id: int, gateway: Gateway) -> str:
    """The state of the batch after it; `not ours` where another has it, `not now` where nothing could be done."""
    runner = new_id()
    work = await gateway.batches.claim(batch_id, team_id=team_id, runner=runner)
    if work is None:
        return "not ours"
    step = _Step(work, Turn(gateway, batch_id, runner), gateway)
    try:
        return await step.run()
    except BatchLostError:
        return "not ours"
    except (NotNowError, FilesUnavailableError, LedgerUnavailableError) as error:
        logger.warning("batch %s: not now (%s)", batch_id, type(error).__name__)
        return "not now"
    finally:
        with suppress(BatchesUnavailableError):
            await gateway.batches.leave(batch_id, runner)


class _Step:
    """With a batch that is ours."""

    def __init__(self, work: Work, turn: Turn, gateway: Gateway) -> None:
        self._work, self._turn, self._gateway = work, turn, gateway

    async def run(self) -> str:
        work = self._work
        file = await self._gateway.files.of_batch(work.input_file_id, team_id=work.team_id)
        if work.mode == "batch_inference" and work.state != "validating" and not work.is_fed:
            return await self._inferred(file)
        if work.state in ("finalizing", "cancelling"):
            return await self._end(file)
        request = await opened(
            JobRequest, bytes(work.request), generation=work.generation, job_id=work.id, team_id=work.team_id,
            keyring=self._gateway.keyring,
        )  # fmt: skip
        if request is None and await self._gateway.keyring.get(work.team_id) is None:
            raise NotNowError
        if file is None or request is None:
            return await self._gone()
        try:
            if work.state == "validating":
                return await Validation(work, request, self._turn, self._gateway).run(file)
            return await self._progress(request, file)
        except FileKeyError as error:
            if await self._gateway.keyring.get(work.team_id) is None:
                raise NotNowError from error
            return await self._gone()

    async def _inferred(self, file: FileSeen | None) -> str:
        work = self._work
        request = await opened(
            JobRequest, bytes(work.request), generation=work.generation, job_id=work.id, team_id=work.team_id,
            keyring=self._gateway.keyring,
        )  # fmt: skip
        if request is None or file is None:
            if await self._gateway.keyring.get(work.team_id) is None:
                raise NotNowError
            return await self._lost()
        try:
            await Inference(work, request, file, self._turn, self._gateway).run()
        except FileKeyError as error:
            if await self._gateway.keyring.get(work.team_id) is None:
                raise NotNowError from error
            return await self._lost()
        return work.state

    async def _lost(self) -> str:
        """Its lines can't be read, nor what is made of them: what is under way at Bedrock is stopped."""
        await stop_unreadable(self._work, self._turn, self._gateway)
        return await self._gone() if self._work.state == "in_progress" else self._work.state

    async def _progress(self, request: JobRequest, file: FileSeen) -> str:
        if not self._work.is_fed:
            await fed(self._work, request, file, self._turn, self._gateway)
            return "in_progress"
        if await self._gateway.batches.active(self._work.id):
            return "in_progress"
        await self._gateway.batches.finalize(self._work.id, self._turn.runner)
        return "finalizing"

    async def _end(self, file: FileSeen | None) -> str:
        if await self._gateway.batches.active(self._work.id):
            return self._work.state
        try:
            state = await Ending(self._work, self._turn, self._gateway).run(file)
        except FileKeyError as error:
            if await self._gateway.keyring.get(self._work.team_id) is None:
                raise NotNowError from error
            state = await Ending(self._work, self._turn, self._gateway).run(None)
        self._gateway.metrics.note_batch(state)
        return state

    async def _gone(self) -> str:
        """Its lines can't be read: none are made any more, and it ends as failed."""
        problem = {"code": "file_not_found", "line": None, "message": _GONE, "param": "input_file_id"}
        if self._work.state == "validating":
            await self._gateway.batches.fail(
                self._work.id, self._turn.runner, problems=[problem], total=0, broken=0
            )
        else:
            await self._gateway.batches.stop(self._work.id, state="finalizing", ending="failed")
        return "finalizing"
