"""How often rules met requests: counted in memory, written now and then, off the path of a call."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0
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


class RuleUse:
    """Counts until they are written."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._counts: Counter[Use] = Counter()
        self._task: asyncio.Task[None] | None = None

    def note(self, uses: Iterable[Use]) -> None:
        self._counts.update(uses)

    def start(self) -> None:
        self._task = asyncio.create_task(self._write_forever())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        with suppress(psycopg.Error, PoolTimeout):
            await self._write()

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self._write()
            except (psycopg.Error, PoolTimeout) as error:
                logger.warning("uses of rules were not written (%s)", type(error).__name__)

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
