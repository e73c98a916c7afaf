"""Jobs are made of a batch's lines, some at a time: so a batch of any size fills neither memory nor the queue."""

from datetime import timedelta
from typing import Any

from gateway.batches.policy.lines import Line, parsed_line
from gateway.batches.services.batch_store import Work
from gateway.batches.services.file_store import FileSeen
from gateway.call.job import JobRequest, Record
from gateway.entrances.batches.files import lines_of
from gateway.entrances.batches.turn import Turn
from gateway.entrances.batches.validate import NotNowError
from gateway.records.job_seals import sealed
from gateway.runtime import Gateway
from kernel.clock import utc_now
from kernel.ids import new_id

AT_ONCE = 500
"""Jobs of a batch that wait or are under way, at most. Tending sends a batch here again when half of them have ended."""
_IN_A_TRANSACTION = 100
_TO_SETTLE = timedelta(days=1)
"""For how long a line that was made is tried to be settled, whatever the batch's window."""


async def fed(work: Work, request: JobRequest, file: FileSeen, turn: Turn, gateway: Gateway) -> None:
    """As many jobs as there is room for. Raises NotNowError, and what stores and files raise."""
    room = AT_ONCE - await gateway.batches.active(work.id)
    offset, number = work.next_offset, work.next_line
    jobs: list[dict[str, Any]] = []
    faults: set[int] = set()
    known_to = number - 1
    async for raw in lines_of(file, gateway, offset=offset, number=number):
        if room <= 0:
            break
        if raw.number > known_to:
            known_to = raw.number + 999
            faults = set(await gateway.batches.faults(work.id, raw.number, known_to))
        if raw.number not in faults:
            line = parsed_line(raw, work.endpoint)
            assert isinstance(line, Line)  # it was read before
            jobs.append(await job_of(work, request, line, gateway))
            room -= 1
        offset, number = raw.ends_at, raw.number + 1
        if len(jobs) >= _IN_A_TRANSACTION:
            await gateway.batches.feed(work, turn.runner, jobs, offset=offset, line=number, is_fed=False)
            jobs = []
        await turn.rest()
    else:
        await gateway.batches.feed(work, turn.runner, jobs, offset=offset, line=number, is_fed=True)
        return
    await gateway.batches.feed(work, turn.runner, jobs, offset=offset, line=number, is_fed=False)


async def job_of(
    work: Work, request: JobRequest, line: Line, gateway: Gateway, *, record: Record | None = None
) -> dict[str, Any]:
    job_id = new_id()
    asked = JobRequest(
        path=request.path, raw_path=request.raw_path, headers=request.headers, client_ip=request.client_ip, body=line.body,
        record=record,
    )  # fmt: skip
    made = await sealed(asked, job_id=job_id, team_id=work.team_id, keyring=gateway.keyring)
    if made is None:
        raise NotNowError
    return {
        "id": job_id, "team": work.team_id, "application": work.application_id, "api_key": work.api_key_id, "batch": work.id,
        "line": line.number, "path": request.path, "model": line.model[:400].replace("\0", ""), "generation": made[1],
        "request": made[0], "now": utc_now(), "deadline_at": work.deadline_at if record is None else utc_now() + _TO_SETTLE,
    }  # fmt: skip
