"""Calls beside a test: only the main thread may start processes that die with it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def in_thread(run: Callable[[threading.Event], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Runs it in an event loop of a thread of its own, until the block ends: then the event is set, and it is waited for."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        finished = thread.submit(asyncio.run, run(stop))
        try:
            yield
        finally:
            stop.set()
            finished.result()
