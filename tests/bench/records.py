"""How long lists, filters, searches and pages of calls take among very many of them over many months, and dropping a month."""

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import psycopg

from tests.bench import usage
from tests.services import Stack, temporary_folder

DAYS = 400
TEAMS, KEYS = 200, 800
CONTENT_EVERY = 20
"""One call in so many has a content."""
TIMES = 20
_CONTENTS = """
INSERT INTO governance_auditcontent (call_id, team_id, request, answer, xact_id)
SELECT call_id, team_id, '{"messages":[{"role":"user","content":[{"text":"' || words.asked || '"}]}]}',
       '[{"text":"' || words.answered || '"}]', pg_current_xact_id()::text::bigint
FROM governance_auditrecord record, LATERAL (
    SELECT string_agg(word, ' ') FILTER (WHERE n <= 40) AS asked, string_agg(word, ' ') FILTER (WHERE n > 40) AS answered
    FROM (SELECT n, 'w' || floor(30000 ^ random())::int AS word FROM generate_series(1, 60) AS n
          WHERE record.call_id IS NOT NULL) AS drawn) AS words
WHERE call_id >= gatehouse_first_id(%(since)s) AND call_id < gatehouse_first_id(%(until)s)
  AND ('x' || right(call_id::text, 6))::bit(24)::int %% %(every)s = 0"""
_WORDS = """
INSERT INTO governance_contentindex (call_id, team_id, words)
SELECT call_id, team_id, to_tsvector('simple', regexp_replace(request || ' ' || answer, '[^w0-9]+', ' ', 'g'))
FROM governance_auditcontent WHERE call_id >= gatehouse_first_id(%(since)s) AND call_id < gatehouse_first_id(%(until)s)"""
_UP_TO_DATE = """
INSERT INTO governance_rollupstate (id, watermark, time_zone)
    VALUES (1, pg_snapshot_xmax(pg_current_snapshot())::text::bigint, 'UTC')
    ON CONFLICT (id) DO UPDATE SET watermark = excluded.watermark;
INSERT INTO governance_contentindexstate (id, watermark) VALUES (1, pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
    ON CONFLICT (id) DO UPDATE SET watermark = excluded.watermark"""
_ADMIN, _API = "/admin/governance/auditrecord/", "/api/v1/calls/"
_MODEL = "vendor.model-3"


@dataclass
class Page:
    """Milliseconds that a page took."""

    name: str
    p50: float
    p95: float


@dataclass
class Filled:
    """What is there, and how long it took to make it and to sum 20,000 more up."""

    records: int
    contents: int
    size: str
    seconds: float
    roll_up_seconds: float


@dataclass
class Dropped:
    said: str
    command_seconds: float
    postgres_seconds: float
    """Of one partition of records."""


def run(records: int) -> None:
    """Fills a database, asks for each page, and drops its first month."""
    folder = temporary_folder()
    with Stack(folder) as stack:
        show_filled(fill(stack, records))
        show_pages(pages(stack))
        show_dropped(drop(stack))
    shutil.rmtree(folder, ignore_errors=True)


def fill(stack: Stack, records: int) -> Filled:
    begun = time.perf_counter()
    spread = {"days": DAYS, "teams": TEAMS, "keys": KEYS}
    usage.fill(stack, records, **spread)
    with stack.connect() as connection:
        contents = _fill_contents(connection)
        connection.execute(_UP_TO_DATE)
        seconds = time.perf_counter() - begun
        total = records + 20_000
        connection.execute(usage.CALLS, usage.of(records + 1, total, total=total, **spread))
        begun = time.perf_counter()
        connection.execute("SELECT gatehouse_roll_up('UTC', 1000, 10000)")
        rolled_up = time.perf_counter() - begun
        (size,) = _row(connection, "SELECT pg_size_pretty(pg_database_size(current_database()))")
    return Filled(records, contents, str(size), seconds, rolled_up)


def pages(stack: Stack) -> list[Page]:
    """Each page, so many times."""
    email, password = f"bench-{time.monotonic_ns()}@example.com", "a-password-of-the-bench"
    stack.manage("createsuperuser", "--noinput", "--email", email, DJANGO_SUPERUSER_PASSWORD=password)
    with stack.connect() as connection:
        paths = _paths(connection)
    with usage.signed_in(stack.gateway().url, email, password) as client:
        found = [_page(name, lambda path=path: client.get(path)) for name, path in paths.items()]
        return found + [_walk(client, name, path) for name, path in (("admin", _ADMIN), ("API", _API))]


def _fill_contents(connection: "psycopg.Connection[tuple[object, ...]]") -> int:
    now = datetime.now(UTC)
    for day in range(0, DAYS + 1, 20):
        span = {"since": now - timedelta(days=DAYS - day), "until": now - timedelta(days=DAYS - day - 20)}
        connection.execute(_CONTENTS, {**span, "every": CONTENT_EVERY})
        connection.execute(_WORDS, span)
    for table in usage.PARTITIONED:
        connection.execute(f"VACUUM ANALYZE {table}")
    (number,) = _row(connection, "SELECT count(*) FROM governance_contentindex")
    return int(str(number))


