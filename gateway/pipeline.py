"""A call, from its arrival to its record. Read this file first.

    ADMIT    authenticate, identify → resolve prompt → recall response → resolve route, break loops → look up slot, recall request → queue
             → fetch images → gather context → render prompt → redact → screen → defend → capabilities → look up answer
             → enforce limits → limit rates → reserve
    INVOKE   the model's reply, event by event, through the outbound filters
    SETTLE   settle → store bodies → keep response → audit → keep in cache: always, whatever happened, shielded from cancellation

There is one pipeline: a unary answer is the same stream, folded.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial

import msgspec

from gateway.call import Call
from gateway.call.job import JobRun
from gateway.call.response import ResponseRun
from gateway.events import BlockStop, Event, Finished, TextDelta, Usage
from gateway.outbound.answer_check import check_events, check_of
from gateway.outbound.chain import BLOCKED
from gateway.outbound.contract import contract_of, keep_contract
from gateway.refusals import Refusal, too_deep, unexpected
from gateway.reply import reply, reply_or_other
from gateway.runtime import Gateway
from gateway.stages.ask_again import ask_again
from gateway.stages.audit import audit
from gateway.stages.capabilities import capabilities
from gateway.stages.check_hit import check_hit
from gateway.stages.copy_to_shadow import copy_to_shadow
from gateway.stages.defend import defend
from gateway.stages.enforce_limits import enforce_limits
from gateway.stages.fetch_images import fetch_images
from gateway.stages.gather_context import gather_context
from gateway.stages.keep_in_cache import keep_in_cache
from gateway.stages.limit_rates import limit_rates, limit_requests
from gateway.stages.look_up_answer import look_up_answer
from gateway.stages.recall_request import recall_request
from gateway.stages.recall_response import recall_response
from gateway.stages.refresh_slot import refresh_slot
from gateway.stages.render_prompt import render_prompt
from gateway.stages.resolve_prompt import resolve_prompt
from gateway.stages.settle import end_round
from gateway.stages.store_bodies import store_bodies
from gateway.stages.take_turn import take_turn
from gateway.steps import identified, kept, masked, reserved, routed, screened, settled, slot_looked_up
from kernel.clock import elapsed_ms, perf_counter
from prompts.registry.policy.output_contract import MAX_CORRECTION_TOKENS

logger = logging.getLogger(__name__)

Stage = Callable[[Call, Gateway], Awaitable[None] | None]


async def _ask(call: Call, gateway: Gateway) -> list[Event]:
    return (await fold(call, gateway)).events


_OF_WEB_IMAGES, _RECALLED, _KEPT, _OF_SLOT = (
    "fetch images",
    "recall response",
    "keep response",
    "look up slot",
)
ADMISSION: tuple[tuple[str, Stage], ...] = (
    ("authenticate", identified),
    ("resolve prompt", resolve_prompt),
    (_RECALLED, recall_response),
    ("resolve route", routed),
    (_OF_SLOT, slot_looked_up),
    ("recall request", recall_request),
    ("queue", take_turn),
    (_OF_WEB_IMAGES, fetch_images),
    ("gather context", partial(gather_context, ask=_ask)),
    ("render prompt", partial(render_prompt, ask=_ask)),
    ("redact", masked),
    ("screen", screened),
    ("defend", defend),
    ("capabilities", capabilities),
    ("look up answer", partial(look_up_answer, ask=_ask)),
    ("enforce limits", enforce_limits),  # of what will be sent; and nothing unmasked is sent to be counted
    ("limit rates", limit_rates),
    ("reserve", reserved),
)
_OF_SENDING = frozenset({"queue", "limit rates", "reserve"})
PREPARATION = tuple(each for each in ADMISSION if each[0] not in _OF_SENDING)
"""What a line passes before batch inference is asked: all but what holds, since its batch has held already."""
_OF_PROMPTS = frozenset({"resolve prompt", "gather context", "render prompt"})
"""Stages that other calls pass by."""
_OF_CACHE = frozenset({"recall request", "look up answer", "keep in cache"})
"""Stages that calls pass by that no cache rule holds for."""
_OF_ASKING = frozenset({_OF_WEB_IMAGES, "screen", "defend", "limit rates"})
"""Stages that a line passed before batch inference made it: they say whether a model may be asked, and it was."""
_OF_RESPONSES = frozenset({_RECALLED, _KEPT})
"""Stages that all but calls of the Responses API pass by; the second is also for jobs, whose answers are kept."""


SETTLEMENT: tuple[tuple[str, Stage], ...] = (
    ("settle", settled),
    ("store bodies", store_bodies),
    (_KEPT, kept),
    ("audit", audit),
    ("keep in cache", keep_in_cache),
)

_GIVEN_BACK = SETTLEMENT[:1]
"""Of a job that found no room: it is no call yet, and only gives back its slot."""


async def respond(call: Call, gateway: Gateway) -> AsyncGenerator[Event, None]:
    """The events of the reply, as the caller may see them; `Finished` only when the call is settled and on record.

    Raises Refusal, the first time before any event unless the model's side fails midway. Close it when the caller
    leaves: the model is stopped and what was consumed is settled.
    """
    settled = False
    try:
        await run_stages(ADMISSION, call, gateway)
        if call.cache is not None and call.cache.is_found:
            await _counts_hit(call, gateway)
        finished: Finished | None = None
        async with aclosing(_checked_answer(call, gateway)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    finished = event
                else:
                    yield event
        settled = True
        await end_call(call, gateway)
        if call.cache is None or not call.cache.is_found:
            copy_to_shadow(call, gateway, _ask)
        else:
            check_hit(call, gateway, _ask)
            refresh_slot(call, gateway, _ask)
        if finished is not None:
            # Of an answer that was ended here, or took several rounds, the provider has not said what it used.
            yield (
                finished
                if call.reply.has_usage and not call.reply.earlier
                else msgspec.structs.replace(finished, usage=call.reply.usage)
            )
    except Refusal as refusal:
        call.refusal = await _counted(call, gateway, refusal)
        if call.refusal is not refusal:
            raise call.refusal from refusal
        raise
    except (asyncio.CancelledError, GeneratorExit):
        call.is_cancelled = not settled
        raise
    except Exception as error:
        logger.exception("call %s failed", call.id)
        call.refusal = unexpected()
        raise call.refusal from error
    finally:
        if not settled:
            # What ended the call stays what the caller is told, even should its record be late.
            with suppress(Refusal):
                await end_call(call, gateway)


@dataclass(slots=True)
class WholeReply:
    """A whole reply: its events in order, and how it ended."""

    events: list[Event]
    finished: Finished


async def fold(call: Call, gateway: Gateway) -> WholeReply:
    """The stream folded into a whole reply. Raises Refusal."""
    events: list[Event] = []
    async with aclosing(respond(call, gateway)) as stream:
        async for event in stream:
            if isinstance(event, Finished):
                return WholeReply(events, event)
            events.append(event)
    raise unexpected()  # every reply that ends well ends with Finished


async def refuse(call: Call, refusal: Refusal, gateway: Gateway) -> None:
    """Puts a call on record that was refused before it could enter: a body that can't be read, for example."""
    call.refusal = refusal
    try:
        identified(call, gateway)
    except Refusal as better:
        call.forget_key()
        if refusal.code != "request_too_large":
            call.refusal = better  # who has no valid key is told that first
    else:
        call.refusal = await _counted(call, gateway, refusal)
    with suppress(Refusal):
        await end_call(call, gateway)


