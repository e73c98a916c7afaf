"""Jobs of the data plane: accepted, claimed, put back and ended without the ORM. Each change is one conditional statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.jobs.policy import Standing
from kernel.clock import perf_counter, utc_now
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresAwayError, PostgresPool

LEASE = timedelta(seconds=60)
RENEW_SECONDS = 5.0
"""So often whoever runs a job says that it lives, and asks whether it was cancelled."""
_MAX_SECONDS = 5.0
_DEPTH_SECONDS = 1.0
_SEEN = (
    "id", "path", "model", "state", "created_at", "deadline_at", "started_at", "ended_at", "expires_at", "attempts", "waits",
    "call_id", "cost_nanos", "code", "reason", "webhook", "webhook_state", "webhook_attempts", "digest", "answer_generation",
    "cancel_at",
)  # fmt: skip
_COLUMNS = ", ".join(_SEEN)
_PUT = """
    INSERT INTO gateway_job (id, team_id, application_id, api_key_id, path, model, state, priority, digest, idempotency, generation,
                             request, request_bytes, created_at, deadline_at, not_before, cost_nanos, webhook)
    VALUES (%(id)s, %(team_id)s, %(application_id)s, %(api_key_id)s, %(path)s, %(model)s, 'queued', %(priority)s, %(digest)s,
            %(idempotency)s, %(generation)s, %(request)s, octet_length(%(request)s::bytea), %(now)s, %(deadline_at)s, %(now)s, 0, %(webhook)s)
    ON CONFLICT (application_id, idempotency) WHERE idempotency IS NOT NULL DO NOTHING
    RETURNING id"""
_SAME = f"SELECT {_COLUMNS} FROM gateway_job WHERE application_id = %s AND idempotency = %s"  # noqa: S608 - names of columns
_GET = f"""
    SELECT {_COLUMNS}, CASE WHEN %(with_answer)s THEN answer END FROM gateway_job
    WHERE id = %(id)s AND team_id = %(team)s AND application_id = %(application)s"""  # noqa: S608
# One statement: whether it waits or is under way may change at any time.
_CANCEL = """
    UPDATE gateway_job SET cancel_at = coalesce(cancel_at, %(now)s),
        state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
        ended_at = CASE WHEN state = 'queued' THEN %(now)s END, expires_at = CASE WHEN state = 'queued' THEN %(expires_at)s::timestamptz END,
        request = CASE WHEN state = 'queued' THEN NULL ELSE request END, reason = CASE WHEN state = 'queued' THEN '' ELSE reason END,
        webhook_state = CASE WHEN state = 'queued' AND webhook <> '' THEN 'pending' ELSE webhook_state END,
        webhook_at = CASE WHEN state = 'queued' THEN %(now)s ELSE webhook_at END
    WHERE id = %(id)s AND team_id = %(team)s AND application_id = %(application)s AND state IN ('queued', 'running')
    RETURNING state = 'cancelled'"""
_DELETE = """
    DELETE FROM gateway_job WHERE id = %(id)s AND team_id = %(team)s AND application_id = %(application)s
        AND state NOT IN ('queued', 'running') AND batch_id IS NULL RETURNING 1"""
_CLAIM = """
    UPDATE gateway_job j SET state = 'running', attempts = attempts + 1, call_id = %(call_id)s, sent_at = NULL, waits_for = '',
        started_at = coalesce(started_at, %(now)s), lease_until = %(lease_until)s, answer = NULL, answer_generation = NULL
    FROM accounts_apikey k
    WHERE j.id = %(id)s AND j.team_id = %(team)s AND j.state = 'queued' AND j.not_before <= %(now)s AND j.deadline_at > %(now)s
        AND k.id = j.api_key_id
        AND (j.batch_id IS NULL OR EXISTS (SELECT FROM gateway_batch b WHERE b.id = j.batch_id AND
            (b.state = 'in_progress' OR b.mode = 'batch_inference' AND b.state IN ('cancelling', 'finalizing'))))
    RETURNING j.id, j.team_id, j.application_id, k.key_id, j.generation, j.request, j.attempts, j.created_at, j.batch_id,
        (SELECT b.created_at FROM gateway_batch b WHERE b.id = j.batch_id)"""
_RENEW = """
    UPDATE gateway_job SET lease_until = %s WHERE id = %s AND state = 'running' AND call_id = %s RETURNING cancel_at IS NOT NULL"""
_KEEP = """
    UPDATE gateway_job SET answer = %s, answer_generation = %s, status_code = %s
    WHERE id = %s AND state = 'running' AND call_id = %s RETURNING 1"""
_PUT_BACK = """
    WITH paused AS (
        INSERT INTO gateway_jobpause (counter, until) SELECT %(counter)s::text, %(until)s::timestamptz WHERE %(counter)s::text <> ''
        ON CONFLICT (counter) DO UPDATE SET until = greatest(gateway_jobpause.until, excluded.until)
    )
    UPDATE gateway_job SET state = 'queued', lease_until = NULL, sent_at = NULL, not_before = %(not_before)s,
        waits_for = %(counter)s, reason = %(reason)s, attempts = attempts - %(uncounted)s, waits = waits + %(uncounted)s
    WHERE id = %(id)s AND state = 'running' AND call_id = %(call_id)s AND cancel_at IS NULL RETURNING 1"""
_END = """
    UPDATE gateway_job SET state = %(state)s::text, lease_until = NULL, ended_at = %(now)s, expires_at = %(expires_at)s,
        request = CASE WHEN %(state)s::text = 'dead' THEN request END, answer = coalesce(%(answer)s, answer),
        answer_generation = coalesce(%(generation)s, answer_generation), status_code = coalesce(%(status)s, status_code),
        cost_nanos = cost_nanos + %(cost)s, code = %(code)s, reason = %(reason)s,
        webhook_state = CASE WHEN webhook = '' THEN '' ELSE 'pending' END, webhook_at = %(now)s, webhook_attempts = 0
    WHERE id = %(id)s AND state = 'running' AND call_id = %(call_id)s RETURNING 1"""
_FIGURES = """
    SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running'),
        count(*) FILTER (WHERE state = 'dead'),
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'queued')), 0)::float
    FROM gateway_job WHERE state IN ('queued', 'running', 'dead')"""
_DEPTH = """
    SELECT count(*), coalesce(sum(request_bytes), 0)::bigint FROM gateway_job WHERE team_id = %s AND state = 'queued' AND batch_id IS NULL"""


class JobsUnavailableError(UnavailableError):
    """The database did not answer in time."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose jobs these are. To all others they do not exist."""

    team_id: int
    application_id: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as its caller may see it, without what was asked."""

    id: UUID
    path: str
    model: str
    state: str
    created_at: datetime
    deadline_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    attempts: int
    waits: int
    call_id: UUID | None
    cost_nanos: int
    code: str
    reason: str
    webhook: str
    webhook_state: str
    webhook_attempts: int
    digest: bytes
    answer_generation: int | None
    cancel_at: datetime | None
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is ours to run."""

    id: UUID
    team_id: int
    application_id: int
    key_id: str
    generation: int
    request: bytes
    attempts: int
    created_at: datetime
    batch_id: UUID | None
    batched_at: datetime | None
    """When the batch was sent that it is a line of."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all teams. `oldest` is in seconds."""

    waiting: int = 0
    running: int = 0
    dead: int = 0
    oldest: float = 0.0


