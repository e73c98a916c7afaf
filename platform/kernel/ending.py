"""The end of a process: what it still waits for in threads, such as a server that hangs, keeps it no longer than it may."""

import os
import threading
from collections.abc import Callable
from time import sleep

SECONDS = 5.0


def ends_within(seconds: float = SECONDS) -> None:
    """Ends this process after so many seconds, if it hasn't ended by itself: Python waits for threads of pools without end
    (concurrent.futures.thread, `_python_exit`)."""
    threading.Thread(target=_end, args=(seconds,), name="the end", daemon=True).start()


def _end(
    seconds: float, wait: Callable[[float], None] = sleep, leave: Callable[[int], None] = os._exit
) -> None:
    wait(seconds)
    leave(0)  # by its argument: the interpreter may be taking modules apart by now