async def _counted(call: Call, gateway: Gateway, refusal: Refusal) -> Refusal:
    """The refusal of a call, which counts as a request all the same: rate_limited where there were too many."""
    if not call.is_authenticated or call.request.is_inner or refusal.code == "rate_limited":
        return refusal
    if call.job is not None and refusal.code == "overloaded":
        return refusal  # it found no room, and comes again
    try:
        await limit_requests(call, gateway)
    except Refusal as limited:
        return limited
    return refusal


async def run_stages(stages: tuple[tuple[str, Stage], ...], call: Call, gateway: Gateway) -> None:
    """Runs stages in order, and notes how long each took and what came of it. Raises Refusal."""
    is_made = stages is ADMISSION and call.job is not None and call.job.record is not None
    for name, stage in stages:
        if is_made and name in _OF_ASKING:
            continue
        if name is _OF_SLOT and not _may_be_cached(call, gateway):
            continue
        if name in _OF_CACHE and call.cache is None:
            continue
        if name in _OF_PROMPTS and call.request.prompt is None:
            continue
        if name is _OF_WEB_IMAGES and not (call.places is not None and call.places.web_images):
            continue
        if name in _OF_RESPONSES and call.response is None and (call.job is None or name is _RECALLED):
            continue
        begun, outcome = perf_counter(), "failed"
        try:
            pending = stage(call, gateway)
            if pending is not None:
                await pending
            outcome = "ok"
        except Refusal as refusal:
            outcome = refusal.code
            raise
        except RecursionError as error:
            outcome = "invalid_request"
            raise too_deep() from error
        finally:
            call.stages.append((name, elapsed_ms(begun), outcome))
        if stages is not SETTLEMENT and (
            call.fixed_answer is not None or (call.cache is not None and call.cache.is_found)
        ):
            return


