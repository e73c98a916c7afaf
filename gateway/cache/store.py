"""Answers that may be given again, shared by all gateway processes. On a call's way, so without the ORM.

What ended an answer is looked at whenever one is looked up: an entry is good where every purge that names it was seen before
its answer was asked for (`seen_xact`). So nothing is given again that was purged, however late it was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from pgvector import HalfVector

from kernel.batching import Batcher, QueueFullError
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.faults import is_items_own
from kernel.postgres_pool import PostgresAwayError, PostgresPool

_IS_GOOD = """NOT EXISTS (SELECT FROM gateway_cachepurge p WHERE p.xact_id >= e.seen_xact
        AND (p.team_id IS NULL OR p.team_id = e.team_id) AND (p.prompt_id IS NULL OR p.prompt_id = e.prompt_id)
        AND (p.route = '' OR p.route = e.route) AND (p.end_user = '' OR p.end_user = e.end_user)
        AND (p.uses = '' OR p.uses = ANY (e.uses)) AND (p.older_than IS NULL OR e.created_at < p.older_than))"""
# A person's label comes before what was measured.
_WAS_WRONG = "(p.label = 'different' OR (p.label = '' AND p.outcome = 'different'))"
_SEEN = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_LOOK = f"""
    WITH x(digest) AS (VALUES {{rows}})
    SELECT e.digest, e.id, e.team_id, e.call_id, e.deployment_id, e.end_user, e.has_values, e.answer, e.cost_nanos,
        greatest(0, extract(epoch FROM now() - e.created_at))::bigint, e.expires_at <= now(), {_SEEN}
    FROM x LEFT JOIN gateway_cacheentry e ON e.digest = x.digest AND e.ends_at > now() AND {_IS_GOOD}"""  # noqa: S608 - our own words
_ALIKE = f"""
    WITH x(team_id, route, prompt_id, scope, guard, vector, least, max_age, number) AS MATERIALIZED (VALUES {{rows}})
    SELECT x.number, e.id, e.question, 1 - e.distance, v.judged, v.wrong
    FROM x
    LEFT JOIN gateway_cacheevidence v ON v.team_id = x.team_id AND v.route = x.route AND v.prompt_id = x.prompt_id
    LEFT JOIN LATERAL (
        SELECT e.id, e.question, e.vector <=> x.vector AS distance FROM gateway_cacheentry e
        WHERE e.scope = x.scope AND e.guard = x.guard AND e.team_id = x.team_id AND e.expires_at > now() AND NOT e.is_barred
            AND (x.max_age IS NULL OR e.created_at > now() - make_interval(secs => x.max_age))
            AND e.vector <=> x.vector <= 1 - x.least AND {_IS_GOOD}
        ORDER BY distance LIMIT 5) AS e ON true
    ORDER BY x.number, e.distance"""  # noqa: S608 - our own words
_BY_ID = f"""
    SELECT e.digest, e.id, e.team_id, e.call_id, e.deployment_id, e.end_user, e.has_values, e.answer, e.cost_nanos,
        greatest(0, extract(epoch FROM now() - e.created_at))::bigint, e.expires_at <= now(), {_SEEN}
    FROM gateway_cacheentry e WHERE e.id = %s AND e.ends_at > now() AND {_IS_GOOD}"""  # noqa: S608 - our own words
_COLUMNS = (
    ("team_id", "bigint"), ("kind", "text"), ("digest", "bytea"), ("rule_id", "bigint"), ("route", "text"), ("prompt_id", "bigint"),
    ("prompt_version", "int"), ("end_user", "text"), ("has_values", "bool"), ("uses", "text"), ("deployment_id", "bigint"),
    ("model", "text"), ("question", "text"), ("answer", "bytea"), ("call_id", "uuid"), ("cost_nanos", "bigint"),
    ("seconds", "bigint"), ("stale_seconds", "bigint"), ("seen_xact", "bigint"), ("scope", "bytea"), ("guard", "bytea"),
    ("vector", "halfvec"),
)  # fmt: skip
_KINDS = tuple(kind for _, kind in _COLUMNS)
_NEAR_KINDS = ("bigint", "text", "bigint", "bytea", "bytea", "halfvec", "float8", "bigint", "int")
_NAMES = ", ".join(name for name, _ in _COLUMNS)
# In one order, so that gateways do not lock each other out. What was deleted meanwhile (a team, a prompt, a rule) keeps nothing.
_PUT = f"""
    INSERT INTO gateway_cacheentry AS e (team_id, kind, digest, rule_id, route, prompt_id, prompt_version, end_user, has_values, uses,
        deployment_id, model, question, answer, call_id, cost_nanos, created_at, expires_at, ends_at, seen_xact, scope, guard, vector, is_barred)
    SELECT x.team_id, x.kind, x.digest, r.id, x.route, x.prompt_id, x.prompt_version, x.end_user, x.has_values,
        string_to_array(x.uses, ','), x.deployment_id, x.model, x.question, x.answer, x.call_id, x.cost_nanos, now(),
        now() + make_interval(secs => x.seconds), now() + make_interval(secs => x.seconds + x.stale_seconds), x.seen_xact,
        x.scope, x.guard, x.vector, x.scope IS NOT NULL AND EXISTS (SELECT FROM gateway_cachepair p
            WHERE p.team_id = x.team_id AND p.known = x.question AND p.route = x.route
                AND p.prompt_id IS NOT DISTINCT FROM x.prompt_id AND {_WAS_WRONG})
    FROM (VALUES {{rows}}) AS x({_NAMES})
    JOIN accounts_team t ON t.id = x.team_id LEFT JOIN gateway_cacherule r ON r.id = x.rule_id
    WHERE x.prompt_id IS NULL OR EXISTS (SELECT FROM prompts_prompt WHERE id = x.prompt_id)
    ORDER BY x.digest
    ON CONFLICT (digest) DO UPDATE SET rule_id = excluded.rule_id, end_user = excluded.end_user,
        has_values = excluded.has_values, uses = excluded.uses, deployment_id = excluded.deployment_id, model = excluded.model,
        question = excluded.question, answer = excluded.answer, call_id = excluded.call_id, cost_nanos = excluded.cost_nanos,
        created_at = excluded.created_at, expires_at = excluded.expires_at, ends_at = excluded.ends_at,
        seen_xact = excluded.seen_xact, scope = excluded.scope, guard = excluded.guard, vector = excluded.vector, is_barred = excluded.is_barred,
        hits = 0, last_hit_at = NULL
        WHERE e.seen_xact <= excluded.seen_xact"""  # noqa: S608 - our own words
# As gateway.cache.services.clearing.pairs_ended_by: those of an end user, and a whole team's.
_ENDS_PAIR = """(p.team_id IS NULL OR p.team_id = %(team)s) AND (p.older_than IS NULL OR p.older_than > now()) AND CASE WHEN p.end_user = ''
            THEN p.team_id IS NOT NULL AND p.prompt_id IS NULL AND p.route = '' AND p.uses = ''
            ELSE p.end_user = ANY (%(end_users)s::text[]) AND (p.prompt_id IS NULL OR p.prompt_id = %(prompt)s)
                AND (p.route = '' OR p.route = %(route)s::text) END"""
_JUDGED = f"""
    WITH pair AS (
        INSERT INTO gateway_cachepair (team_id, route, prompt_id, entry_id, source, asked, known, served, said, similarity, outcome,
            label, call_id, end_users)
        SELECT %(team)s, %(route)s::text, (SELECT id FROM prompts_prompt WHERE id = %(prompt)s),
            (SELECT id FROM gateway_cacheentry WHERE id = %(entry)s), %(source)s, %(asked)s, %(known)s, %(served)s, %(said)s,
            %(similarity)s, %(outcome)s, '', %(call)s, %(end_users)s::text[]
        WHERE NOT EXISTS (SELECT FROM gateway_cachepurge p WHERE p.xact_id >= %(seen_xact)s AND {_ENDS_PAIR})),
    bar AS (
        UPDATE gateway_cacheentry SET is_barred = true WHERE id = %(entry)s AND %(outcome)s = 'different')
    INSERT INTO gateway_cacheevidence AS v (team_id, route, prompt_id, judged, wrong, unsure, updated_at)
    VALUES (%(team)s, %(route)s::text, %(prompt)s, (%(outcome)s <> 'unsure')::int, (%(outcome)s = 'different')::int,
        (%(outcome)s = 'unsure')::int, now())
    ON CONFLICT (team_id, route, prompt_id) DO UPDATE SET judged = v.judged + excluded.judged, wrong = v.wrong + excluded.wrong,
        unsure = v.unsure + excluded.unsure, updated_at = now()"""  # noqa: S608 - our own words
_MAX_BATCH = 32
"""Rows of a statement: psycopg keeps how a statement is read up to 4,096 characters (psycopg/_queries.py)."""
_MAX_SECONDS = 0.5
"""A look-up that takes longer is a miss."""
_PUT_SECONDS = 5.0


class CacheUnavailableError(UnavailableError):
    """The database did not answer in time: the call goes on without the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry that is good."""

    id: int
    team_id: int
    call_id: UUID | None
    deployment_id: int | None
    end_user: str
    has_values: bool
    answer: bytes
    cost_nanos: int
    age: int
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What there is, and the first transaction that was not seen when it was looked for."""

    found: Found | None
    seen_xact: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry whose question is near, by meaning."""

    entry_id: int
    question: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Near:
    """Candidates, the nearest first, and what is known of how often such answers were wrong."""

    candidates: tuple[Candidate, ...]
    judged: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NearTo:
    """What a similar question must have in common."""

    team_id: int
    route: str
    prompt_id: int
    scope: bytes
    guard: bytes
    vector: HalfVector
    min_similarity: float
    max_age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An answer to be kept, for `seconds`, and for `stale_seconds` more although it is stale."""

    team_id: int
    kind: str
    digest: bytes
    rule_id: int
    route: str
    prompt_id: int | None
    prompt_version: int | None
    end_user: str
    has_values: bool
    uses: str
    """Separated by commas."""
    deployment_id: int | None
    model: str
    question: str
    answer: bytes
    call_id: UUID | None
    cost_nanos: int
    seconds: int
    stale_seconds: int
    seen_xact: int
    scope: bytes | None = None
    guard: bytes | None = None
    vector: HalfVector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Two questions that were taken for the same, and what came of comparing the answers.

    `end_users` are those who asked either; a purge of one of them since `seen_xact` leaves only the counts.
    """

    team: int
    route: str
    prompt: int
    entry: int
    source: str
    asked: str
    known: str
    served: str
    said: str
    similarity: float
    outcome: str
    call: UUID
    end_users: list[str]
    seen_xact: int


class CacheStore:
    """On the gateway's pool. Every look has a deadline. Raises CacheUnavailableError."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._looks: Batcher[bytes, Look] = Batcher(self._look_up, max_batch=_MAX_BATCH)
        self._nears: Batcher[NearTo, Near] = Batcher(self._near_all, max_batch=_MAX_BATCH)
        self._puts: Batcher[NewEntry, bool] = Batcher(
            self._put, isolates=is_items_own, max_batch=_MAX_BATCH, max_queued=2000
        )

    async def look(self, digest: bytes) -> Look:
        """The entry of a digest, where it is good."""
        try:
            return await asyncio.wait_for(self._looks.submit(digest), _MAX_SECONDS)
        except (PostgresAwayError, QueueFullError, TimeoutError) as error:
            raise CacheUnavailableError(type(error).__name__) from error

    async def entry(self, entry_id: int) -> Found | None:
        """One that `near` found."""
        rows = await self._rows(_BY_ID, (entry_id,))
        return _found(rows[0]) if rows else None

    async def near(self, asked: NearTo) -> Near:
        """The nearest entries of the same scope and guards."""
        try:
            return await asyncio.wait_for(self._nears.submit(asked), _MAX_SECONDS)
        except (PostgresAwayError, QueueFullError, TimeoutError) as error:
            raise CacheUnavailableError(type(error).__name__) from error

    async def put(self, entry: NewEntry) -> bool:
        """Keeps an answer; whether it was."""
        try:
            return await asyncio.wait_for(asyncio.shield(self._puts.submit(entry)), _PUT_SECONDS)
        except (PostgresAwayError, QueueFullError, TimeoutError) as error:
            raise CacheUnavailableError(type(error).__name__) from error

    async def judge(self, judged: Judged) -> None:
        """Notes what came of a comparison; an entry that was wrong serves no similar question any more."""
        values = {name: getattr(judged, name) for name in Judged.__slots__}
        try:
            await within(_PUT_SECONDS, self._execute(_JUDGED, values))
        except (PostgresAwayError, TimeoutError) as error:
            raise CacheUnavailableError(type(error).__name__) from error

    async def _look_up(self, digests: list[bytes]) -> Sequence[Look]:
        wanted = list(dict.fromkeys(digests))
        rows = await self._read(_with_rows(_LOOK, ("bytea",), len(wanted)), wanted)
        seen = min(row[11] for row in rows)
        found = {bytes(row[0]): _found(row) for row in rows if row[0] is not None}
        return [Look(found.get(digest), seen) for digest in digests]

    async def _near_all(self, several: list[NearTo]) -> Sequence[Near]:
        values: list[Any] = []
        for number, each in enumerate(several):
            values += (each.team_id, each.route, each.prompt_id, each.scope, each.guard, each.vector, each.min_similarity, each.max_age, number)  # fmt: skip
        found: list[list[Candidate]] = [[] for _ in several]
        known = [(0, 0)] * len(several)
        statement = _with_rows(_ALIKE, _NEAR_KINDS, len(several))
        for number, entry_id, question, similarity, judged, wrong in await self._read(statement, values):
            known[number] = (judged or 0, wrong or 0)
            if entry_id is not None:
                found[number].append(Candidate(entry_id, question, similarity))
        return [Near(tuple(candidates), *counts) for candidates, counts in zip(found, known, strict=True)]

    async def _put(self, entries: list[NewEntry]) -> Sequence[bool]:
        latest = {each.digest: each for each in entries}  # one statement can't write a row twice
        values = [getattr(each, name) for each in latest.values() for name, _ in _COLUMNS]
        await self._execute(_with_rows(_PUT, _KINDS, len(latest)), values)
        return [True] * len(entries)

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        try:
            return await within(_MAX_SECONDS, self._read(statement, values))
        except (PostgresAwayError, TimeoutError) as error:
            raise CacheUnavailableError(type(error).__name__) from error

    async def _read(self, statement: str, values: Any) -> list[Any]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall()

    async def _execute(self, statement: str, values: Any) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(statement, values)


@lru_cache(maxsize=3 * _MAX_BATCH)
def _with_rows(statement: str, kinds: tuple[str, ...], number: int) -> str:
    """A statement for so many rows of values. They are cheaper to write than arrays, and the first says of which type they are."""
    first = ", ".join(f"%s::{kind}" for kind in kinds)
    other = ", ".join(["%s"] * len(kinds))
    return statement.replace("{rows}", ", ".join([f"({first})", *[f"({other})"] * (number - 1)]))


def _found(row: Any) -> Found:
    return Found(
        id=row[1],
        team_id=row[2],
        call_id=row[3],
        deployment_id=row[4],
        end_user=row[5],
        has_values=row[6],
        answer=bytes(row[7]),
        cost_nanos=row[8],
        age=row[9],
        is_stale=row[10],
    )