def _paths(connection: "psycopg.Connection[tuple[object, ...]]") -> dict[str, str]:
    query = (
        "SELECT call_id, call_id FROM governance_auditcontent WHERE call_id >= gatehouse_first_id(%s) LIMIT 1"
    )
    old, _ = _row(connection, query, datetime.now(UTC) - timedelta(days=200))
    days = [f"{datetime.now(UTC) - timedelta(days=age):%Y-%m-%d}" for age in (190, 160)]
    between = f"from={days[0]}T00:00:00Z&to={days[1]}T00:00:00Z"
    admin_between = f"started_at_from={days[0]}&started_at_to={days[1]}"
    return {
        "admin, all": _ADMIN,
        "admin, one team": f"{_ADMIN}?team=7",
        "admin, one application": f"{_ADMIN}?application=42",
        "admin, one model": f"{_ADMIN}?model={_MODEL}",
        "admin, failed": f"{_ADMIN}?status=failed",
        "admin, all but succeeded, of a team": f"{_ADMIN}?status=not_succeeded&team=7",
        "admin, expired (there are none)": f"{_ADMIN}?status=expired",
        "admin, 30 days half a year ago": f"{_ADMIN}?{admin_between}",
        "admin, the same of a team and a model": f"{_ADMIN}?{admin_between}&team=7&model={_MODEL}",
        "admin, flagged and not reviewed": f"{_ADMIN}?review=waiting",
        "admin, from the middle on": f"{_ADMIN}?before={old}",
        "admin, by an id": f"{_ADMIN}?q={old}",
        "admin, by the beginning of an id": f"{_ADMIN}?q={str(old)[:13]}",
        "admin, a rare word": f"{_ADMIN}?q=w29997",
        "admin, a common word": f"{_ADMIN}?q=w1",
        "admin, two words": f"{_ADMIN}?q=w7+w301",
        "admin, a word of a team": f"{_ADMIN}?q=w12&team=7",
        "admin, a word that is nowhere": f"{_ADMIN}?q=xylophone",
        "admin, a call": f"{_ADMIN}{old}/change/",
        "admin, home": "/admin/",
        "API, all": _API,
        "API, one team": f"{_API}?team=7",
        "API, 30 days half a year ago": f"{_API}?{between}",
        "API, the same of a team, failed": f"{_API}?{between}&team=7&status=failed",
        "API, a rare word": f"{_API}?text=w29997",
        "API, a common word": f"{_API}?text=w1",
        "API, a common word half a year ago": f"{_API}?text=w1&{between}",
        "API, a call": f"{_API}{old}/",
    }


def _page(name: str, ask: Callable[[], httpx.Response]) -> Page:
    ask().raise_for_status()
    times = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        ask().raise_for_status()
        times.append((time.perf_counter() - begun) * 1000)
    return Page(name, *_quantiles(times))


def _walk(client: httpx.Client, name: str, path: str) -> Page:
    """Page by page, each found by the last row of the one before."""
    times = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - begun) * 1000)
        answer.raise_for_status()
        if name == "API":
            path = answer.json()["next"]
        else:
            found = re.search(r'rel="next" href="([^"]+)"', answer.text)
            assert found
            path = _ADMIN + found[1].replace("&amp;", "&")
    return Page(f"{name}, page by page", *_quantiles(times))


def _quantiles(times: list[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95) - 1]


def drop(stack: Stack) -> Dropped:
    """The first month that has calls, by the command; and one more partition, in Postgres alone."""
    first = (datetime.now(UTC) - timedelta(days=DAYS)).replace(day=1)
    second = (first + timedelta(days=32)).replace(day=1)
    begun = time.perf_counter()
    said = stack.manage("drop_months", "--before", f"{second:%Y-%m}", "--no-input")
    command = time.perf_counter() - begun
    with stack.connect() as connection:
        begun = time.perf_counter()
        connection.execute(f"DROP TABLE governance_auditrecord_{second:%Y_%m}")
        seconds = time.perf_counter() - begun
    return Dropped(said.splitlines()[-1], command, seconds)


def _row(
    connection: "psycopg.Connection[tuple[object, ...]]", query: str, *values: object
) -> tuple[object, ...]:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return row


def show_filled(found: Filled) -> None:
    print(
        f"\n{found.records:,} records over {DAYS} days and {TEAMS} teams, {found.contents:,} with their words; {found.size}"
    )
    print(f"filled in {found.seconds:.0f} s; taking in 20,000 more: {found.roll_up_seconds:.2f} s")


def show_pages(found: list[Page]) -> None:
    print("\n| page | p50 ms | p95 ms |\n|---|---|---|")
    for page in found:
        print(f"| {page.name} | {page.p50:.0f} | {page.p95:.0f} |")


def show_dropped(found: Dropped) -> None:
    print(
        f"\ndrop_months: {found.said} {found.command_seconds:.1f} s, of which the start of Python is a part"
    )
    print(f"the next month's partition of records, in Postgres: {found.postgres_seconds:.2f} s")
