"""Very many calls at once, in one statement of Postgres's own."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from governance.records.services.partitions import make_partitions
from kernel.errors import ConflictError

_SEED = """
WITH sources AS MATERIALIZED (
    SELECT array_agg(call_id) AS ids FROM (
        SELECT call_id FROM governance_auditrecord WHERE is_demo ORDER BY call_id DESC LIMIT 3000) AS newest
), moments AS (
    SELECT n, %(since)s::timestamptz + (n + random()) / %(count)s * make_interval(days => %(days)s) AS moment,
           1 + floor(random() * array_length(sources.ids, 1))::int AS pick
    FROM generate_series(0, %(count)s - 1) AS n, sources
)
INSERT INTO governance_auditrecord
SELECT filled.* FROM moments, sources, governance_auditrecord old,
LATERAL jsonb_populate_record(old, jsonb_build_object(
    'call_id', (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0')
                || '7' || substr(md5(random()::text || n), 1, 3)
                || '8' || substr(md5(n || random()::text), 1, 15))::uuid,
    'started_at', moment, 'request_id', 'seed-' || n, 'xact_id', pg_current_xact_id()::text::bigint)) AS filled
WHERE old.call_id = sources.ids[pick]
"""


def seed_calls(*, count: int, days: int, now: datetime) -> None:
    """Repeats the demonstration's calls over the last days, uncharged. ValueError when there are none to repeat."""
    since = now - timedelta(days=days)
    make_partitions(since=since, until=now)  # before the transaction, which would hold their locks
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM governance_auditrecord WHERE is_demo)")
        if not cursor.fetchone()[0]:
            raise ConflictError("There are no calls to repeat: run load_demo first.")
        cursor.execute(_SEED, {"since": since, "days": days, "count": count})
        cursor.execute("ANALYZE governance_auditrecord")
