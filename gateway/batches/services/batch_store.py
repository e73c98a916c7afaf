"""Batches of the data plane, without the ORM: taken in, told, claimed and worked off. Each change is one conditional statement
or one transaction, so that who has lost a batch to another changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from gateway.batches.policy.lines import Fault
from gateway.batches.services.statements import RELEASE, RELEASE_STOPPED, STOP, STOP_JOBS
from kernel.clock import utc_now
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresAwayError, PostgresPool

LEASE = timedelta(seconds=60)
RENEW_SECONDS = 10.0
_MAX_SECONDS = 5.0
_LONG_SECONDS = 60.0
"""For what touches all jobs of a batch at once."""
_SEEN = (
    "id", "endpoint", "model", "state", "input_file_id", "output_file_id", "error_file_id", "metadata", "problems", "total", "broken", "mode",
    "created_at", "deadline_at", "in_progress_at", "cancelling_at", "finalizing_at", "ended_at", "output_seconds", "held_nanos", "digest",
)  # fmt: skip
_COLUMNS = ", ".join(f"b.{name}" for name in _SEEN)
_OVER = "b.state IN ('completed', 'failed', 'expired', 'cancelled')"
_LIVE = f"""
    CASE WHEN {_OVER} THEN b.completed ELSE coalesce(j.completed, 0) END AS completed,
    CASE WHEN {_OVER} THEN b.failed ELSE b.broken + coalesce(j.failed, 0) END AS failed,
    CASE WHEN {_OVER} THEN b.cost_nanos ELSE coalesce(j.cost, 0) END AS cost_nanos
    FROM gateway_batch b LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state = 'succeeded') AS completed, count(*) FILTER (WHERE state IN ('failed', 'dead')) AS failed,
            sum(cost_nanos)::bigint AS cost
        FROM gateway_job WHERE batch_id = b.id AND NOT ({_OVER})) j ON true"""  # noqa: S608 - names of columns
_MINE = "b.team_id = %(team)s AND b.application_id = %(application)s"
_GET = f"SELECT {_COLUMNS}, {_LIVE} WHERE b.id = %(id)s AND {_MINE}"
_SAME = f"SELECT {_COLUMNS}, {_LIVE} WHERE b.idempotency = %(idempotency)s AND {_MINE}"
_LIST = f"""
    SELECT {_COLUMNS}, {_LIVE} WHERE {_MINE} AND (%(after)s::uuid IS NULL OR (b.created_at, b.id) <
        (SELECT a.created_at, a.id FROM gateway_batch a WHERE a.id = %(after)s::uuid))
    ORDER BY b.created_at DESC, b.id DESC LIMIT %(limit)s"""  # noqa: S608
_PUT = """
    INSERT INTO gateway_batch (id, team_id, application_id, api_key_id, input_file_id, endpoint, state, metadata, problems, generation,
        request, digest, idempotency, output_seconds, created_at, deadline_at, cost_nanos)
    VALUES (%(id)s, %(team)s, %(application)s, %(api_key)s, %(input_file)s, %(endpoint)s, 'validating', %(metadata)s, '[]', %(generation)s,
        %(request)s, %(digest)s, %(idempotency)s, %(output_seconds)s, %(now)s, %(deadline_at)s, 0)
    ON CONFLICT (application_id, idempotency) WHERE idempotency IS NOT NULL DO NOTHING RETURNING id"""
_OPEN_OF_TEAM = """
    SELECT count(*) FROM gateway_batch WHERE team_id = %s AND state IN ('validating', 'in_progress', 'finalizing', 'cancelling')"""
_CLAIM = """
    UPDATE gateway_batch b SET runner = %(runner)s, lease_until = %(lease)s
    FROM accounts_apikey k
    WHERE b.id = %(id)s AND b.team_id = %(team)s AND b.state IN ('validating', 'in_progress', 'finalizing', 'cancelling')
        AND (b.lease_until IS NULL OR b.lease_until < %(now)s) AND k.id = b.api_key_id
    RETURNING b.id, b.team_id, b.application_id, b.api_key_id, k.key_id, b.state, b.ending, b.input_file_id, b.endpoint, b.model, b.generation,
        b.request, b.created_at, b.deadline_at, b.next_offset, b.next_line, b.is_fed, b.output_seconds, b.total, b.problems,
        b.mode, b.deployment_id, b.region, b.inference_arn"""
_RENEW = "UPDATE gateway_batch SET lease_until = %s WHERE id = %s AND runner = %s RETURNING 1"
_LEAVE = (
    "UPDATE gateway_batch SET lease_until = NULL, runner = NULL, sent_at = NULL WHERE id = %s AND runner = %s"
)
_FORGET_FAULTS = "DELETE FROM gateway_batchfault WHERE batch_id = %s"
_NOTE_FAULT = """
    INSERT INTO gateway_batchfault (batch_id, line, code, message, param) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_BEGIN = """
    UPDATE gateway_batch SET state = 'in_progress', in_progress_at = %(now)s, total = %(total)s, broken = %(broken)s, held_nanos = %(held)s,
        model = %(model)s, mode = %(mode)s, deployment_id = %(deployment)s, region = %(region)s
    WHERE id = %(id)s AND runner = %(runner)s AND state = 'validating' RETURNING 1"""
