"""Versions of prompts that no label leads to, read when a call names one."""

import asyncio
from typing import Any

from gateway.snapshot.build_prompts import version_entry
from gateway.snapshot.prompts import VersionEntry
from kernel.deadlines import within
from kernel.postgres_pool import PostgresPool

_SELECT = "SELECT id, number, state, document FROM prompts_promptversion WHERE prompt_id = %s AND number = %s"

_MAX_SECONDS = 5.0


class PromptVersions:
    """Reads one version at a time; what was compiled once stays compiled."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def get(self, prompt_id: int, number: int, *, any_state: bool) -> VersionEntry | None:
        """The version as it is now: a draft may have changed since the last call. Without `any_state` only an approved one.

        Compiling takes up to a second for the largest; it is done beside the event loop.
        """
        row = await within(_MAX_SECONDS, self._row(prompt_id, number))
        if row is None:
            return None
        pk, number, state, document = row
        if not any_state and state != "approved":
            return VersionEntry(id=pk, number=number, is_approved=False, compiled=None)
        return await asyncio.to_thread(version_entry, pk, number, state, document)

    async def _row(self, prompt_id: int, number: int) -> tuple[Any, ...] | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SELECT, (prompt_id, number))
            row: tuple[Any, ...] | None = await cursor.fetchone()
            return row
