"""Calls by idempotency key, shared by all gateway processes: claimed, waited for, answered. On a call's way, so without the ORM.

Every moment is Postgres' own: hosts' clocks may differ. A key is held by the process that makes the call, for as long as
that process' heartbeat says that it lives (`GatewayInstance`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.records.models import IdempotentCall
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresAwayError, PostgresPool

_CLAIM = """
    INSERT INTO governance_idempotentcall AS c
        (application_id, team_id, key_digest, request_digest, call_id, instance_id, state, claimed_at, expires_at)
    SELECT DISTINCT ON (x.application_id, x.key_digest) x.*, %(instance)s, 'running', now(), now() + make_interval(secs => %(seconds)s)
    FROM unnest(%(applications)s::bigint[], %(teams)s::bigint[], %(keys)s::bytea[], %(requests)s::bytea[], %(calls)s::uuid[])
        AS x(application_id, team_id, key_digest, request_digest, call_id)
    ORDER BY x.application_id, x.key_digest
    ON CONFLICT (application_id, key_digest) DO UPDATE SET
        request_digest = excluded.request_digest, call_id = excluded.call_id, instance_id = excluded.instance_id,
        state = excluded.state, generation = NULL, sealed = NULL, claimed_at = excluded.claimed_at,
        expires_at = excluded.expires_at
    WHERE c.expires_at <= now()
    RETURNING call_id"""
_LOOK = """
    SELECT c.application_id, c.key_digest, c.call_id, c.request_digest, c.state,
        CASE WHEN i.id IS NULL OR i.pid = 0 THEN 'ended'
            WHEN i.heartbeat_at < now() - make_interval(secs => %(silent)s) THEN 'silent' ELSE 'alive' END
    FROM unnest(%(applications)s::bigint[], %(keys)s::bytea[]) AS x(application_id, key_digest)
    JOIN governance_idempotentcall c USING (application_id, key_digest)
    LEFT JOIN governance_gatewayinstance i ON i.id = c.instance_id
    WHERE c.expires_at > now()"""
_ANSWER = """
    SELECT generation, sealed FROM governance_idempotentcall
    WHERE application_id = %s AND key_digest = %s AND call_id = %s AND state = 'answered'"""
_TAKE_OVER = """
    UPDATE governance_idempotentcall SET call_id = %s, instance_id = %s, claimed_at = now(),
        expires_at = now() + make_interval(secs => %s)
    WHERE application_id = %s AND key_digest = %s AND call_id = %s AND state = 'running' RETURNING 1"""
_CLOSE = """
    UPDATE governance_idempotentcall SET state = %s, generation = %s, sealed = %s
    WHERE application_id = %s AND key_digest = %s AND call_id = %s RETURNING 1"""
_FREE = "DELETE FROM governance_idempotentcall WHERE application_id = %s AND key_digest = %s AND call_id = %s RETURNING 1"
_MAX_SECONDS = 5.0
_AT_A_TIME = 500

Place = tuple[int, bytes]
"""An application and its key's digest: the one row there can be."""
ALIVE, SILENT, ENDED = "alive", "silent", "ended"
"""The process that holds a key: it lives, has not been heard of for as long as calls' holds take it for dead, or has ended."""


class IdempotencyUnavailableError(UnavailableError):
    """The database did not answer in time: whether the key has been used can't be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A call that wants to be the one of its key."""

    application_id: int
    team_id: int
    key_digest: bytes
    request_digest: bytes
    call_id: UUID

    @property
    def place(self) -> Place:
        return self.application_id, self.key_digest


@dataclass(frozen=True, slots=True)
class Found:
    """The call that has a key."""

    call_id: UUID
    request_digest: bytes
    state: str
    holder: str


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    generation: int
    sealed: bytes


class IdempotencyStore:
    """On the gateway's pool. Every call has a deadline. Raises IdempotencyUnavailableError."""

    def __init__(
        self, pool: PostgresPool, *, instance_id: UUID, keep_seconds: float, silent_seconds: float
    ) -> None:
        """`silent_seconds` is for how long a process is not heard of that is taken for dead."""
        self._pool, self._instance = pool, instance_id
        self._seconds, self._silent = keep_seconds, silent_seconds

    async def claim(self, claims: Sequence[Claim]) -> list[bool]:
        """Of each whether it is the first of its key now; of several with one key in a batch one is at most."""
        values = {
            "instance": self._instance,
            "seconds": self._seconds,
            "applications": [each.application_id for each in claims],
            "teams": [each.team_id for each in claims],
            "keys": [each.key_digest for each in claims],
            "requests": [each.request_digest for each in claims],
            "calls": [each.call_id for each in claims],
        }
        won = {row[0] for row in await self._rows(_CLAIM, values)}
        return [each.call_id in won for each in claims]

    async def look(self, places: Sequence[Place]) -> list[Found | None]:
        """Who has each of these keys."""
        asked = list(dict.fromkeys(places))
        values = {
            "silent": self._silent,
            "applications": [application for application, _ in asked],
            "keys": [key for _, key in asked],
        }
        rows = await self._rows(_LOOK, values)
        found = {(row[0], bytes(row[1])): Found(row[2], bytes(row[3]), row[4], row[5]) for row in rows}
        return [found.get(place) for place in places]

    async def answer(self, place: Place, call_id: UUID) -> SealedAnswer | None:
        """What a call was answered; None where it is not there any more."""
        rows = await self._rows(_ANSWER, (*place, call_id))
        return SealedAnswer(rows[0][0], bytes(rows[0][1])) if rows else None

    async def take_over(self, claim: Claim, dead: UUID) -> bool:
        """Gives the key of a call whose process is dead to another one of the same request; whether nobody was quicker."""
        values = (claim.call_id, self._instance, self._seconds, *claim.place, dead)
        return bool(await self._rows(_TAKE_OVER, values))

    async def keep(self, claim: Claim, answer: SealedAnswer | None) -> bool:
        """Puts the answer beside the key, or that there is none to be had; whether the call still has the key."""
        if answer is None:
            values: tuple[Any, ...] = (IdempotentCall.State.UNKEPT, None, None)
        else:
            values = (IdempotentCall.State.ANSWERED, answer.generation, answer.sealed)
        return bool(await self._rows(_CLOSE, (*values, *claim.place, claim.call_id)))

    async def free(self, claim: Claim) -> None:
        """Lets another call have the key."""
        await self._rows(_FREE, (*claim.place, claim.call_id))

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        try:
            return await within(_MAX_SECONDS, self._read(statement, values))
        except (PostgresAwayError, TimeoutError) as error:
            raise IdempotencyUnavailableError(type(error).__name__) from error

    async def _read(self, statement: str, values: Any) -> list[Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall()


def drop_expired(*, now: datetime, at_most: int = 50_000) -> int:
    """Deletes keys whose time is over, with their answers; of how many."""
    dropped = 0
    while dropped < at_most:
        ids = list(
            IdempotentCall.objects.filter(expires_at__lte=now).values_list("pk", flat=True)[:_AT_A_TIME]
        )
        if not ids:
            break
        IdempotentCall.objects.filter(pk__in=ids)._raw_delete("default")
        dropped += len(ids)
    return dropped