_FAIL = """
    UPDATE gateway_batch SET state = 'finalizing', ending = 'failed', finalizing_at = %(now)s, total = %(total)s, broken = %(broken)s,
        problems = %(problems)s
    WHERE id = %(id)s AND runner = %(runner)s AND state = 'validating' RETURNING 1"""
_FED = """
    UPDATE gateway_batch SET next_offset = %(offset)s, next_line = %(line)s, is_fed = %(is_fed)s
    WHERE id = %(id)s AND runner = %(runner)s
        AND (state = 'in_progress' OR mode = 'batch_inference' AND state IN ('cancelling', 'finalizing')) RETURNING 1"""
_NOTE_INFERENCE = "UPDATE gateway_batch SET inference_arn = %s WHERE id = %s AND runner = %s RETURNING 1"
_LOOK_LATER = "UPDATE gateway_batch SET look_at = %s WHERE id = %s AND runner = %s RETURNING 1"
_BY_QUEUE = "UPDATE gateway_batch SET mode = 'queue' WHERE id = %s AND runner = %s AND state = 'in_progress' RETURNING 1"
_FAIL_INFERENCE = """
    UPDATE gateway_batch SET state = 'finalizing', ending = 'failed', finalizing_at = %s, problems = %s, is_fed = true
    WHERE id = %s AND runner = %s AND state = 'in_progress' RETURNING 1"""
_MAKE_JOB = """
    INSERT INTO gateway_job (id, team_id, application_id, api_key_id, batch_id, line, path, model, state, priority, digest, generation,
        request, request_bytes, created_at, deadline_at, not_before, cost_nanos, webhook)
    VALUES (%(id)s, %(team)s, %(application)s, %(api_key)s, %(batch)s, %(line)s, %(path)s, %(model)s, 'queued', -1, '', %(generation)s,
        %(request)s, octet_length(%(request)s::bytea), %(now)s, %(deadline_at)s, %(now)s, 0, '')
    ON CONFLICT DO NOTHING"""
_ACTIVE = "SELECT count(*) FROM gateway_job WHERE batch_id = %s AND state IN ('queued', 'running')"
_FINALIZE = """
    UPDATE gateway_batch SET state = 'finalizing', ending = 'completed', finalizing_at = %s
    WHERE id = %s AND runner = %s AND state = 'in_progress' AND is_fed RETURNING 1"""
_RESULTS = """
    SELECT line, id, state, answer, answer_generation, code, reason FROM gateway_job WHERE batch_id = %s AND line BETWEEN %s AND %s"""
_FAULTS = (
    "SELECT line, code, message, param FROM gateway_batchfault WHERE batch_id = %s AND line BETWEEN %s AND %s"
)
_END = """
    UPDATE gateway_batch SET state = ending, ended_at = %(now)s, expires_at = %(expires_at)s, output_file_id = %(output)s,
        error_file_id = %(error)s, total = %(total)s, completed = %(completed)s, failed = %(failed)s, request = '',
        cost_nanos = (SELECT coalesce(sum(cost_nanos), 0) FROM gateway_job WHERE batch_id = %(id)s), runner = NULL, lease_until = NULL
    WHERE id = %(id)s AND runner = %(runner)s AND state IN ('finalizing', 'cancelling')
        AND NOT EXISTS (SELECT FROM gateway_job WHERE batch_id = %(id)s AND state IN ('queued', 'running'))
    RETURNING state"""
