"""The index of words, brought up to date after calls have ended: on their way it would cost more than all else there.

Progress is told by transactions, as for usage: bodies commit long after they begin, so no time or id tells.
"""

from collections.abc import Iterable
from itertools import islice
from uuid import UUID

from django.db import connections, transaction

from governance.records.models import AuditContent, ContentIndex, ContentIndexState
from governance.records.policy import words_of
from governance.records.selectors.bodies import body_databases
from kernel.clock import perf_counter

_AT_A_TIME, _CHUNK = 2000, 500
_INSERT = """
    INSERT INTO governance_contentindex (call_id, team_id, words)
    SELECT content.call_id, content.team_id, to_tsvector('simple', x.text) || to_tsvector('english', x.text)
    FROM unnest(%s::uuid[], %s::text[]) AS x(call_id, text)
    JOIN governance_auditcontent content USING (call_id)
    FOR KEY SHARE OF content
    ON CONFLICT DO NOTHING
"""


def index_new_bodies(*, seconds: float) -> int:
    """Takes in what has been written since, for so long; of how many calls."""
    begun, taken = perf_counter(), 0
    for alias in body_databases():
        has_more = True
        while has_more and perf_counter() - begun < seconds:
            number, has_more = _take_some(alias)
            taken += number
    return taken


def _take_some(alias: str) -> tuple[int, bool]:
    """The next few transactions; whether there may be more."""
    with transaction.atomic(using=alias):
        state, _ = ContentIndexState.objects.using(alias).get_or_create(pk=1)
        state = ContentIndexState.objects.using(alias).select_for_update().get(pk=1)
        oldest_open, next_one = _transactions(alias)
        if state.watermark > next_one:  # a dump was restored, whose transactions' numbers mean nothing here
            number = _insert(alias, _without_words(alias))
            low = oldest_open
            has_more = False
        else:
            bodies = AuditContent.objects.using(alias).filter(
                xact_id__gte=state.watermark, xact_id__lt=oldest_open
            )
            numbers = bodies.order_by("xact_id").values_list("xact_id", flat=True)
            bound = next(iter(numbers[_AT_A_TIME : _AT_A_TIME + 1]), None)
            has_more = bound is not None
            # A transaction is taken whole, however much it wrote.
            low = oldest_open if bound is None else max(bound, state.watermark + 1)
            number = _insert(
                alias, bodies.filter(xact_id__lt=low).values_list("pk", "request", "answer").iterator(_CHUNK)
            )
        ContentIndexState.objects.using(alias).filter(pk=1).update(watermark=low)
    return number, has_more


def _transactions(alias: str) -> tuple[int, int]:
    """All before the first have ended; the second has not begun."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s"
        )
        oldest_open, next_one = cursor.fetchone()
        return oldest_open, next_one


def _without_words(alias: str) -> Iterable[tuple[UUID, str, str]]:
    known = ContentIndex.objects.using(alias).values("pk")
    bodies = AuditContent.objects.using(alias).exclude(pk__in=known)
    return bodies.values_list("pk", "request", "answer").iterator(_CHUNK)


def _insert(alias: str, rows: Iterable[tuple[UUID, str, str]]) -> int:
    number, remaining = 0, iter(rows)
    with connections[alias].cursor() as cursor:
        while some := list(islice(remaining, _CHUNK)):
            ids, texts = [row[0] for row in some], [words_of(row[1], row[2]) for row in some]
            cursor.execute(_INSERT, [ids, texts])
            number += len(ids)
    return number
