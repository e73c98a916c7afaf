"""Looking for a similar question among a million entries of a hundred teams: how long it takes, and the CPU of who looks."""

import asyncio
import random
import time
from dataclasses import dataclass
from hashlib import blake2b
from statistics import median, quantiles

import psycopg
from pgvector import HalfVector

from gateway.cache.policy.guards import veto
from gateway.cache.policy.questions import read
from gateway.cache.store import CacheStore, NearTo
from kernel.postgres_pool import PostgresPool
from kernel.text_vectors import text_array
from tests.bench.question_pairs import filled_alike
from tests.bench.question_templates import TEMPLATES
from tests.services import Stack

TEAMS = 100
LOOKS = 2000
SEED = 7


@dataclass(frozen=True)
class Row:
    name: str
    at_once: int
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    found: int


def measure(stack: Stack, *, entries: int) -> list[Row]:
    """The table; `entries` of all teams together."""
    dice = random.Random(SEED)
    questions: dict[str, None] = {}
    while len(questions) < entries // TEAMS:
        questions[f"{filled_alike(dice.choice(TEMPLATES), dice)[0]}{f' Case {dice.randint(1, 10**6)}.' if dice.random() < 0.3 else ''}"] = None  # fmt: skip
    teams = _fill(stack, list(questions))
    asked = [filled_alike(dice.choice(TEMPLATES), dice)[-1] for _ in range(LOOKS)]
    rows = [asyncio.run(_look(stack, teams, asked, name="guards first", at_once=each)) for each in (1, 8)]
    with psycopg.connect(stack.postgres, autocommit=True) as connection:
        connection.execute("UPDATE gateway_cacheentry SET guard = '\\x00' WHERE team_id = %s", (teams[0],))
        connection.execute("VACUUM ANALYZE gateway_cacheentry")
    worst = _look(stack, teams[:1], asked[:200], name=f"all {entries // TEAMS:,} of a scope agree in all guards", at_once=1, guard=b"\0")  # fmt: skip
    return [*rows, asyncio.run(worst)]


def _scope(team: int) -> bytes:
    return blake2b(str(team).encode(), digest_size=32).digest()


def _fill(stack: Stack, questions: list[str]) -> list[int]:
    with psycopg.connect(stack.postgres, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO accounts_team (name, description, public_id, weight, created_at) SELECT 'Similar ' || n, '', gen_random_uuid(), 1, now() FROM generate_series(1, %s) n",
            (TEAMS,),
        )
        teams = [row[0] for row in connection.execute("SELECT id FROM accounts_team WHERE name LIKE 'Similar %'").fetchall()]  # fmt: skip
        connection.execute("CREATE TEMP TABLE base (guard bytea, vector halfvec, question text)")
        with connection.cursor().copy("COPY base FROM STDIN") as copy:
            for text in questions:
                question = read(text)
                vector = text_array(question.core or text)
                assert vector is not None
                copy.write_row((question.key, HalfVector(vector).to_text(), text))
        for team in teams:
            connection.execute(
                "INSERT INTO gateway_cacheentry (team_id, kind, digest, route, has_values, question, answer, cost_nanos, expires_at, "
                "ends_at, seen_xact, scope, guard, vector) SELECT %s, 'exact', sha256((%s || question)::bytea), 'bench', false, question, "
                "'x', 0, now() + interval '1 day', now() + interval '1 day', pg_current_xact_id()::text::bigint, %s, guard, vector FROM base",
                (team, str(team), _scope(team)),
            )
        connection.execute("VACUUM ANALYZE gateway_cacheentry")
    return teams


async def _look(
    stack: Stack, teams: list[int], asked: list[str], *, name: str, at_once: int, guard: bytes | None = None
) -> Row:
    pool = PostgresPool(stack.postgres, min_size=2, max_size=8, timeout=5)
    await pool.open(wait=True, seconds=10)
    store, took, found = CacheStore(pool), [], 0
    dice = random.Random(SEED)

    async def one(text: str) -> None:
        nonlocal found
        begun = time.perf_counter()
        question = read(text)
        vector = text_array(question.core or text)
        assert vector is not None
        team = dice.choice(teams)
        near = await store.near(
            NearTo(team_id=team, route="bench", prompt_id=0, scope=_scope(team), guard=guard or question.key,
                   vector=HalfVector(vector), min_similarity=0.92)
        )  # fmt: skip
        found += any(not veto(question, read(each.question)) for each in near.candidates)
        took.append(time.perf_counter() - begun)

    for text in asked[:100]:
        await one(text)  # warms up
    took.clear()
    found, cpu = 0, time.process_time()
    turns = asyncio.Semaphore(at_once)

    async def in_turn(text: str) -> None:
        async with turns:
            await one(text)

    await asyncio.gather(*(in_turn(text) for text in asked))
    cpu = time.process_time() - cpu
    await pool.close()
    return Row(
        name, at_once, median(took) * 1000, quantiles(took, n=100)[98] * 1000, cpu / len(asked) * 1000, found
    )


def show(rows: list[Row], entries: int) -> None:
    print(
        f"\n{entries:,} entries of {TEAMS} teams\n| what | at once | p50 ms | p99 ms | CPU ms | found |\n|---|---|---|---|---|---|"
    )
    for row in rows:
        print(
            f"| {row.name} | {row.at_once} | {row.p50_ms:.2f} | {row.p99_ms:.2f} | {row.cpu_ms:.3f} | {row.found} |"
        )
