"""A batch ends: what came of each line goes into one of two files, in the order of the lines, and the batch lets go of its hold."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings

from gateway.batches.policy.lines import Fault, RawLine, custom_id_of
from gateway.batches.services.batch_store import Result, Work
from gateway.batches.services.file_store import FileSeen
from gateway.call.job import JobAnswer
from gateway.entrances.batches.files import FileWriter, kept_until, lines_of, writer_for
from gateway.entrances.batches.turn import Turn
from gateway.entrances.batches.validate import NotNowError
from gateway.records.job_seals import opened
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from kernel.clock import utc_now

_AT_ONCE = 100
"""Lines whose answers are in memory at once."""
_NOT_MADE = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "The batch was cancelled before this request was made."),
    "failed": ("batch_failed", "The batch failed, so this request was not made."),
}
_LATE = "deadline_exceeded"


@dataclass(slots=True)
class _Counts:
    total: int = 0
    completed: int = 0
    failed: int = 0


class Ending:
    """Writes the files of a batch. What a process that died has left of them is deleted by the sweep; who comes next begins anew."""

    def __init__(self, work: Work, turn: Turn, gateway: Gateway) -> None:
        self._work, self._turn, self._gateway = work, turn, gateway
        self._files: dict[str, FileWriter] = {}
        self._counts = _Counts()

    async def run(self, file: FileSeen | None) -> str:
        """The state it has ended in. Raises NotNowError, and what stores and files raise."""
        # Of a batch that failed as a whole nothing was made, and its errors say why.
        writes = file is not None and not (self._work.ending == "failed" and _is_of_all(self._work.problems))
        if writes:
            assert file is not None
            async for lines in _blocks(lines_of(file, self._gateway)):
                await self._write(lines)
        self._counts.total = self._counts.total or self._work.total
        for writer in self._files.values():
            await writer.flush()
        output, error = (self._files.get(name) for name in ("output", "error"))
        return await self._gateway.batches.end(
            self._work.id, self._turn.runner, output=None if output is None else output.id,
            error=None if error is None else error.id, total=self._counts.total, completed=self._counts.completed,
            failed=self._counts.failed, expires_at=utc_now() + timedelta(days=settings.FILES_DAYS),
        )  # fmt: skip

    async def _write(self, lines: list[RawLine]) -> None:
        first, last = lines[0].number, lines[-1].number
        results = await self._gateway.batches.results(self._work.id, first, last)
        faults = await self._gateway.batches.faults(self._work.id, first, last)
        for line in lines:
            await self._line(line, results.get(line.number), faults.get(line.number))
            await self._turn.rest()

    async def _line(self, line: RawLine, result: Result | None, fault: Fault | None) -> None:
        self._counts.total += 1
        told: dict[str, Any] = {
            "id": f"batch_req_{self._work.id.hex[:20]}{line.number:08d}",
            "custom_id": custom_id_of(line),
            "response": None,
            "error": None,
        }
        answer = None if result is None else await self._answer(result)
        if answer is not None:
            told["response"] = {
                "status_code": answer.status,
                "request_id": answer.headers.get("x-request-id", ""),
                "body": _body(answer.body),
            }
        else:
            code, message = self._why(result, fault)
            told["error"] = {"code": code, "message": message}
        is_answered = answer is not None and result is not None and result.state == "succeeded"
        if is_answered:
            self._counts.completed += 1
        else:
            self._counts.failed += 1
        writer = await self._file("output" if is_answered else "error")
        await writer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    async def _answer(self, result: Result) -> JobAnswer | None:
        if result.answer is None or result.answer_generation is None or result.state == "cancelled":
            return None
        if result.state == "dead" and result.code == _LATE:
            return None
        answer = await opened(
            JobAnswer, bytes(result.answer), generation=result.answer_generation, job_id=result.job_id,
            team_id=self._work.team_id, keyring=self._gateway.keyring,
        )  # fmt: skip
        if answer is None and await self._gateway.keyring.get(self._work.team_id) is None:
            raise NotNowError
        return answer

    def _why(self, result: Result | None, fault: Fault | None) -> tuple[str, str]:
        if fault is not None:
            return fault.code, fault.message
        if result is None or result.state == "cancelled" or result.code == _LATE:
            return _NOT_MADE.get(self._work.ending) or _NOT_MADE["expired"]
        if result.state == "succeeded":
            return "answer_lost", "The key that this answer was kept under has been erased."
        return result.code or "failed", result.reason or "The call could not be made."

    async def _file(self, name: str) -> FileWriter:
        """A file begins with its first line: one without any is none."""
        if (writer := self._files.get(name)) is not None:
            return writer
        try:
            writer = await writer_for(
                self._gateway, team_id=self._work.team_id, application_id=self._work.application_id
            )
        except Refusal as refusal:
            raise NotNowError from refusal
        until = kept_until(writer.created_at, self._work.output_seconds)
        title = f"batch_{self._work.id.hex}_{name}.jsonl"
        await writer.begin(name=title, purpose="batch_output", expires_at=until)
        self._files[name] = writer
        return writer


async def _blocks(lines: AsyncGenerator[RawLine, None]) -> AsyncGenerator[list[RawLine], None]:
    """Lines, some at a time."""
    block: list[RawLine] = []
    async for line in lines:
        block.append(line)
        if len(block) == _AT_ONCE:
            yield block
            block = []
    if block:
        yield block


def _is_of_all(problems: list[dict[str, Any]]) -> bool:
    """Whether what is wrong is with the batch as a whole, rather than with each of its lines."""
    return bool(problems) and problems[0].get("line") is None


def _body(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")
