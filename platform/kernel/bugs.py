"""Faults of Gatehouse's own: whatever is logged as an error with a traceback, and is nobody else's, is counted by where.

The counts are in Valkey, where all processes of an installation find them: a Celery worker has no `/metrics` of its own. They
are written by a thread that comes and goes, so that who logs never waits; without Valkey the log is all there is.
"""

import logging
import os
import threading
import time
from collections import Counter
from contextlib import suppress

from kernel.faults import Fault, fault_of

COUNTS, LAST = "gatehouse:bugs", "gatehouse:bugs:last"
"""Hashes in Valkey: how many, and when last in seconds since 1970, by where."""
_TRIES, _PAUSE_SECONDS = 12, 5.0
_TIMEOUT_SECONDS = 2.0


class BugHandler(logging.Handler):
    """On the root of the log. Raises nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and fault_of(error) is Fault.BUG:
            # Celery logs for its tasks, and says whose it was (celery.app.trace).
            data = getattr(record, "data", None)
            _waiting.add(data["name"] if isinstance(data, dict) and "name" in data else record.name)


class _Waiting:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._process = 0
        self._tries_left = 0

    def add(self, where: str) -> None:
        with self._lock:
            self._counts[where] += 1
            self._tries_left = _TRIES  # a writer that was about to give up goes on for this one
            is_there = self._process == os.getpid() and self._thread is not None and self._thread.is_alive()
            if not is_there:  # a process that was forked has none of its parent's threads
                self._process = os.getpid()
                self._thread = threading.Thread(target=self._write, name="bugs", daemon=True)
                with suppress(RuntimeError):  # there can be no more threads, or the process ends
                    self._thread.start()

    def _write(self) -> None:
        while True:
            with self._lock:
                if not self._counts or not self._tries_left:
                    self._thread = None  # what is left waits for the next fault
                    return
                self._tries_left -= 1
                counts, self._counts = self._counts, Counter()
            try:
                _write_down(counts)
            except Exception:  # what is said here would come back here
                with self._lock:
                    self._counts.update(counts)
                time.sleep(_PAUSE_SECONDS)


def _write_down(counts: Counter[str]) -> None:
    import redis
    from django.conf import settings

    from kernel.clock import utc_now

    client = redis.from_url(
        settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )
    with client, client.pipeline() as pipeline:
        for where, number in counts.items():
            pipeline.hincrby(COUNTS, where, number)
            pipeline.hset(LAST, where, str(int(utc_now().timestamp())))
        pipeline.execute()


_waiting = _Waiting()
