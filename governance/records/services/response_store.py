"""Responses that callers may go on from: read and written on a call's way, so without the ORM; deleted by a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.records.models import StoredResponse
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresAwayError, PostgresPool

_PUT = """
    INSERT INTO governance_storedresponse
        (call_id, team_id, application_id, previous_id, generation, sealed, created_at, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
_GET = """
    SELECT call_id, previous_id, generation, sealed FROM governance_storedresponse
    WHERE call_id = ANY(%s) AND team_id = %s AND application_id = %s AND expires_at > now()"""
_CHAIN = """
    WITH RECURSIVE chain AS (
        SELECT call_id, previous_id, generation, sealed, 1 AS depth, octet_length(sealed)::bigint AS bytes
        FROM governance_storedresponse
        WHERE call_id = %(call_id)s AND team_id = %(team)s AND application_id = %(application)s AND expires_at > now()
        UNION ALL
        SELECT r.call_id, r.previous_id, r.generation, r.sealed, c.depth + 1, c.bytes + octet_length(r.sealed)
        FROM chain c JOIN governance_storedresponse r ON r.call_id = c.previous_id
        WHERE r.team_id = %(team)s AND r.application_id = %(application)s AND r.expires_at > now()
            AND c.depth < %(depth)s AND c.bytes <= %(bytes)s
    )
    SELECT call_id, previous_id, generation, sealed FROM chain ORDER BY depth DESC"""
_DELETE = """
    DELETE FROM governance_storedresponse
    WHERE call_id = %s AND team_id = %s AND application_id = %s AND expires_at > now() RETURNING 1"""
_MAX_SECONDS = 5.0
_MAX_DEPTH = 1000
"""Responses of one conversation that are looked back on."""
_AT_A_TIME = 500


class ResponsesUnavailableError(UnavailableError):
    """The database did not answer in time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One response as it is stored."""

    call_id: UUID
    previous_id: UUID | None
    generation: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Whose:
    """Who may have it. To all others it does not exist."""

    team_id: int
    application_id: int


class ResponseStore:
    """On the gateway's pool. Every call has a deadline. Raises ResponsesUnavailableError."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def put(self, kept: Kept, whose: Whose, *, now: datetime, expires_at: datetime) -> None:
        """Returns when it is durable."""
        values = (
            kept.call_id,
            whose.team_id,
            whose.application_id,
            kept.previous_id,
            kept.generation,
            kept.sealed,
        )
        await self._rows(_PUT, (*values, now, expires_at))

    async def get(self, call_ids: Sequence[UUID], whose: Whose) -> list[Kept]:
        """Those of these calls' that are there."""
        rows = await self._rows(_GET, (list(call_ids), whose.team_id, whose.application_id))
        return [Kept(*row) for row in rows]

    async def chain(self, call_id: UUID, whose: Whose, *, most_bytes: int) -> list[Kept]:
        """A response and all that it goes on from, the first of them first; cut off where it is too much, or expired."""
        rows = await self._rows(
            _CHAIN,
            {
                "call_id": call_id, "team": whose.team_id, "application": whose.application_id, "depth": _MAX_DEPTH,
                "bytes": most_bytes,
            },
        )  # fmt: skip
        return [Kept(*row) for row in rows]

    async def delete(self, call_id: UUID, whose: Whose) -> bool:
        """Whether it was there."""
        return bool(await self._rows(_DELETE, (call_id, whose.team_id, whose.application_id)))

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        try:
            return await within(_MAX_SECONDS, self._read(statement, values))
        except (PostgresAwayError, TimeoutError) as error:
            raise ResponsesUnavailableError(type(error).__name__) from error

    async def _read(self, statement: str, values: Any) -> list[Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []


def drop_expired(*, now: datetime, at_most: int = 50_000) -> int:
    """Deletes responses whose time is over; of how many."""
    dropped = 0
    while dropped < at_most:
        ids = list(
            StoredResponse.objects.filter(expires_at__lte=now).values_list("pk", flat=True)[:_AT_A_TIME]
        )
        if not ids:
            break
        StoredResponse.objects.filter(pk__in=ids)._raw_delete("default")
        dropped += len(ids)
    return dropped
