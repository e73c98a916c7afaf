"""Raw text that policies want kept and that is not: counted, and told to administrators where it goes on for a minute."""

import asyncio
import logging
from collections.abc import Callable

from django.db import DatabaseError, connection

from governance.alerts.services.alerts import alert_on_raw_text
from kernel.clock import perf_counter, utc_now

logger = logging.getLogger(__name__)

_LASTS_SECONDS = 60.0
"""Less is a hiccup of whoever keeps the keys."""
_PAUSE_SECONDS = 3600.0
"""A process tells once in this time; among all, the alerts see to it that it is told once."""


class RawTextWatch:
    """One for each process; used for calls whose raw text is to be kept, no others."""

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self._since: float | None = None
        self._told_at = -_PAUSE_SECONDS
        self._tasks: set[asyncio.Task[None]] = set()

    def kept(self) -> None:
        """A call's raw text is stored."""
        self._since = None

    def not_kept(self, reason: str) -> None:
        """A call's is not; after a minute of those alone it sets off an alert."""
        self._count(reason)
        now = perf_counter()
        if self._since is None:
            self._since = now
        if now - self._since < _LASTS_SECONDS or now - self._told_at < _PAUSE_SECONDS:
            return
        self._told_at = now
        task = asyncio.create_task(asyncio.to_thread(_alert, reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Lets what is being told be told."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=5)


def _alert(reason: str) -> None:
    try:
        alert_on_raw_text(reason=reason, now=utc_now())
    except DatabaseError as error:
        logger.error("administrators are not told of raw text that is not kept (%s)", type(error).__name__)
    finally:
        connection.close()  # the thread is not a request's: nothing else would return it
