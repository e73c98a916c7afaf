"""The ledger of the data plane: reserve before a call, settle after it, in one durable statement per batch.

The functions live in Postgres (governance/limits/sql); this module batches for them. What they promise:
`spent` of a window is the sum of its ledger entries, `reserved` the sum of its open holds, `spent + reserved` never
exceeds the limit at a reserve, and every call gets exactly one record however often its settlement is sent.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from os import getpid
from typing import Any
from uuid import UUID

import orjson
from psycopg.errors import InsufficientPrivilege, UniqueViolation

from governance.limits.policy.windows import Window
from kernel.batching import Batcher, QueueFullError
from kernel.clock import follow, perf_counter
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.faults import Fault, fault_of, is_away, is_items_own
from kernel.postgres_pool import PostgresPool
from kernel.upkeep import Upkeep

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""A process whose heartbeat is older is taken for dead: its holds expire, and are charged as estimated."""

_RESERVE = (
    "SELECT number, admitted, short_window, remaining_nanos, held_nanos FROM gatehouse_reserve(%s, %s, %s)"
)
_UNRESERVE = "SELECT gatehouse_unreserve(%s)"
_EXTEND = "SELECT number, more_nanos FROM gatehouse_extend(%s)"
_SETTLE = "SELECT gatehouse_settle(%s, %s, %s, %s)"
_NOTE_PROGRESS = "SELECT gatehouse_note_progress(%s)"
_LEAVE = "UPDATE governance_gatewayinstance SET pid = 0, warnings = '' WHERE id = %s"
_LEAVE_SECONDS = 1.0
_HEARTBEAT = """
    WITH others AS (
        SELECT count(*) AS number, count(*) FILTER (WHERE id < %(id)s) AS before FROM governance_gatewayinstance
        WHERE id <> %(id)s AND heartbeat_at > now() - make_interval(secs => %(silent)s)),
    strays AS (SELECT count(*) AS number FROM (SELECT FROM governance_auditrecord_default LIMIT 1000) AS seen)
    INSERT INTO governance_gatewayinstance (id, host, pid, started_at, heartbeat_at, warnings)
    VALUES (%(id)s, %(host)s, %(pid)s, now(), now(), %(warnings)s)
    ON CONFLICT (id) DO UPDATE SET heartbeat_at = now(), warnings = %(warnings)s
    RETURNING clock_timestamp(), (SELECT before FROM others), (SELECT number FROM others), (SELECT number FROM strays)"""
_MAX_PAUSE = 1.0
_STUCK_SECONDS = 3.0
"""A batch that is under way for so long: Postgres hangs, and whoever comes is told so."""
_BEAT_SECONDS = 10.0
_RETRY_SECONDS = 1.0
_PATIENCE_SECONDS = 3.5
"""So long Postgres may be away before a call is refused: a restart, or sessions that were ended, is over sooner."""
_FAILING_SECONDS = 2.0
"""How long settlements may fail before no call is begun any more."""
_TRY_TO_WRITE = """
    CREATE TEMP TABLE gatehouse_try ON COMMIT DROP AS SELECT n, repeat('x', 7000) FROM generate_series(1, 4) AS n"""
"""Takes space on the server's disk, and gives it back: `SELECT 1` goes through where nothing can be written any more."""


class LedgerUnavailableError(UnavailableError):
    """Postgres can't be reached, or too much waits for it: nothing may be admitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """What to reserve for a call: the whole amount, or the least it can begin with (governance/limits/sql/reserve.sql).

    `record` is what its audit record needs should this process die.
    """

    call_id: UUID
    amount_nanos: int
    least_nanos: int
    windows: tuple[Window, ...]
    started_at: datetime
    lifetime_seconds: float
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Admission:
    """The ledger's answer: admitted with what is held, or which window is short and what is left of it (nano-dollars)."""

    admitted: bool
    window: Window | None = None
    remaining_nanos: int | None = None
    held_nanos: int = 0
    drawn_nanos: int = 0
    """How much of that its batch had held (governance/limits/services/batch_holds.py)."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of a call: every column of its audit record, and its redacted content, if that is kept."""

    record: dict[str, Any]
    content: dict[str, Any] | None
    late_at: datetime | None = None
    """From then on the caller is told that the record is late; what is written after it says the same."""


