"""What is collected in memory and written now and then, off the path of a call."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, ClassVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kernel.deadlines import within

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0
_DEADLINE_SECONDS = 30.0


class Writer:
    """Writes every few seconds, and once more when it is stopped. What can't be written is told in the log."""

    what: ClassVar[str]

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._write_forever())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        with suppress(psycopg.Error, PoolTimeout, TimeoutError):
            await within(_DEADLINE_SECONDS, self._write())

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await within(_DEADLINE_SECONDS, self._write())
            except (psycopg.Error, PoolTimeout, TimeoutError) as error:
                logger.warning("%s not written (%s)", self.what, type(error).__name__)
            except Exception:  # else it would end here, and nothing be written any more
                logger.exception("%s not written", self.what)

    async def _write(self) -> None:
        raise NotImplementedError
