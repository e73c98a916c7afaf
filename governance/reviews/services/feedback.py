"""Feedback: written by the gateway on its own pool; the bodies of what was not helpful are marked to stay afterwards."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from governance.records.selectors.bodies import BodiesUnreachableError
from governance.records.services import bodies
from governance.reviews.models import NEGATIVE, Feedback
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresAwayError, PostgresPool

logger = logging.getLogger(__name__)

_AT_A_TIME = 1000
# One statement: whether the call is the team's is decided where it is written. Without a name of the end user it is the
# call's own.
_WRITE = """
INSERT INTO governance_feedback (call_id, team_id, end_user, helpful, score, comment, created_at, updated_at)
SELECT call_id, team_id, coalesce(nullif(%(end_user)s, ''), end_user), %(helpful)s, %(score)s, %(comment)s, now(), now()
FROM governance_auditrecord WHERE call_id = %(call_id)s AND team_id = %(team_id)s
ON CONFLICT (call_id, end_user) DO UPDATE SET helpful = excluded.helpful, score = excluded.score,
    comment = excluded.comment, updated_at = excluded.updated_at, body_kept_at = NULL
RETURNING id, call_id, end_user, helpful, score, comment
"""


class FeedbackUnavailableError(UnavailableError):
    """Postgres does not take it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What somebody says of a call. `comment` is redacted already; `helpful`, `score` or both are set."""

    call_id: UUID
    helpful: bool | None
    score: float | None
    comment: str
    end_user: str


_MAX_SECONDS = 5.0


class FeedbackStore:
    """For the event loop: no ORM, no thread."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def put(self, given: Given, *, team_id: int) -> dict[str, Any] | None:
        """The feedback as stored, durable; None where the team has no such call. Raises FeedbackUnavailableError."""
        values = {
            "call_id": given.call_id, "team_id": team_id, "end_user": given.end_user, "helpful": given.helpful,
            "score": given.score, "comment": given.comment,
        }  # fmt: skip
        try:
            return await within(_MAX_SECONDS, self._written(values))
        except (PostgresAwayError, TimeoutError) as error:
            raise FeedbackUnavailableError(type(error).__name__) from error

    async def _written(self, values: dict[str, Any]) -> dict[str, Any] | None:
        async with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_WRITE, values)
            found: dict[str, Any] | None = await cursor.fetchone()
            return found


def keep_marked_bodies(*, now: datetime) -> int:
    """Marks the bodies of calls with negative feedback to stay; of how many. What can't be reached is tried again."""
    rows = Feedback.objects.filter(NEGATIVE, body_kept_at__isnull=True).order_by("pk")
    kept = 0
    for pk, call_id in list(rows.values_list("pk", "call_id")[:_AT_A_TIME]):
        try:
            bodies.keep(call_id)
        except BodiesUnreachableError:
            logger.warning("the bodies of calls with feedback could not be marked to stay: they will be")
            break
        kept += Feedback.objects.filter(pk=pk).update(body_kept_at=now)
    return kept