_MAKE_WHOLE = "UPDATE gateway_storedfile SET is_whole = true WHERE id = ANY (%s)"
_DROP_JOBS = "DELETE FROM gateway_job WHERE batch_id = %s"
_FIGURES = """
    SELECT open.number, open.lines, files.number, files.size
    FROM (SELECT count(*) AS number, coalesce(sum(total), 0)::bigint AS lines FROM gateway_batch
          WHERE state IN ('validating', 'in_progress', 'finalizing', 'cancelling')) open,
         (SELECT count(*) AS number, coalesce(sum(bytes), 0)::bigint AS size FROM gateway_storedfile WHERE is_whole) files"""


class BatchesUnavailableError(UnavailableError):
    """The database did not answer in time."""


class BatchLostError(Exception):
    """The batch is another's by now, or was stopped: what was begun is left to them."""


@dataclass(frozen=True, slots=True)
class BatchSeen:
    """A batch as its caller may see it."""

    id: UUID
    endpoint: str
    model: str
    state: str
    input_file_id: UUID
    output_file_id: UUID | None
    error_file_id: UUID | None
    metadata: dict[str, str] | None
    problems: list[dict[str, Any]]
    total: int
    broken: int
    mode: str
    created_at: datetime
    deadline_at: datetime
    in_progress_at: datetime | None
    cancelling_at: datetime | None
    finalizing_at: datetime | None
    ended_at: datetime | None
    output_seconds: int | None
    held_nanos: int
    digest: bytes
    completed: int
    failed: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Work:
    """A batch that is ours to work on."""

    id: UUID
    team_id: int
    application_id: int
    api_key_id: int
    key_id: str
    state: str
    ending: str
    input_file_id: UUID
    endpoint: str
    model: str
    generation: int
    request: bytes
    created_at: datetime
    deadline_at: datetime
    next_offset: int
    next_line: int
    is_fed: bool
    output_seconds: int | None
    total: int
    problems: list[dict[str, Any]]
    mode: str
    deployment_id: int | None
    region: str
    inference_arn: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the job of a line."""

    line: int
    job_id: UUID
    state: str
    answer: bytes | None
    answer_generation: int | None
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all teams: batches that have not ended with their lines, and files with their bytes, as last looked."""

    open: int = 0
    lines: int = 0
    files: int = 0
    bytes: int = 0


