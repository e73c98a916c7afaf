"""How long views of usage take over millions of calls, and how fast the sums are made."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from tests.services import Stack, temporary_folder

DAYS = 90
CALLS = """
INSERT INTO governance_auditrecord (
    call_id, started_at, team_id, application_id, api_key_id, feature, end_user, wire_format, is_stream, status,
    http_status, code, message, requested_model, route, model, region, invoke_id, upstream_request_id, attempts,
    stop_reason, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, counted_input_tokens,
    reserved_nanos, cost_nanos, is_estimated, duration_ms, first_token_ms, stages, findings, request_id, client_ip,
    is_demo, tier, price_id, cache_write_1h_tokens, images, max_tokens, prompt_digest, prefix_digest, prefix_tokens,
    body, xact_id, checks, is_flagged, prompt_name, prompt_label, prompt_run)
SELECT
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
     || '8' || substr(md5(n::text), 4, 15))::uuid,
    at, 1 + key %% %(teams)s, 1 + key, 1 + key, 'feature-' || (key %% 10) * 3 + n %% 3, 'user-' || (n * 7919) %% 5000, 'openai',
    n %% 2 = 0, CASE WHEN n %% 50 = 0 THEN 'failed' WHEN n %% 33 = 0 THEN 'cancelled' WHEN n %% 41 = 0 THEN 'refused'
    ELSE 'succeeded' END, 200, '', '', 'route-' || route, 'route-' || route, 'vendor.model-' || route,
    CASE n %% 3 WHEN 0 THEN 'us-east-1' ELSE 'eu-central-1' END, '', '', 1, 'end_turn', 500 + n %% 3000, n %% 900, 0, 0,
    600, 20000000, CASE WHEN n %% 41 = 0 THEN 0 ELSE (500 + n %% 3000) * 300 + n %% 900 * 1500 END, false,
    300 + n %% 4000, NULL, '[]', '{}', '', NULL, true, '', NULL, 0, 0, 1024, md5((n %% 90000)::text), md5(key::text),
    400, 'redacted', pg_current_xact_id()::text::bigint, '{}', n %% 500 = 0, '', '', '{}'
