"""How often rules met requests."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gateway.records.writer import Writer

# In one order, so that gateways do not lock each other out; a deployment may have been deleted meanwhile.
_ADD = """
    INSERT INTO gateway_ruleuse (deployment_id, rule, action, day, number)
    SELECT x.deployment_id, x.rule, x.action, (statement_timestamp() AT TIME ZONE 'UTC')::date, x.number
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) AS x(deployment_id, rule, action, number)
    JOIN gateway_deployment ON gateway_deployment.id = x.deployment_id
    ORDER BY x.deployment_id, x.rule, x.action
    ON CONFLICT (deployment_id, rule, action, day) DO UPDATE SET number = gateway_ruleuse.number + excluded.number"""

Use = tuple[int, str, str]
"""Deployment, rule, action."""


class RuleUse(Writer):
    """Counts until they are written."""

    what: ClassVar[str] = "uses of rules were"

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        super().__init__(pool)
        self._counts: Counter[Use] = Counter()

    def note(self, uses: Iterable[Use]) -> None:
        self._counts.update(uses)

    async def _write(self) -> None:
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        rows = [(*use, number) for use, number in counts.items()]
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_ADD, tuple(list(column) for column in zip(*rows, strict=True)))
        except (psycopg.Error, PoolTimeout):
            self._counts.update(counts)  # for the next time
            raise
