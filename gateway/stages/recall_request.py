import logging
from collections.abc import Awaitable

from gateway.cache.serving import serve
from gateway.call import Call
from gateway.call.cache import CacheRun
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
    ):
        return None
    run.request_key = gateway.known_requests.key_of(call)
    digest = gateway.known_requests.recall(run.request_key, gateway.snapshot)
    return _look(call, gateway, run, digest) if digest else None


async def _look(call: Call, gateway: Gateway, run: CacheRun, digest: bytes) -> None:
    try:
        look = await gateway.cache.look(digest)
        if serve(call, run, look.found, "exact"):
            gateway.known_requests.restore(run.request_key, call)
            call.checks.adjusted = said(call)
    except Exception as error:  # it is looked up again, and whatever is wrong is told there
        logger.debug("call %s: %s", call.id, type(error).__name__)