FROM (
    SELECT n, (n * 31) %% %(keys)s AS key, ((n * 31) %% %(keys)s + n %% 2 * 3) %% 10 AS route,
           now() - (%(of)s - n) * (interval '1 day' * %(days)s / %(of)s) AS at
    FROM generate_series(%(from)s::bigint, %(to)s::bigint) AS n) AS numbered"""
_CHUNK = 250_000
PARTITIONED = (
    "governance_auditrecord", "governance_auditcontent", "governance_sealedcontent", "governance_contentindex",
)  # fmt: skip


@dataclass
class View:
    """The median of a page's or an answer's time, in milliseconds, and its greatest."""

    name: str
    median: float
    most: float


_ADMIN = "/admin/governance/usageday/"
_API = "/api/v1/usage/"
PATHS = {
    "overview": "/admin/",
    "usage, 30 days by team": f"{_ADMIN}?range=30d&group=team",
    "usage, 30 days by feature": f"{_ADMIN}?range=30d&group=feature",
    "usage, 30 days by model": f"{_ADMIN}?range=30d&group=route",
    "usage, 30 days by end user": f"{_ADMIN}?range=30d&group=end_user",
    "usage, 90 days by application": f"{_ADMIN}?range=90d&group=application",
    "usage, today by the hour": f"{_ADMIN}?range=today&group=team",
    "usage, one team's 30 days by API key": f"{_ADMIN}?range=30d&group=api_key&team=3",
    "API, 30 days by day and model": f"{_API}?from={{month}}&to={{now}}&interval=day&group_by=route",
    "API, 90 days by month, team and region": f"{_API}?from={{quarter}}&to={{now}}&interval=month&group_by=team,region",
    "API, tips": f"{_API}tips/",
    "calls": "/admin/governance/auditrecord/",
}


@dataclass
class Measured:
    records: int
    rebuilt: str
    roll_up_seconds: float
    views: list[View]


def measure(records: int) -> Measured:
    """Fills a database, sums it up, and asks for each view."""
    folder = temporary_folder()
    email, password = "bench@example.com", "a-password-of-the-bench"
    with Stack(folder) as stack:
        fill(stack, records)
        rebuilt = stack.manage("rebuild_rollups").strip()
        stack.manage("createsuperuser", "--noinput", "--email", email, DJANGO_SUPERUSER_PASSWORD=password)
        with stack.connect() as connection:
            connection.execute(CALLS, of(records + 1, records + 20_000, total=records + 20_000))
            begun = time.perf_counter()
            connection.execute("SELECT gatehouse_roll_up('UTC', 1000, 10000)")
            seconds = time.perf_counter() - begun
            connection.execute("ANALYZE")
        now = datetime.now(UTC)
        words = {
            name: (now - timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")
            for name, days in (("now", -1), ("month", 29), ("quarter", 89))
        }
        paths = {name: path.format(**words) for name, path in PATHS.items()}
        found = views(stack.gateway().url, email, password, paths)
    shutil.rmtree(folder, ignore_errors=True)
    return Measured(records, rebuilt, seconds, found)


def of(
    first: int, last: int, *, total: int, days: int = DAYS, teams: int = 10, keys: int = 40
) -> dict[str, int]:
    """The values of CALLS."""
    return {"from": first, "to": last, "of": total, "days": days, "teams": teams, "keys": keys}


def fill(stack: Stack, records: int, *, days: int = DAYS, teams: int = 10, keys: int = 40) -> float:
    """Makes so many records over so many days; seconds."""
    begun = time.perf_counter()
    with stack.connect() as connection:
        for table in PARTITIONED:
            connection.execute(
                "SELECT gatehouse_make_partitions(%s, now() - make_interval(days => %s), now())",
                (table, days),
            )
        connection.execute(
            "INSERT INTO accounts_team (id, name, description, public_id, weight, created_at) "
            "SELECT n, 'Team ' || n, '', gen_random_uuid(), 1, now() FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
            (teams,),
        )
        connection.execute(
            "INSERT INTO accounts_application (id, team_id, name, description, is_active, created_at) "
            "SELECT n, 1 + (n - 1) %% %s, 'Application ' || n, '', true, now() FROM generate_series(1, %s) n "
            "ON CONFLICT DO NOTHING",
            (teams, keys),
        )
        connection.execute(
            "INSERT INTO accounts_apikey (id, application_id, name, key_id, secret_hash, allowed_models, allowed_networks, created_at) "
            "SELECT n, n, 'key', 'key' || n, '', '{}', '{}', now() FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
            (keys,),
        )
        for start in range(1, records + 1, _CHUNK):
            end = min(start + _CHUNK - 1, records)
            connection.execute(CALLS, of(start, end, total=records, days=days, teams=teams, keys=keys))
        connection.execute("VACUUM ANALYZE governance_auditrecord")
    return time.perf_counter() - begun


def views(url: str, email: str, password: str, paths: dict[str, str], *, times: int = 7) -> list[View]:
    """Signs in and asks for each page so often, after once to warm up."""
    found = []
    with signed_in(url, email, password) as client:
        for name, path in paths.items():
            client.get(path).raise_for_status()
            seconds = []
            for _ in range(times):
                begun = time.perf_counter()
                client.get(path).raise_for_status()
                seconds.append((time.perf_counter() - begun) * 1000)
            found.append(View(name, sorted(seconds)[times // 2], max(seconds)))
    return found


@contextmanager
def signed_in(url: str, email: str, password: str) -> Iterator[httpx.Client]:
    """A browser in which somebody is."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as client:
        page = client.get("/admin/login/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": email, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
        client.post("/admin/login/", data=form, headers={"referer": url}).raise_for_status()
        yield client
