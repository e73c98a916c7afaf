"""What is left of budgets, for the holder of a key: read by the gateway on its own pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg.rows import dict_row

from governance.limits.policy.windows import Window
from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresAwayError, PostgresPool

_READ = """
SELECT x.number, budget.limit_nanos, gatehouse_limit(budget.id, x.subject) AS most, budget.is_hard,
       coalesce(win.spent_nanos, 0) AS spent, coalesce(win.reserved_nanos, 0) AS reserved
FROM jsonb_to_recordset(%s) AS x(number int, budget_id bigint, subject text, starts_at timestamptz)
JOIN governance_budget budget ON budget.id = x.budget_id
LEFT JOIN governance_budgetwindow win
    ON win.budget_id = x.budget_id AND win.subject = x.subject AND win.starts_at = x.starts_at
"""


class BudgetsUnavailableError(UnavailableError):
    """Postgres does not answer now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLeft:
    """Nano-dollars of one window. `limit` is with what has been granted for a time."""

    limit: int
    spent: int
    reserved: int
    is_hard: bool

    @property
    def left(self) -> int:
        return max(0, self.limit - self.spent - self.reserved)


_MAX_SECONDS = 5.0


class OwnBudgets:
    """For the event loop: no ORM, no thread."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def read(self, windows: Sequence[Window]) -> dict[Window, BudgetLeft]:
        """What is left in each window; those of budgets that are gone are left out. Raises BudgetsUnavailableError."""
        if not windows:
            return {}
        asked = [
            {"number": n, "budget_id": each.budget_id, "subject": each.subject, "starts_at": each.starts_at}
            for n, each in enumerate(windows)
        ]
        try:
            rows = await within(_MAX_SECONDS, self._rows(orjson.dumps(asked).decode()))
        except (PostgresAwayError, TimeoutError) as error:
            raise BudgetsUnavailableError(type(error).__name__) from error
        return {
            windows[row["number"]]: BudgetLeft(
                limit=row["limit_nanos"] if row["most"] is None else row["most"],
                spent=row["spent"],
                reserved=row["reserved"],
                is_hard=row["is_hard"],
            )
            for row in rows
        }

    async def _rows(self, asked: str) -> list[dict[str, Any]]:
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            await cursor.execute(_READ, (asked,))
            rows: list[dict[str, Any]] = await cursor.fetchall()
            return rows