class BatchStore:
    """On the gateway's pool. Every call has a deadline. Raises BatchesUnavailableError, and BatchLostError where said."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self.figures = Figures()

    async def put(self, values: dict[str, Any]) -> bool:
        """Takes a batch in: False where the same Idempotency-Key has made one already."""
        return bool(await self._rows(_PUT, {**values, "metadata": _json(values["metadata"])}))

    async def get(self, batch_id: UUID, *, team_id: int, application_id: int) -> BatchSeen | None:
        """The batch, if it is theirs."""
        rows = await self._rows(_GET, {"id": batch_id, "team": team_id, "application": application_id})
        return BatchSeen(*rows[0]) if rows else None

    async def same(self, idempotency: bytes, *, team_id: int, application_id: int) -> BatchSeen | None:
        """The one that this key has made."""
        values = {"idempotency": idempotency, "team": team_id, "application": application_id}
        rows = await self._rows(_SAME, values)
        return BatchSeen(*rows[0]) if rows else None

    async def page(
        self, *, team_id: int, application_id: int, after: UUID | None, limit: int
    ) -> list[BatchSeen]:
        """The newest first."""
        values = {"team": team_id, "application": application_id, "after": after, "limit": limit}
        return [BatchSeen(*row) for row in await self._rows(_LIST, values)]

    async def open_of(self, team_id: int) -> int:
        """How many batches of a team have not ended."""
        return int((await self._rows(_OPEN_OF_TEAM, (team_id,)))[0][0])

    async def stop(self, batch_id: UUID, *, state: str, ending: str) -> bool:
        """Makes no more calls of it and lets go of what it holds; whether it was under way. Idempotent."""
        values = {"id": batch_id, "state": state, "ending": ending, "now": utc_now()}
        rows = await self._transaction(
            [(STOP, values), (STOP_JOBS, values), (RELEASE_STOPPED, values)], seconds=_LONG_SECONDS
        )
        return bool(rows[0])

    async def claim(self, batch_id: UUID, *, team_id: int, runner: UUID) -> Work | None:
        """The batch, ours to work on; None where somebody else does, or it has ended."""
        now = utc_now()
        values = {"id": batch_id, "team": team_id, "runner": runner, "now": now, "lease": now + LEASE}
        rows = await self._rows(_CLAIM, values)
        return Work(*rows[0]) if rows else None

    async def renew(self, batch_id: UUID, runner: UUID) -> None:
        """For another while. Raises BatchLostError."""
        if not await self._rows(_RENEW, (utc_now() + LEASE, batch_id, runner)):
            raise BatchLostError

    async def leave(self, batch_id: UUID, runner: UUID) -> None:
        """Lets others work on it."""
        await self._rows(_LEAVE, (batch_id, runner))

    async def forget_faults(self, batch_id: UUID) -> None:
        await self._rows(_FORGET_FAULTS, (batch_id,))

    async def note_faults(self, batch_id: UUID, faults: Sequence[Fault]) -> None:
        rows = [
            (batch_id, each.line, each.code[:64], _text(each.message, 500), _text(each.param, 100))
            for each in faults
        ]
        await self._many([], _NOTE_FAULT, rows)

    async def begin(
        self,
        batch_id: UUID,
        runner: UUID,
        *,
        total: int,
        broken: int,
        held_nanos: int,
        model: str,
        deployment: int | None = None,
        region: str = "",
    ) -> None:
        """Its lines are looked through and what they can cost is held. Raises BatchLostError."""
        values = {
            "id": batch_id, "runner": runner, "now": utc_now(), "total": total, "broken": broken, "held": held_nanos,
            "model": _text(model, 400), "mode": "queue" if deployment is None else "batch_inference", "deployment": deployment, "region": region,
        }  # fmt: skip
        if not await self._rows(_BEGIN, values):
            raise BatchLostError

    async def note_inference(self, batch_id: UUID, runner: UUID, *, arn: str) -> None:
        """The job at Bedrock that makes it. Raises BatchLostError."""
        if not await self._rows(_NOTE_INFERENCE, (arn, batch_id, runner)):
            raise BatchLostError

    async def look_later(self, batch_id: UUID, runner: UUID, *, at: datetime) -> None:
        """Leaves it to Bedrock for a while. Raises BatchLostError."""
        if not await self._rows(_LOOK_LATER, (at, batch_id, runner)):
            raise BatchLostError

    async def by_queue(self, batch_id: UUID, runner: UUID) -> None:
        """Its lines are made one by one after all. Raises BatchLostError."""
        if not await self._rows(_BY_QUEUE, (batch_id, runner)):
            raise BatchLostError

    async def fail_inference(self, batch_id: UUID, runner: UUID, *, problem: dict[str, Any]) -> None:
        """None of it is made. Raises BatchLostError."""
        if not await self._rows(_FAIL_INFERENCE, (utc_now(), _json([problem]), batch_id, runner)):
            raise BatchLostError

    async def fail(
        self, batch_id: UUID, runner: UUID, *, problems: list[dict[str, Any]], total: int, broken: int
    ) -> None:
        """None of it is made. Raises BatchLostError."""
        values = {
            "id": batch_id, "runner": runner, "now": utc_now(), "problems": _json(problems), "total": total, "broken": broken,
        }  # fmt: skip
        if not await self._rows(_FAIL, values):
            raise BatchLostError

    async def feed(
        self, work: Work, runner: UUID, jobs: list[dict[str, Any]], *, offset: int, line: int, is_fed: bool
    ) -> None:
        """Jobs of some lines, and from where to go on. Raises BatchLostError."""
        values = {"id": work.id, "runner": runner, "offset": offset, "line": line, "is_fed": is_fed}
        await self._many([(_FED, values)], _MAKE_JOB, jobs)

    async def active(self, batch_id: UUID) -> int:
        """How many of its jobs wait or are under way."""
        return int((await self._rows(_ACTIVE, (batch_id,)))[0][0])

    async def finalize(self, batch_id: UUID, runner: UUID) -> None:
        """All its calls have ended. Raises BatchLostError."""
        if not await self._rows(_FINALIZE, (utc_now(), batch_id, runner)):
            raise BatchLostError

    async def results(self, batch_id: UUID, first: int, last: int) -> dict[int, Result]:
        """What came of the jobs of these lines."""
        return {row[0]: Result(*row) for row in await self._rows(_RESULTS, (batch_id, first, last))}

    async def faults(self, batch_id: UUID, first: int, last: int) -> dict[int, Fault]:
        """Which of these lines are none."""
        rows = await self._rows(_FAULTS, (batch_id, first, last))
        return {row[0]: Fault(line=row[0], code=row[1], message=row[2], param=row[3]) for row in rows}

    async def end(
        self, batch_id: UUID, runner: UUID, *, output: UUID | None, error: UUID | None, total: int, completed: int,
        failed: int, expires_at: datetime,
    ) -> str:  # fmt: skip
        """Ends it with its files, lets go of what it holds and of its jobs; the state it is in then. Raises BatchLostError."""
        values = {
            "id": batch_id, "runner": runner, "now": utc_now(), "output": output, "error": error, "total": total,
            "completed": completed, "failed": failed, "expires_at": expires_at,
        }  # fmt: skip
        files = [each for each in (output, error) if each is not None]
        rows = await self._transaction(
            [(_END, values), (_MAKE_WHOLE, (files,)), (_DROP_JOBS, (batch_id,)), (RELEASE, values)],
            seconds=_LONG_SECONDS, needs_first=True,
        )  # fmt: skip
        return str(rows[0][0][0])

    async def look(self, timeout_seconds: float) -> None:
        """Reads the figures anew; leaves them where that fails."""
        try:
            rows = await within(timeout_seconds, self._read(_FIGURES, ()))
        except (PostgresAwayError, TimeoutError):
            return
        self.figures = Figures(*rows[0])

    async def _rows(self, statement: str, values: Any) -> Any:
        try:
            return await within(_MAX_SECONDS, self._read(statement, values))
        except (PostgresAwayError, TimeoutError) as error:
            raise BatchesUnavailableError(type(error).__name__) from error

    async def _read(self, statement: str, values: Any) -> Any:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

    async def _transaction(
        self, statements: list[tuple[str, Any]], *, seconds: float = _MAX_SECONDS, needs_first: bool = False
    ) -> list[Any]:
        """The rows of each; all or none. BatchLostError where the first has none and `needs_first`."""

        async def run() -> list[Any]:
            found: list[Any] = []
            async with self._pool.connection() as connection, connection.transaction():
                for statement, values in statements:
                    cursor = await connection.execute(statement, values)
                    found.append(await cursor.fetchall() if cursor.description else [])
                    if needs_first and not found[0]:
                        raise BatchLostError
            return found

        try:
            return await within(seconds, run())
        except (PostgresAwayError, TimeoutError) as error:
            raise BatchesUnavailableError(type(error).__name__) from error

    async def _many(self, first: list[tuple[str, Any]], statement: str, rows: list[Any]) -> None:
        """A statement for many rows, after others that must find something. Raises BatchLostError."""

        async def run() -> None:
            async with self._pool.connection() as connection, connection.transaction():
                for each, values in first:
                    cursor = await connection.execute(each, values)
                    if not await cursor.fetchall():
                        raise BatchLostError
                if rows:
                    await connection.cursor().executemany(statement, rows)

        try:
            await within(_LONG_SECONDS, run())
        except (PostgresAwayError, TimeoutError) as error:
            raise BatchesUnavailableError(type(error).__name__) from error


def _json(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value, dumps=lambda found: orjson.dumps(found).decode())


def _text(text: str, most: int) -> str:
    return text.replace("\0", "")[:most]
