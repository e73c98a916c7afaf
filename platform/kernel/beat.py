"""The clock of background work. One whose host was ahead, and is set right, goes on at once: left to itself, Celery's waits until
the times come again that it has already seen, and a restart changes nothing, as it keeps them in a file."""

import logging
import time
from typing import Any

from celery.beat import PersistentScheduler

logger = logging.getLogger(__name__)

_JUMP_SECONDS = 2.0


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Celery's, which looks at every turn whether its host's clock has been set."""

    _offset: float | None = None
    """The wall clock's distance from the monotonic one."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        offset = time.time() - time.monotonic()
        if self._offset is None or abs(offset - self._offset) > _JUMP_SECONDS:
            self._offset = offset
            self._forget_the_future()
        interval: float = super().tick(*args, **kwargs)
        return interval

    def _forget_the_future(self) -> None:
        """What is said to have been done later than now counts as done now."""
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at is not None and entry.last_run_at > now:
                logger.warning(
                    "%s was last due at %s, by a clock that was ahead", entry.name, entry.last_run_at
                )
                entry.last_run_at = now
        self._heap = None  # it has the times at which they are due
