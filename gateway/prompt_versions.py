"""Versions of prompts that no label leads to, read when a call names one."""

from typing import Any

from psycopg_pool import AsyncConnectionPool

from gateway.snapshot.build_prompts import entry_of
from gateway.snapshot.prompts import VersionEntry

_SELECT = "SELECT id, number, state, document FROM prompts_promptversion WHERE prompt_id = %s AND number = %s"


class PromptVersions:
    """Reads one version at a time; what was compiled once stays compiled."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def get(self, prompt_id: int, number: int) -> VersionEntry | None:
        """The version as it is now: a draft may have changed since the last call."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_SELECT, (prompt_id, number))).fetchone()
        return None if row is None else entry_of(*row)
