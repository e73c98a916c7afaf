"""Celery by Postgres' clock: a host whose clock is wrong, or jumps, neither stops the schedule nor lets its tasks expire unseen.

Celery's own beat keeps when each entry ran last, in a file, too: once set ahead, it sends nothing until that time has come. And
a worker whose clock is a minute ahead of beat's takes what was just sent for expired. (celery.beat, celery.worker.request)
"""

import logging
import threading
from datetime import datetime, timedelta
from typing import Any

from celery.beat import PersistentScheduler
from celery.worker import request
from django.db import connection

from kernel.clock import host_now, utc_now
from kernel.postgres_clock import KNOWN_SECONDS, follow_postgres
from kernel.upkeep import keep_thread

logger = logging.getLogger(__name__)

_BACK = timedelta(seconds=2)
"""An entry that ran so long after now was noted by another clock."""


class Request(request.Request):  # type: ignore[misc]
    """A task that a worker has been sent."""

    @property
    def eta(self) -> datetime | None:
        """Until when it waits, by this host's clock, which the worker's timers go by."""
        eta: datetime | None = super().eta
        return eta and eta + (host_now() - utc_now())

    def maybe_expire(self) -> bool:
        """Whether it is too late for it; it is not done then."""
        if self.expires is None or utc_now() <= self.expires:
            return False
        request.revoked_tasks.add(self.id)
        return True


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Beat's schedule."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Sends what is due; seconds until it is to be asked again."""
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > now + _BACK]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            logger.warning(
                "%d entries of the schedule had run in the future: a clock was set back", len(ahead)
            )
            self._heap = None  # in the order of the wrong times
        seconds: float = super().tick(*args, **kwargs)
        return seconds


def keep_following(**_: Any) -> None:
    """Asks Postgres for the time, now and then, from a thread of its own: whoever waits for it has other things to do."""
    keep_thread("postgres-clock", _follow_for_ever, retry=KNOWN_SECONDS / 2)


def _follow_for_ever() -> None:
    pause = threading.Event()
    while True:
        try:
            follow_postgres()
        finally:
            connection.close()
        pause.wait(KNOWN_SECONDS / 2)