class JobStore:
    """On the gateway's pool. Every call has a deadline. Raises JobsUnavailableError."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._depths: dict[int, tuple[float, int, int]] = {}
        self.figures = Figures()

    async def depth(self, team_id: int) -> tuple[int, int]:
        """How many of a team's jobs wait, and how many bytes they have, as of a second ago at most."""
        at, number, size = self._depths.get(team_id, (float("-inf"), 0, 0))
        if perf_counter() - at > _DEPTH_SECONDS:
            number, size = (await self._rows(_DEPTH, (team_id,)))[0]
            self._depths[team_id] = (perf_counter(), number, size)
        return number, size

    async def put(self, values: dict[str, Any]) -> Seen | None:
        """Accepts a job: returns when it is durable. The one that the same Idempotency-Key has made already, where there is one."""
        if await self._rows(_PUT, values):
            return None
        found = await self.same(values["application_id"], values["idempotency"])
        if found is None:  # deleted in between
            raise JobsUnavailableError("the job of this key has just ended")
        return found

    async def get(self, job_id: UUID, owner: Owner, *, with_answer: bool = True) -> Seen | None:
        """The job, if it is theirs."""
        rows = await self._rows(_GET, {**_of(job_id, owner), "with_answer": with_answer})
        return Seen(*rows[0]) if rows else None

    async def cancel(self, job_id: UUID, owner: Owner, *, expires_at: datetime) -> bool:
        """Whether it waited still, and is cancelled; one that is under way is stopped by whoever runs it."""
        values = {**_of(job_id, owner), "now": utc_now(), "expires_at": expires_at}
        rows = await self._rows(_CANCEL, values)
        return bool(rows and rows[0][0])

    async def same(self, application_id: int, idempotency: bytes) -> Seen | None:
        """The one that this Idempotency-Key has made."""
        rows = await self._rows(_SAME, (application_id, idempotency))
        return Seen(*rows[0]) if rows else None

    async def delete(self, job_id: UUID, owner: Owner) -> bool:
        """Deletes a job that has ended, and its answer."""
        return bool(await self._rows(_DELETE, _of(job_id, owner)))

    async def claim(self, job_id: UUID, *, team_id: int, call_id: UUID) -> Claimed | None:
        """The job, ours to run under this call; None where it is another's, or it is not its time."""
        now = utc_now()
        rows = await self._rows(
            _CLAIM,
            {"id": job_id, "team": team_id, "call_id": call_id, "now": now, "lease_until": now + LEASE},
        )
        return Claimed(*rows[0]) if rows else None

    async def renew(self, job_id: UUID, call_id: UUID) -> Standing:
        """Whether the job is still this call's; if so, for another while."""
        rows = await self._rows(_RENEW, (utc_now() + LEASE, job_id, call_id))
        if not rows:
            return Standing.LOST
        return Standing.CANCELLED if rows[0][0] else Standing.OURS

    async def keep(self, job_id: UUID, call_id: UUID, *, sealed: bytes, generation: int, status: int) -> bool:
        """Keeps an answer before its call is settled: should the process die then, it is not lost."""
        return bool(await self._rows(_KEEP, (sealed, generation, status, job_id, call_id)))

    async def put_back(
        self, job_id: UUID, call_id: UUID, *, pause: float, counter: str = "", reason: str, counts: bool
    ) -> bool:
        """Lets it wait: for room in a rate limit (`counter`), or for so many seconds. `counts` says whether it was an attempt.
        False where it is another's, or was cancelled."""
        now = utc_now()
        later = now + timedelta(seconds=pause)
        values = {
            "id": job_id, "call_id": call_id, "counter": counter[:300], "until": later, "reason": _text(reason, 500),
            "not_before": now if counter else later, "uncounted": 0 if counts else 1,
        }  # fmt: skip
        return bool(await self._rows(_PUT_BACK, values))

    async def end(
        self, job_id: UUID, call_id: UUID, *, state: str, expires_at: datetime, cost_nanos: int, sealed: bytes | None = None,
        generation: int | None = None, status: int | None = None, code: str = "", reason: str = "",
    ) -> bool:  # fmt: skip
        """Writes down what came of it, once."""
        values = {
            "id": job_id, "call_id": call_id, "state": state, "now": utc_now(), "expires_at": expires_at, "answer": sealed,
            "generation": generation, "status": status, "cost": cost_nanos, "code": code[:64], "reason": _text(reason, 500),
        }  # fmt: skip
        return bool(await self._rows(_END, values))

    async def look(self, timeout_seconds: float) -> None:
        """Reads the figures anew; leaves them where that fails."""
        try:
            rows = await within(timeout_seconds, self._read(_FIGURES, ()))
        except (PostgresAwayError, TimeoutError):
            return
        self.figures = Figures(*rows[0])

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        try:
            return await within(_MAX_SECONDS, self._read(statement, values))
        except (PostgresAwayError, TimeoutError) as error:
            raise JobsUnavailableError(type(error).__name__) from error

    async def _read(self, statement: str, values: Any) -> list[Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []


def _text(text: str, most: int) -> str:
    return text.replace("\0", "")[:most]


def _of(job_id: UUID, owner: Owner) -> dict[str, Any]:
    return {"id": job_id, "team": owner.team_id, "application": owner.application_id}
