"""The end of a process: what it still waits for in threads, such as a server that hangs, keeps it no longer than it may."""

import logging
import os
import threading
from time import sleep

logger = logging.getLogger(__name__)

SECONDS = 5.0


def ends_within(seconds: float = SECONDS) -> None:
    """Ends this process after so many seconds, if it hasn't ended by itself: Python waits for threads of pools without end
    (concurrent.futures.thread, `_python_exit`)."""
    threading.Thread(target=_end, args=(seconds,), name="the end", daemon=True).start()


def _end(seconds: float) -> None:
    sleep(seconds)
    waits = [thread.name for thread in threading.enumerate() if not thread.daemon and thread.is_alive()]
    logger.warning("ended without waiting any longer for %s", ", ".join(waits))
    os._exit(0)
