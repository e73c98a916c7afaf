import asyncio
import logging
from collections.abc import Awaitable, Callable

from pgvector import HalfVector

from gateway.cache.keys import exact_digest
from gateway.cache.serving import forget, has_tools, refuse_if_wanted_cached, serve
from gateway.cache.similar import Asked, asked_of, local_vector, similar
from gateway.cache.store import CacheUnavailableError
from gateway.cache.values import tokens_in
from gateway.call import Call
from gateway.call.cache import MISS, SHADOW, Alike, CacheRun
from gateway.catalogue.cache_rules import OFF, SERVE, CacheRuleEntry
from gateway.conversation import Block, Conversation, Message
from gateway.events import Event, Vector
from gateway.refusals import Refusal
from gateway.routing.fitting import said
from gateway.runtime import Gateway
from kernel import text_vectors
from kernel.clock import perf_counter
from kernel.deadlines import within

logger = logging.getLogger(__name__)

Ask = Callable[[Call, Gateway], Awaitable[list[Event]]]

_USUAL_TEMPERATURE = 1.0
"""Of models whose default is not known."""


def look_up_answer(call: Call, gateway: Gateway, *, ask: Ask) -> Awaitable[None] | None:
    """Finds an answer that may be given again: to the same request, else to a similar question. Never fails a call.

    Refusal not_cached where the caller wants nothing else.
    """
    run = call.cache
    if run is None or run.outcome or run.rule is None:
        return None
    if run.digest:
        return None  # it has a slot, which it is kept in
    rule = run.rule
    if not rule.exact and rule.semantic == OFF:
        run.bypass("off")
    elif reason := _stands_against(call, rule):
        run.bypass(reason)
    else:
        run.digest, run.digest_kind = (
            exact_digest(call),
            "exact" if call.request.kind == "text" else "embedding",
        )
        return _look(call, gateway, run, rule, ask)
    refuse_if_wanted_cached(run)
    return None


def _stands_against(call: Call, rule: CacheRuleEntry) -> str:
    """Why an answer to this call may not be one to another; "" where it may."""
    if call.checks.is_flagged:
        return "flagged"
    if call.checks.violation or call.checks.loop:
        return "loop"
    conversation = call.conversation
    if call.request.kind != "text":
        return ""
    if not rule.with_tools and has_tools(conversation):
        return "tools"
    if _temperature(call) > rule.max_temperature:
        return "temperature"
    return ""


def _temperature(call: Call) -> float:
    config = call.conversation.inference_config
    if config is not None and config.temperature is not None:
        return config.temperature
    defaults = call.deployment.defaults
    return _USUAL_TEMPERATURE if defaults is None or defaults[0] is None else defaults[0]


async def _look(call: Call, gateway: Gateway, run: CacheRun, rule: CacheRuleEntry, ask: Ask) -> None:
    try:
        if not await _find_same(call, gateway, run, rule) and rule.semantic != OFF:
            await _find_alike(call, gateway, run, rule, ask)
    except CacheUnavailableError:
        run.reason = "unavailable"
    except Exception:
        logger.exception("call %s: the cache was not asked", call.id)
        run.reason = "unavailable"
    if run.is_found:
        call.checks.adjusted = said(call)
        if run.kind == "exact" and run.request_key:
            assert run.snapshot is not None
            gateway.known_requests.keep(run.request_key, call, run.snapshot, run.digest)
    else:
        run.outcome = run.outcome or MISS
        refuse_if_wanted_cached(run)


async def _find_same(call: Call, gateway: Gateway, run: CacheRun, rule: CacheRuleEntry) -> bool:
    look = await gateway.cache.look(run.digest)
    run.seen_xact = look.seen_xact if run.seen_xact is None else run.seen_xact
    if rule.exact and serve(call, run, look.found, run.digest_kind):
        return True
    if not rule.exact or run.wishes.only_if_cached or run.wishes.no_cache:
        return False
    # A thousand that want the same wait for one, and look again.
    begun = perf_counter()
    run.is_leading = await gateway.flights.enter(run.digest)
    if run.is_leading:
        return False
    look = await gateway.cache.look(run.digest)
    return serve(call, run, look.found, run.digest_kind, waited=perf_counter() - begun)


async def _find_alike(call: Call, gateway: Gateway, run: CacheRun, rule: CacheRuleEntry, ask: Ask) -> None:
    """An answer to a similar question that passes all guards: given where the rule says so and the bound is kept, else noted."""
    if (asked := asked_of(call, rule)) is None:
        return
    run.scope, run.guard, run.question = asked.scope, asked.question.key, asked.text
    if run.wishes.no_cache:
        return  # others may still be given the new answer
    try:
        await within(rule.semantic_seconds, _compare(call, gateway, run, rule, asked, ask))
    except TimeoutError:
        run.reason = "late"
    except Refusal:  # of the call that turns the question into a vector
        run.reason = "vector"


async def _compare(
    call: Call, gateway: Gateway, run: CacheRun, rule: CacheRuleEntry, asked: Asked, ask: Ask
) -> None:
    run.vector = vector = await _vector(call, gateway, rule, asked, ask)
    if vector is None:
        return
    candidate, keeps_bound = await similar(call, gateway.cache, run, rule, asked, vector)
    if candidate is None:
        return
    found = await gateway.cache.entry(candidate.entry_id)
    if not serve(call, run, found, "semantic"):
        return
    assert found is not None
    assert run.events is not None
    if not tokens_in(run.events, call.redacted.mask.entities) <= call.redacted.mask.values.keys():
        forget(call, run)
        return
    run.alike = Alike(
        entry_id=candidate.entry_id,
        question=candidate.question,
        similarity=candidate.similarity,
        answer=found.answer,
        end_user=found.end_user,
    )
    if rule.semantic != SERVE or not keeps_bound:
        forget(call, run)
        run.outcome, run.reason = (SHADOW, "") if keeps_bound else (MISS, "bound")
    run.similarity = candidate.similarity


async def _vector(
    call: Call, gateway: Gateway, rule: CacheRuleEntry, asked: Asked, ask: Ask
) -> HalfVector | None:
    """The question's vector; None where it has none. Raises the Refusal of the call that makes it."""
    if not rule.embedder:
        if not text_vectors.is_ready():
            await asyncio.to_thread(text_vectors.warm_up)
        return local_vector(asked.question, asked.text)
    inner = call.inner(
        model=rule.embedder,
        conversation=Conversation(messages=[Message(role="user", content=[Block(text=asked.text)])]),
        kind="embedding",
    )
    events = await ask(inner, gateway)
    values = next((event.values for event in events if isinstance(event, Vector)), None)
    return HalfVector(list(values)) if values else None
