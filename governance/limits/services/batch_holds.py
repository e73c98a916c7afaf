"""What a batch holds for all its calls, and how each of them takes its part (governance/limits/sql/batches.sql).

A batch's hold is of no process: who tends batches lets go of it, and nothing is ever charged for it.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from governance.limits.policy.windows import Window
from governance.limits.services.ledger import Admission, HoldRequest, LedgerUnavailableError
from kernel.batching import Batcher, QueueFullError
from kernel.deadlines import within
from kernel.postgres_pool import PostgresAwayError, PostgresPool

logger = logging.getLogger(__name__)

NO_PROCESS = UUID(int=0)
"""Whose holds never expire with a process (governance/limits/sql/settle.sql)."""
_SECONDS = 5.0
_RESERVE = "SELECT admitted, short_window, remaining_nanos, held_nanos FROM gatehouse_reserve(%s, %s, %s)"
_RELEASE = "SELECT gatehouse_unreserve(ARRAY[%s]::uuid[])"
_DRAW = """
    SELECT admitted, short_window, remaining_nanos, held_nanos, drawn_nanos FROM gatehouse_draw(%s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a call of a batch is to hold, out of the batch's hold as far as that goes."""

    batch_id: UUID
    request: HoldRequest


class BatchHolds:
    """On the gateway's pool. Raises LedgerUnavailableError."""

    def __init__(self, pool: PostgresPool, *, instance_id: UUID) -> None:
        self._pool, self._instance_id = pool, instance_id
        self._draws: Batcher[Draw, Admission] = Batcher(self._draw)

    async def hold(self, request: HoldRequest) -> Admission:
        """Reserves for a whole batch, under its id, in the place of what it may hold already."""

        async def reserve() -> Any:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(_RELEASE, (request.call_id,))
                cursor = await connection.execute(_RESERVE, (*_values(request), NO_PROCESS))
                return await cursor.fetchone()

        try:
            row = await within(_SECONDS, reserve())
        except (PostgresAwayError, TimeoutError) as error:
            raise LedgerUnavailableError("Postgres can't be reached") from error
        return _admission(request, *row)

    async def release(self, batch_id: UUID) -> None:
        """Lets go of what a batch holds still."""

        async def release() -> None:
            async with self._pool.connection() as connection:
                await connection.execute(_RELEASE, (batch_id,))

        try:
            await within(_SECONDS, release())
        except (PostgresAwayError, TimeoutError) as error:
            raise LedgerUnavailableError("Postgres can't be reached") from error

    def draw(self, draw: Draw) -> "asyncio.Future[Admission]":
        """Reserves for one call of a batch: a future of an Admission, which says how much of it the batch had held."""
        try:
            return self._draws.submit(draw)
        except QueueFullError as error:
            raise LedgerUnavailableError("too many calls wait for the ledger") from error

    async def _draw(self, batch: list[Draw]) -> Sequence[Admission | Exception]:
        answers: list[Admission | Exception] = []
        for draw in batch:
            try:
                answers.append(await within(_SECONDS, self._drawn(draw)))
            except Exception as error:
                logger.warning("a call of a batch could not be held (%s)", type(error).__name__)
                unavailable = LedgerUnavailableError("Postgres can't be reached")
                unavailable.__cause__ = error
                answers.append(unavailable)
        return answers

    async def _drawn(self, draw: Draw) -> Admission:
        async with self._pool.connection() as connection:
            values = (draw.batch_id, *_values(draw.request), self._instance_id)
            cursor = await connection.execute(_DRAW, values)
            row = await cursor.fetchone()
        assert row is not None
        return _admission(draw.request, *row)


def _values(request: HoldRequest) -> tuple[str, str]:
    """Windows and holds as gatehouse_reserve takes them, for one."""
    windows = [
        {
            "number": n, "budget_id": window.budget_id, "subject": window.subject, "starts_at": window.starts_at,
            "ends_at": window.ends_at,
        }
        for n, window in enumerate(request.windows, 1)
    ]  # fmt: skip
    hold = {
        "number": 0, "call_id": request.call_id, "amount_nanos": request.amount_nanos, "least_nanos": request.least_nanos,
        "windows": list(range(1, len(windows) + 1)), "started_at": request.started_at,
        "lifetime_seconds": request.lifetime_seconds, "record": request.record,
    }  # fmt: skip
    return orjson.dumps(windows).decode(), orjson.dumps([hold]).decode()


def _admission(
    request: HoldRequest, admitted: bool, short: int | None, remaining: int | None, held: int, drawn: int = 0
) -> Admission:
    window: Window | None = None if short is None else request.windows[short - 1]
    return Admission(admitted, window, remaining, held_nanos=held if admitted else 0, drawn_nanos=drawn)
