"""Steps of the pipeline that are made of several stages, which do not know each other."""

import asyncio
from collections.abc import Awaitable

import msgspec

from gateway.cache.serving import forget, refuse_if_wanted_cached
from gateway.cache.values import tokens_in
from gateway.call import Call
from gateway.call.cache import MISS, CacheRun
from gateway.conversation import Block, Conversation, Message, encode
from gateway.outbound.callers_contract import contract_for
from gateway.refusals import Refusal
from gateway.routing.fitting import said
from gateway.routing.worst_case import leave_out_dearest
from gateway.runtime import Gateway
from gateway.stages.ask_other import Before, drop_answer, hold_other, may_name_other
from gateway.stages.authenticate import authenticate
from gateway.stages.break_loops import break_loops, note_answer
from gateway.stages.capabilities import capabilities
from gateway.stages.change_route import change_route, wait_a_moment
from gateway.stages.confirm_job import confirm_job
from gateway.stages.enforce_limits import enforce_limits
from gateway.stages.identify import forget_names, identify
from gateway.stages.keep_answer import keep_answer
from gateway.stages.keep_response import keep_response
from gateway.stages.look_up_slot import look_up_slot
from gateway.stages.note_beginning import note_beginning
from gateway.stages.read_documents import put_back, read_documents
from gateway.stages.redact import redact
from gateway.stages.reserve import reserve
from gateway.stages.resolve_route import resolve_route
from gateway.stages.screen import screen
from gateway.stages.settle import end_round, settle
from kernel.clock import elapsed_ms, perf_counter


def identified(call: Call, gateway: Gateway) -> None:
    """Whose key it is, and for whom and in which session it is used."""
    try:
        authenticate(call, gateway)
    except Refusal:
        forget_names(call)
        raise
    identify(call)


def routed(call: Call, gateway: Gateway) -> None:
    """Where the call may go; and whether its session has been going round in circles."""
    resolve_route(call, gateway)
    break_loops(call, gateway)


def slot_looked_up(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """The answer in a slot. What the caller said is masked all the same: by the rules in force, and so that values come back."""
    pending = look_up_slot(call, gateway)
    return None if pending is None else _slot_looked_up(call, gateway, pending)


async def _slot_looked_up(call: Call, gateway: Gateway, pending: Awaitable[None]) -> None:
    await pending
    run = call.cache
    assert run is not None
    if run.events is None:
        return
    run.asked, call.conversation = call.conversation, await _own_words(call)
    if (masking := redact(call, gateway)) is not None:
        await masking
    mask = call.redacted.mask
    if not tokens_in(run.events, mask.entities) <= mask.values.keys():
        _drop_slot(call, run)
        refuse_if_wanted_cached(run)
        return
    if call.asked_output is not None and not call.is_own:
        call.contract = contract_for(call.asked_output, call.request.wire_format)
    call.checks.adjusted = said(call)


async def _own_words(call: Call) -> Conversation:
    """A copy of what the caller said; of a prompt, its variables."""
    if call.has_prompt:
        words = "\n".join(f"{name}: {value}" for name, value in call.prompt.values.items())
        return Conversation(messages=[Message(role="user", content=[Block(text=words)])] if words else [])

    def copied() -> Conversation:
        return msgspec.json.decode(encode(call.conversation), type=Conversation)

    return await asyncio.to_thread(copied) if call.is_large else copied()


def _drop_slot(call: Call, run: CacheRun) -> None:
    """Its answer holds what this call could not put back: the model is asked."""
    assert run.asked is not None
    call.conversation, run.asked = run.asked, None
    del call.redacted
    forget(call, run)
    run.outcome, run.reason = MISS, "values"


def masked(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Redacts; before that, documents are read where a policy wants that."""
    if call.rules.effective.documents == "pass":
        return redact(call, gateway)
    return _read_and_masked(call, gateway)


async def _read_and_masked(call: Call, gateway: Gateway) -> None:
    await read_documents(call, gateway)
    if (pending := redact(call, gateway)) is not None:
        await pending


def screened(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Screens; after that, documents of which nothing was changed are again what they were."""
    return _screened_documents(call, gateway) if call.documents else screen(call, gateway)


async def _screened_documents(call: Call, gateway: Gateway) -> None:
    if (pending := screen(call, gateway)) is not None:
        await pending
    put_back(call)


async def reserved(call: Call, gateway: Gateway) -> None:
    """Reserves; where a budget is short, without the dearest that a score chooses from, or that would stand in; then as its owner has chosen: by a
    cheaper route, after a wait, or not at all."""
    began, tried = perf_counter(), {call.routed.route.name}
    while True:
        try:
            await reserve(call, gateway)
        except Refusal as refusal:
            budget = call.short_budget
            if refusal.code != "budget_exceeded" or budget is None:
                raise
            if leave_out_dearest(call):
                await _fit_anew(call, gateway, refusal)
            elif budget.when_exceeded == "wait":
                await wait_a_moment(call, began, refusal)
            elif budget.when_exceeded == "cheaper" and change_route(
                call, gateway, budget.cheaper_model, tried
            ):
                await _fit_anew(call, gateway, refusal)
            else:
                raise
        else:
            break
    if call.job is not None:
        await confirm_job(call, gateway)


async def _fit_anew(call: Call, gateway: Gateway, short: Refusal) -> None:
    """What the cheaper route, or deployment, is sent. Where it can't take the call, what the caller is told is that the budget is short."""
    try:
        capabilities(call, gateway)
        await enforce_limits(call, gateway)
    except Refusal as refusal:
        raise short from refusal


async def may_ask_other_model(call: Call, gateway: Gateway) -> bool:
    """Whether the model that the policy names is asked in the place of an answer that broke it: once a call. If so, that answer
    is put aside with what it cost, and all that the other one can cost is held; else everything is as it was.
    """
    if call.checks.violation or not may_name_other(call, gateway):
        return False
    began, before, is_ready, outcome = perf_counter(), Before(call), False, "refused"
    end_round(call, gateway)
    try:
        drop_answer(call, before)
        if change_route(
            call, gateway, call.rules.effective.other_model, {call.routed.route.name}, "violation"
        ):
            capabilities(call, gateway)
            await enforce_limits(call, gateway)
            is_ready = await hold_other(call, gateway)
            outcome = "ok" if is_ready else "budget_exceeded"
    except Refusal as refusal:
        outcome = refusal.code
    finally:
        if not is_ready:
            before.restore(call)
        call.stages.append(("other model", elapsed_ms(began), outcome))
    return is_ready


def kept(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Keeps the response that a caller may go on from, and the answer of a job."""
    return keep_response(call, gateway) if call.job is None else _kept(call, gateway)


async def _kept(call: Call, gateway: Gateway) -> None:
    if (pending := keep_response(call, gateway)) is not None:
        await pending
    if (pending := keep_answer(call, gateway)) is not None:
        await pending


def settled(call: Call, gateway: Gateway) -> None:
    """What it cost; what its session is remembered by; and how its prompt begins."""
    settle(call, gateway)
    note_beginning(call, gateway)
    note_answer(call, gateway)
