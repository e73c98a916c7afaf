"""A slot whose answer is stale gets a new one, after the old one was given."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from gateway.cache.serving import is_stale
from gateway.cache.store import CacheUnavailableError
from gateway.call import Call
from gateway.call.cache import CacheRun, CacheWishes
from gateway.events import Event
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from kernel.deadlines import within

logger = logging.getLogger(__name__)

_AGAIN = CacheWishes(no_cache=True)

Ask = Callable[[Call, Gateway], Coroutine[Any, Any, list[Event]]]


def refresh_slot(call: Call, gateway: Gateway, ask: Ask) -> None:
    """Makes the call of a stale answer once more, for its slot alone, where nobody here does so already."""
    run = call.cache
    if run is None or not run.is_stale or run.asked is None or gateway.flights.is_running(run.digest):
        return
    again = Call(
        request=replace(call.request, is_stream=False, cache=_AGAIN),
        conversation=run.asked,
        body_bytes=call.body_bytes,
        asked_output=call.asked_output,
        places=call.places,
    )
    task = asyncio.create_task(_refreshed(call, again, gateway, ask))
    gateway.shadows.add(task)
    task.add_done_callback(gateway.shadows.discard)


async def _is_fresh(gateway: Gateway, run: CacheRun) -> bool:
    """Whether another process has made a new answer since this one looked."""
    found = (await gateway.cache.look(run.digest)).found
    return found is not None and not is_stale(found, run.rule)


async def _refreshed(call: Call, again: Call, gateway: Gateway, ask: Ask) -> None:
    assert call.cache is not None
    digest, is_mine = call.cache.digest, False
    try:
        is_mine = await gateway.flights.enter(digest)
        if is_mine and not await _is_fresh(gateway, call.cache):
            await within(call.routed.route.timeout_seconds, ask(again, gateway))
    except (Refusal, TimeoutError, CacheUnavailableError) as error:
        logger.info("call %s: its slot has no new answer (%s)", again.id, type(error).__name__)
    except Exception:
        logger.exception("call %s: its slot has no new answer", again.id)
    finally:
        if is_mine:
            gateway.flights.leave(digest)