class Ledger:
    """Batches of reserves and of settlements, each on a connection of its own while it is under way."""

    def __init__(self, pool: PostgresPool, *, instance_id: UUID) -> None:
        self._pool = pool
        self.instance_id = instance_id
        self._reserves: Batcher[HoldRequest, Admission] = Batcher(self._reserve, isolates=is_items_own)
        self._extensions: Batcher[tuple[UUID, int], int] = Batcher(self._extend)
        self._settlements: Batcher[Settlement, bool] = Batcher(self._settle, isolates=is_items_own)
        self._progress: Batcher[tuple[UUID, dict[str, Any]], None] = Batcher(self._note_progress)
        self.is_connected = True
        self.error = ""
        """What failed last, until something goes through again."""
        self._settling_fails_since: float | None = None
        self._away_since: float | None = None
        self._settled_at = perf_counter()
        self.warnings: list[str] = []
        """What operators are to know of this process, in sentences: told with each heartbeat."""
        self.members = (0, 1)
        """This process' rank, from 0, among how many gateway processes, as of the last heartbeat."""
        self.strays = 0
        """Records that are in no month's partition, counted up to a thousand, as of the last heartbeat."""

    async def start(self, upkeep: Upkeep) -> None:
        """Announces this process, so that its holds are known to be alive; and keeps announcing it."""
        await self._beat()
        upkeep.every(
            HEARTBEAT_SECONDS,
            "the ledger's heartbeat",
            self._beat,
            deadline=_BEAT_SECONDS,
            retry=_RETRY_SECONDS,
        )

    async def stop(self, *, timeout_seconds: float) -> None:
        """Settles what is queued, within the time given; what is left expires by the written rule."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._reserves.drain()
                await self._settlements.drain()
        except TimeoutError:
            logger.error("%d settlements could not be written before the end", len(self._settlements))

    async def leave(self) -> None:
        """Says that this process has ended in good order, once it beats no more. Without Postgres nothing is said."""
        with suppress(Exception):
            await within(_LEAVE_SECONDS, self._leave())

    async def _leave(self) -> None:
        async with self._pool.connection(_LEAVE_SECONDS) as connection:
            await connection.execute(_LEAVE, (self.instance_id,))

    @property
    def is_stuck(self) -> bool:
        """Whether Postgres does not answer: neither well nor with an error."""
        return self._reserves.is_stuck(_STUCK_SECONDS) or self._settlements.is_stuck(_STUCK_SECONDS)

    @property
    def refuses(self) -> bool:
        """Whether no call may begin: Postgres does not answer, or has taken no end of a call for some seconds. For any thread."""
        return self.is_stuck or self.failing_for > _FAILING_SECONDS

    def reserve(self, request: HoldRequest) -> "asyncio.Future[Admission]":
        """Reserves for a call. The future fails with LedgerUnavailableError when Postgres does.

        While ends of calls can't be written none is begun: each would be made, and paid for, and told to have failed.
        """
        if self.refuses:
            raise LedgerUnavailableError(
                "Postgres does not answer" if self.is_stuck else "Postgres takes no records"
            )
        try:
            return self._reserves.submit(request)
        except QueueFullError as error:
            raise LedgerUnavailableError("too many calls wait for the ledger") from error

    def extend(self, call_id: UUID, nanos: int) -> "asyncio.Future[int]":
        """Adds to a call's hold as much of that as its budgets have left: what was added, 0 where nothing was.

        The future fails with LedgerUnavailableError when Postgres does.
        """
        try:
            return self._extensions.submit((call_id, nanos))
        except QueueFullError as error:
            raise LedgerUnavailableError("too many calls wait for the ledger") from error

    def settle(self, settlement: Settlement) -> "asyncio.Future[bool]":
        """Writes the end of a call, trying until Postgres takes it. The future is done when it is durable: whether that
        was in time."""
        try:
            return self._settlements.submit(settlement)
        except QueueFullError as error:
            raise LedgerUnavailableError("too many records wait for the ledger") from error

    def note_progress(self, call_id: UUID, progress: dict[str, Any]) -> None:
        """Puts on a call's hold what it is charged should this process die: columns of its record, `cost_nanos` among them.

        Nobody waits for it. Where it can't be written, such a call is charged its whole hold.
        """
        with suppress(QueueFullError):
            self._progress.submit((call_id, progress))

    @property
    def waiting(self) -> int:
        """Records that wait to be written."""
        return len(self._settlements)

    @property
    def settled_age(self) -> float:
        """Seconds since the end of a call was last written, or this process began."""
        return perf_counter() - self._settled_at

    @property
    def failing_for(self) -> float:
        """For how many seconds ends of calls can't be written; 0 where they can."""
        since = self._settling_fails_since
        return 0.0 if since is None else perf_counter() - since

    @property
    def away_for(self) -> float:
        """For how many seconds nothing has gone through, by what failed or has no answer; 0 where all is well."""
        failing = 0.0 if self._away_since is None else perf_counter() - self._away_since
        return max(failing, *(each.under_way_for for each in (self._reserves, self._settlements)))

    async def is_well(self, timeout_seconds: float) -> bool:
        """Whether a call could be admitted and recorded now. After a failure that is tried, and not believed."""
        if self.is_stuck:
            self.error = self.error or "it does not answer"
            return False
        if self.is_connected and self._settling_fails_since is None:
            return True
        try:
            await within(timeout_seconds, self._try_to_write(timeout_seconds))
        except Exception as error:
            self._note_failure(error)
            return False
        self._note_success()
        return self._settling_fails_since is None

    async def _try_to_write(self, timeout_seconds: float) -> None:
        async with self._pool.connection(timeout_seconds) as connection:
            with suppress(InsufficientPrivilege):
                await connection.execute(_TRY_TO_WRITE)

    def _note_success(self) -> None:
        self.is_connected, self.error, self._away_since = True, "", None

    def _note_failure(self, error: BaseException) -> None:
        cause = error.__cause__ or error
        self.is_connected, self.error = False, type(cause).__name__
        self._away_since = self._away_since or perf_counter()

    async def _reserve(self, batch: list[HoldRequest]) -> Sequence[Admission]:
        windows = sorted(
            {w for request in batch for w in request.windows},
            key=lambda w: (w.budget_id, w.starts_at, w.subject),
        )
        number = {window: n for n, window in enumerate(windows, 1)}
        holds = [
            {
                "number": n,
                "call_id": request.call_id,
                "amount_nanos": request.amount_nanos,
                "least_nanos": request.least_nanos,
                "windows": [number[window] for window in request.windows],
                "started_at": request.started_at,
                "lifetime_seconds": request.lifetime_seconds,
                "record": request.record,
            }
            for n, request in enumerate(batch)
        ]
        named = [
            {
                "number": n,
                "budget_id": window.budget_id,
                "subject": window.subject,
                "starts_at": window.starts_at,
                "ends_at": window.ends_at,
            }
            for window, n in number.items()
        ]
        values = (orjson.dumps(named).decode(), orjson.dumps(holds).decode(), self.instance_id)
        rows = await self._reserved([request.call_id for request in batch], values)
        answers = {
            n: Admission(True, held_nanos=held)
            if admitted
            else Admission(False, windows[short - 1], remaining)
            for n, admitted, short, remaining, held in rows
        }
        return [answers[n] for n in range(len(batch))]

    async def _reserved(self, call_ids: list[UUID], values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows of a batch. It is sent again for as long as Postgres has not been away for long."""
        is_again, pause = False, 0.05
        while True:
            try:
                async with self._pool.connection() as connection:
                    if is_again:
                        await connection.execute(_UNRESERVE, (call_ids,))
                    cursor = await connection.execute(_RESERVE, values)
                    rows = await cursor.fetchall()
                self._note_success()
                return rows
            except Exception as error:
                # Sent again, it may still be under way on the connection that was lost.
                if is_items_own(error) and not (is_again and isinstance(error, UniqueViolation)):
                    raise
                self._failed("reserving", len(call_ids), error)
                is_over = self.away_for + pause > _PATIENCE_SECONDS
                if is_over or not (is_away(error) or isinstance(error, UniqueViolation)):
                    raise LedgerUnavailableError("Postgres can't be reached") from error
                is_again = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, _MAX_PAUSE)

    async def _extend(self, batch: list[tuple[UUID, int]]) -> Sequence[int]:
        asks = [
            {"number": n, "call_id": call_id, "amount_nanos": nanos}
            for n, (call_id, nanos) in enumerate(batch)
        ]
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(_EXTEND, (orjson.dumps(asks).decode(),))
                rows = await cursor.fetchall()
        except Exception as error:
            self._failed("holding more", len(batch), error)
            raise LedgerUnavailableError("Postgres can't be reached") from error
        more = dict(rows)
        return [more[n] for n in range(len(batch))]

    async def _note_progress(self, batch: list[tuple[UUID, dict[str, Any]]]) -> Sequence[None]:
        found = [{"call_id": call_id, "progress": progress} for call_id, progress in batch]
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_NOTE_PROGRESS, (orjson.dumps(found).decode(),))
        except Exception as error:
            self._failed("noting progress", len(batch), error)
        return [None] * len(batch)

    async def _settle(self, batch: list[Settlement]) -> Sequence[bool]:
        call_ids = [settlement.record["call_id"] for settlement in batch]
        records = orjson.dumps([settlement.record for settlement in batch]).decode()
        contents = orjson.dumps([s.content for s in batch if s.content is not None]).decode()
        late_at = min((s.late_at for s in batch if s.late_at is not None), default=None)
        pause = 0.05
        while True:
            try:
                async with self._pool.connection() as connection:
                    cursor = await connection.execute(_SETTLE, (call_ids, records, contents, late_at))
                    late = (await cursor.fetchone() or (None,))[0]
                self._note_success()
                self._settling_fails_since, self._settled_at = None, perf_counter()
                return [True] * len(batch) if late is None else [each not in late for each in call_ids]
            except Exception as error:
                if is_items_own(error):
                    self._settling_fails_since = None
                    raise
                # Sent again with the same call ids it does nothing twice, so a lost answer is no matter. What nobody has
                # foreseen is tried again as well: what a call cost is not given up while this process lives.
                self._failed("settling", len(batch), error)
                self._settling_fails_since = self._settling_fails_since or perf_counter()
                await asyncio.sleep(pause)
                pause = min(pause * 2, _MAX_PAUSE)

    async def _beat(self) -> None:
        values = {
            "id": self.instance_id,
            "host": socket.gethostname(),
            "pid": getpid(),
            "silent": SILENT_SECONDS,
            "warnings": "\n".join(self.warnings)[:2000],
        }
        asked_at = perf_counter()
        try:
            row = await self._announce(values)
        except BaseException as error:
            self._note_failure(error)
            raise
        if self._settling_fails_since is None:
            self.is_connected, self._away_since = True, None
        follow(row[0], asked_at=asked_at)
        self.members = (row[1], row[2] + 1)
        self.strays = row[3]

    async def _announce(self, values: dict[str, Any]) -> tuple[Any, ...]:
        async with self._pool.connection() as connection:
            row: tuple[Any, ...] | None = await (await connection.execute(_HEARTBEAT, values)).fetchone()
        assert row is not None
        return row

    def _failed(self, what: str, calls: int, error: Exception) -> None:
        self._note_failure(error)
        if fault_of(error) is Fault.BUG:
            logger.error("%s %d calls failed", what, calls, exc_info=error)
        else:
            cause = error.__cause__ or error
            logger.warning("%s %d calls failed (%s: %s)", what, calls, type(cause).__name__, str(cause)[:200])
