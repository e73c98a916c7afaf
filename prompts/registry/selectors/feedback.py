"""What end users say of a prompt's versions."""

from datetime import datetime, timedelta

from django.db import connection

from governance.records.selectors.calls import first_id_at

_DAYS = 30
_HELPFUL = """
SELECT record.prompt_version, count(*) FILTER (WHERE feedback.helpful), count(*)
FROM governance_feedback feedback JOIN governance_auditrecord record ON record.call_id = feedback.call_id
WHERE feedback.helpful IS NOT NULL AND record.prompt_id = %(prompt)s AND record.prompt_version IS NOT NULL
    AND feedback.call_id >= %(first)s AND record.call_id >= %(first)s
GROUP BY record.prompt_version
"""


def helpful_by_version(prompt_id: int, *, now: datetime) -> dict[int, tuple[int, int]]:
    """By the version's number, how many said that an answer of the last thirty days was helpful, of how many."""
    with connection.cursor() as cursor:
        cursor.execute(_HELPFUL, {"prompt": prompt_id, "first": first_id_at(now - timedelta(days=_DAYS))})
        return {version: (helpful, said) for version, helpful, said in cursor.fetchall()}
