"""The pages and the management API, loaded by a thread of their own: it takes a second or two, in which calls go on."""

import asyncio
import gc
from concurrent.futures import Future
from functools import cache
from threading import Thread

from django.urls import get_resolver


@cache
def begin() -> "Future[None]":
    """Begins to load them, the first time; done when they are there."""
    loaded: Future[None] = Future()
    Thread(target=_load, args=(loaded,), name="pages", daemon=True).start()
    return loaded


async def are_loaded() -> None:
    """Returns when they are. Raises what kept them from being loaded."""
    loaded = begin()
    if not loaded.done():
        await asyncio.shield(asyncio.wrap_future(loaded))
    loaded.result()


def _load(loaded: "Future[None]") -> None:
    try:
        _ = get_resolver().url_patterns
        gc.freeze()  # they stay for good (kernel/collector.py)
    except BaseException as error:
        loaded.set_exception(error)
    else:
        loaded.set_result(None)
