"""What sealing a body costs, how fast bodies become searchable, and how long a search takes among very many."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from os import urandom
from uuid import uuid4

import numpy
import psycopg

from governance.records.policy import seal, unseal
from tests.bench import usage
from tests.services import Stack, temporary_folder

WORDS = 30_000
PATHS = {
    "a rare word": "barada",
    "a common word": "be",
    "two words": "be barada",
    "a phrase": '"be bi"',
    "a word that is nowhere": "xylophone",
}
_INDEX = "from governance.records.services.body_index import index_bodies; index_bodies(seconds=3600)"


@dataclass
class Sealing:
    """Microseconds to seal and to unseal so many bytes."""

    size: int
    seal: float
    unseal: float


@dataclass
class Measured:
    sealing: list[Sealing]
    bodies: int
    indexed_per_second: float
    index_bytes_per_body: float
    body_bytes: float
    views: list[usage.View]


def measure(bodies: int) -> Measured:
    """Fills a database with records and bodies, makes them searchable, and searches."""
    folder = temporary_folder()
    email, password = "bench@example.com", "a-password-of-the-bench"
    with Stack(folder) as stack:
        usage.fill(stack, bodies)
        with stack.connect() as connection:
            fill(connection, bodies)
        begun = time.perf_counter()
        stack.manage("shell", "-c", _INDEX)
        seconds = time.perf_counter() - begun
        with stack.connect() as connection:
            connection.execute("VACUUM ANALYZE governance_contentindex")
            connection.execute("VACUUM ANALYZE governance_auditcontent")
            row = connection.execute(
                "SELECT pg_total_relation_size('governance_contentindex'), "
                "(SELECT avg(length(request) + length(answer)) FROM governance_auditcontent)"
            ).fetchone()
        assert row is not None
        stack.manage("createsuperuser", "--noinput", "--email", email, DJANGO_SUPERUSER_PASSWORD=password)
        paths = {f"admin, {name}": f"/admin/governance/auditrecord/?q={text}" for name, text in PATHS.items()}
        paths |= {f"API, {name}": f"/api/v1/calls/?text={text}" for name, text in PATHS.items()}
        paths["API, a common word of one team, failed"] = "/api/v1/calls/?text=be&team=3&status=failed"
        found = usage.views(stack.gateway().url, email, password, paths)
    shutil.rmtree(folder, ignore_errors=True)
    return Measured(sealing(), bodies, bodies / seconds, row[0] / bodies, float(row[1]), found)


def fill(connection: "psycopg.Connection[tuple[object, ...]]", bodies: int) -> None:
    """A body for each record: 120 words asked, 80 answered, as often as words are in a language."""
    vocabulary = numpy.array([_word(rank) for rank in range(WORDS)])
    random = numpy.random.default_rng(7)
    calls = connection.execute(
        "SELECT call_id, team_id FROM governance_auditrecord LIMIT %s", (bodies,)
    ).fetchall()
    copy_in = "COPY governance_auditcontent (call_id, team_id, request, answer) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        for call_id, team_id in calls:
            words = vocabulary[random.zipf(1.3, 200) % WORDS]
            asked, answered = " ".join(words[:120]), " ".join(words[120:])
            request = {"messages": [{"role": "user", "content": [{"text": asked}]}]}
            copy.write_row((call_id, team_id, json.dumps(request), json.dumps([{"text": answered}])))


def sealing() -> list[Sealing]:
    """For bodies of several sizes."""
    return [_sealing(size) for size in (500, 2_000, 20_000, 200_000)]


def _sealing(size: int) -> Sealing:
    key, call_id, plain = urandom(32), uuid4(), urandom(size)
    times = max(200, 4_000_000 // size)
    begun = time.perf_counter()
    for _ in range(times):
        sealed = seal(plain, key=key, call_id=call_id, team_id=7, nonce=urandom(12))
    between = time.perf_counter()
    for _ in range(times):
        unseal(sealed, key=key, call_id=call_id, team_id=7)
    end = time.perf_counter()
    return Sealing(size, (between - begun) / times * 1e6, (end - between) / times * 1e6)


def _word(rank: int) -> str:
    return "".join(_syllables(rank)) or "ba"


def _syllables(rank: int) -> Iterator[str]:
    """The number in base 60, its digits as syllables: frequent words are short."""
    while rank:
        rank, digit = divmod(rank, 60)
        yield "bdfghklmnprs"[digit // 5] + "aeiou"[digit % 5]
