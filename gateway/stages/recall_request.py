import logging
from collections.abc import Awaitable

from gateway.cache.known_requests import KnownRequest
from gateway.cache.serving import refuse_if_wanted_cached, serve
from gateway.cache.store import CacheUnavailableError
from gateway.call import Call
from gateway.call.cache import MISS, CacheRun
from gateway.routing.fitting import said
from gateway.runtime import Gateway

logger = logging.getLogger(__name__)


def recall_request(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Finds the answer to a request that was answered from the cache before: what it comes to need not be found out again."""
    run = call.cache
    if (
        run is None
        or run.rule is None
        or run.outcome
        or run.digest
        or not run.rule.exact
        or run.wishes.no_cache
        or call.checks.loop
    ):
        return None
    run.request_key, run.snapshot = gateway.known_requests.key_of(call), gateway.snapshot
    known = gateway.known_requests.recall(run.request_key, run.snapshot)
    return None if known is None else _look(call, gateway, run, known)


async def _look(call: Call, gateway: Gateway, run: CacheRun, known: KnownRequest) -> None:
    try:
        look = await gateway.cache.look(known.digest)
    except CacheUnavailableError:
        run.outcome, run.reason = MISS, "unavailable"  # one wait for the database is enough
        refuse_if_wanted_cached(run)
        return
    except Exception as error:  # it is looked up again, and whatever is wrong is told there
        logger.debug("call %s: %s", call.id, type(error).__name__)
        return
    if serve(call, run, look.found, "exact"):
        known.restore(call)
        call.checks.adjusted = said(call)
