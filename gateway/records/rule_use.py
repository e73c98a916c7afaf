"""How often rules met requests."""

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from gateway.records.writer import Writer
from kernel.postgres_pool import PostgresPool

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

    what: ClassVar[str] = "uses of rules"

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self._counts: Counter[Use] = Counter()

    def note(self, uses: Iterable[Use]) -> None:
        self._counts.update(uses)

    def _take(self) -> Counter[Use]:
        counts, self._counts = self._counts, Counter()
        return counts

    def _give_back(self, taken: Counter[Use]) -> None:
        self._counts.update(taken)

    async def _write(self, taken: Counter[Use]) -> None:
        rows = [(*use, number) for use, number in taken.items()]
        async with self._pool.connection() as connection:
            await connection.execute(_ADD, tuple(list(column) for column in zip(*rows, strict=True)))
