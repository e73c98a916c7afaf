import logging
from collections.abc import Awaitable

from gateway.cache.keys import filled, moments, slot_digest
from gateway.cache.serving import has_tools, refuse_if_wanted_cached, serve
from gateway.cache.store import CacheUnavailableError
from gateway.call import Call
from gateway.call.cache import MISS, CacheRun, CacheWishes
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from kernel.clock import perf_counter
from prompts.registry.policy.template_meter import RenderError

logger = logging.getLogger(__name__)

_NOTHING = CacheWishes()


def look_up_slot(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Finds the cache rule of a call, and where its prompt or the caller names a slot, the answer in it: before anything is
    fetched, searched, screened or counted for the call.

    Refusals: invalid_request for a key that can't be made; not_cached where the caller wants nothing else.
    """
    wishes = call.request.cache
    rule = gateway.snapshot.cache_rules.rule_of(
        team_id=call.key.team.id,
        route=call.routed.route.name,
        prompt_id=call.prompt.prompt.id if call.has_prompt else 0,
    )
    if rule is None and wishes is None and not call.request.cache_key:
        return None
    run = call.cache = CacheRun(rule=rule, wishes=wishes or _NOTHING)
    if reason := _stands_against(call, gateway, run):
        run.bypass(reason)
        refuse_if_wanted_cached(run)
        return None
    assert rule is not None
    key = _slot_key(call) if rule.slots and call.request.kind == "text" else ""
    if not key:
        return None
    if not rule.with_tools and has_tools(call.conversation):
        run.bypass("tools")
        refuse_if_wanted_cached(run)
        return None
    run.digest, run.digest_kind = slot_digest(call, key), "slot"
    return _look(call, gateway, run)


def _stands_against(call: Call, gateway: Gateway, run: CacheRun) -> str:
    """Why the cache is not for this call; "" where it is."""
    request = call.request
    if run.rule is None:
        return "off"
    if run.wishes.no_store:
        return "no-store"
    if request.kind not in ("text", "embedding"):
        return "kind"
    if call.job is not None:
        return "job"
    if (request.is_inner and request.kind == "text") or call.key.is_internal or call.checks.shadow_of:
        return "inner"
    if not gateway.logs_content or call.rules.storage.bodies == "none":
        return "storage"
    return ""


def _slot_key(call: Call) -> str:
    """The key, with what it names filled in; "" where there is none."""
    zone = call.key.team.time_zone
    now = call.moment
    if call.request.cache_key:
        return filled(call.request.cache_key, now, zone)
    if not call.has_prompt or call.prompt.compiled.cache_key is None:
        return ""
    try:
        return call.prompt.compiled.render_cache_key(
            {**moments(now, zone), **call.prompt.values}, clock=perf_counter
        )
    except RenderError as error:
        raise Refusal(
            "invalid_request",
            f"The cache key of the prompt '{call.prompt.prompt.name}' can't be rendered: {error}",
        ) from error


async def _look(call: Call, gateway: Gateway, run: CacheRun) -> None:
    try:
        look = await gateway.cache.look(run.digest)
        run.seen_xact = look.seen_xact
        asks_nobody = run.wishes.only_if_cached or run.wishes.no_cache
        if not serve(call, run, look.found, "slot") and not asks_nobody:
            # A thousand that want the same wait for one, and look again.
            begun = perf_counter()
            run.is_leading = await gateway.flights.enter(run.digest)
            if not run.is_leading:
                look = await gateway.cache.look(run.digest)
                serve(call, run, look.found, "slot", waited=perf_counter() - begun)
    except CacheUnavailableError:
        run.reason = "unavailable"
    except Exception:
        logger.exception("call %s: the cache was not asked", call.id)
        run.reason = "unavailable"
    if not run.is_found:
        run.outcome = MISS
        refuse_if_wanted_cached(run)