def _may_be_cached(call: Call, gateway: Gateway) -> bool:
    """Whether there is a rule for answers that are given again, or the caller speaks of them."""
    request = call.request
    return bool(gateway.snapshot.cache_rules.by_key) or request.cache is not None or bool(request.cache_key)


def _checked_answer(call: Call, gateway: Gateway) -> AsyncGenerator[Event, None]:
    """The reply, looked at on its way where an experiment or a rollout asks for that."""
    check = check_of(call)
    events = _answer(call, gateway) if check is None else check_events(call, check, _answer(call, gateway))
    if call.response is not None and call.response.is_kept:
        events = _seen(call.response, events)
    return events if call.job is None else _seen(call.job, events)


async def _seen(
    run: ResponseRun | JobRun, events: AsyncGenerator[Event, None]
) -> AsyncGenerator[Event, None]:
    """The reply, noted as the caller sees it, for what is kept of it."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                run.finished = event
            else:
                run.seen.append(event)
            yield event


def _answer(call: Call, gateway: Gateway) -> AsyncGenerator[Event, None]:
    """The reply: fixed, the model's, or the model's held to a contract."""
    if call.fixed_answer is not None:
        return _fixed(call.fixed_answer)
    if call.job is not None and call.job.record is not None:
        return reply(call, gateway)
    is_found = call.cache is not None and call.cache.is_found
    round_of = reply_or_other if call.rules.effective.other_model and not is_found else reply
    contract = contract_of(call)
    if contract is None:
        return round_of(call, gateway)
    return keep_contract(
        call, contract, partial(round_of, call, gateway), partial(_next_round, call, gateway), BLOCKED
    )


def _next_round(call: Call, gateway: Gateway, errors: tuple[str, ...], number: int) -> None:
    """An answer is asked for again: what it cost so far is put aside. Refusal where it came from the cache, and nothing is held."""
    if call.cache is not None and call.cache.is_found:
        raise Refusal(
            "contract_failed", f"The answer in the cache does not keep its contract: {' '.join(errors)}"
        )
    answer = call.reply.answer
    end_round(call, gateway)
    call.reply.answer = answer
    ask_again(call, gateway, errors, number, call.bounds.max_tokens + MAX_CORRECTION_TOKENS)
    call.reply.answer = []


async def _counts_hit(call: Call, gateway: Gateway) -> None:
    """An answer from the cache costs nothing; by choice it counts as a request. Refusal: rate_limited."""
    run = call.cache
    assert run is not None
    assert run.rule is not None
    if run.rule.counts_requests:
        await limit_requests(call, gateway)


async def _fixed(text: str) -> AsyncGenerator[Event, None]:
    yield TextDelta(0, text)
    yield BlockStop(0)
    yield Finished("end_turn", Usage())


async def end_call(call: Call, gateway: Gateway) -> None:
    """Runs the settlement as a task of its own, so that nothing which happens to the caller stops it."""
    stages = SETTLEMENT if call.job is None or not call.job.is_put_back(call) else _GIVEN_BACK
    task = asyncio.create_task(run_stages(stages, call, gateway))
    gateway.running.add(task)
    task.add_done_callback(gateway.running.discard)
    task.add_done_callback(_log_failure)
    if call.cache is not None and call.cache.is_leading:
        leading = call.cache.digest
        task.add_done_callback(lambda _: gateway.flights.leave(leading))
    if call.refusal is not None and gateway.ledger.is_stuck:
        return  # it is told at once; its record is written when Postgres answers again
    await asyncio.shield(task)


def _log_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Refusal):
        logger.error("a settlement failed", exc_info=error)
