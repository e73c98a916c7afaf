"""A round with the model: its reply as it comes, kept for the record, through the outbound filters; and another model's in its
place, once, where a policy says so of an answer that breaks its rules.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from gateway.call import Call
from gateway.events import Event, Finished
from gateway.outbound.chain import BLOCKED, Outbound
from gateway.outbound.contract import contract_of
from gateway.outbound.ending import keep, takes_raw
from gateway.outbound.screen import BlockedError
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.stages.ask_again import may_ask_once_more
from gateway.stages.hold_more import keep_within_hold
from gateway.stages.invoke import invoke
from gateway.stages.note_progress import Progress
from gateway.stages.settle import end_round
from gateway.stages.take_record import take_record
from gateway.steps import may_ask_other_model
from gateway.wire.texts import texts_of
from kernel.clock import elapsed_ms, perf_counter


async def reply_or_other(call: Call, gateway: Gateway) -> AsyncGenerator[Event, None]:
    """The reply; where a rule ends it, that of the policy's other model instead, if nothing was shown of the first."""
    contract = contract_of(call)
    is_shown_at_once = call.request.is_stream and (contract is None or contract.output.streams_prefix)
    held: list[Event] = []
    is_shown = False
    async with aclosing(reply(call, gateway)) as events:
        async for event in events:
            if is_shown or (is_shown_at_once and not _is_ended(call)):
                is_shown = True
                yield event
            else:
                held.append(event)
    if _is_ended(call) and not is_shown and await may_ask_other_model(call, gateway):
        async with aclosing(reply(call, gateway)) as events:
            async for event in events:
                yield event
        return
    for event in held:
        yield event


def _is_ended(call: Call) -> bool:
    """Whether a rule ends the answer here."""
    return call.checks.output is not None and bool(call.checks.output.blocked)


async def reply(call: Call, gateway: Gateway) -> AsyncGenerator[Event, None]:
    """The model's reply, kept for the record as it came and handed on unmasked."""
    begun, outcome, before = perf_counter(), "stopped", len(call.stages)
    contract = contract_of(call)
    outbound = Outbound(
        mask=call.redacted.mask,
        rules=call.rules,
        is_stream=call.request.is_stream,
        is_json=call.sent_conversation.is_json_wanted or contract is not None,
        prompt=call.system_prompt,
        marks=call.marks,
        said=None if _is_of_slot(call) else partial(_said, call),
    )
    call.checks.output = outbound.check
    is_part = call.hold is not None and call.hold.is_part
    progress = Progress(call, gateway) if call.request.is_stream or is_part else None
    # A contract has its own rounds for what is no answer.
    once_more = (
        None
        if (contract and contract.output.corrections) or call.request.kind != "text"
        else partial(_once_more, call, gateway)
    )
    record = None if call.job is None else call.job.record
    cache = call.cache
    if cache is not None and cache.events is not None:
        answer = _again(cache.events)
    elif record is not None:
        answer = take_record(call, gateway, record)
    else:
        answer = invoke(call, gateway, takes_raw=takes_raw(call), once_more=once_more)
    seen: list[Event] | None = None
    if cache is not None and cache.digest and not cache.is_found:
        seen = cache.seen = []
    if is_part:
        answer = keep_within_hold(call, gateway, answer)
    try:
        async with aclosing(answer) as events:
            async for event in events:
                keep(call, event)
                if seen is not None:
                    seen.append(event)
                if progress is not None:
                    progress.note()
                if outbound.check.blocked:
                    continue  # of a whole answer, only what it used is still to be read
                try:
                    for visible in outbound.feed(event):
                        yield visible
                except BlockedError as blocked:
                    outbound.check.blocked = blocked.kind
                    if call.request.is_stream:
                        break  # and the model is stopped
        outcome = "ok"
        if outbound.check.blocked:
            outcome, call.reply.stop_reason = "blocked", BLOCKED
            for visible in outbound.end():
                yield visible
            yield Finished(BLOCKED, call.reply.usage)
    except Refusal as refusal:
        outcome = refusal.code
        raise
    finally:
        failed = sum(
            milliseconds for name, milliseconds, _ in call.stages[before:] if name.startswith("attempt")
        )
        call.stages.append(("invoke", elapsed_ms(begun) - failed, outcome))
        call.checks.leak, call.checks.links = outbound.leak, outbound.links
        call.checks.is_flagged |= bool(outbound.links) and call.rules.effective.screening.links != "log"
        call.checks.is_flagged |= bool(outbound.leak) and call.rules.effective.screening.leak in (
            "flag",
            "block",
        )
        call.checks.restored, call.checks.invented = outbound.tally.restored, outbound.tally.invented


def _is_of_slot(call: Call) -> bool:
    """Whether the answer is a slot's: its links were looked at when it was made, by the same rules, beside all that was said then."""
    return call.cache is not None and call.cache.is_found and call.cache.kind == "slot"


def _said(call: Call) -> str:
    return "\n".join(text for several in texts_of(call.sent_conversation) for text in several)


async def _again(events: list[Event]) -> AsyncGenerator[Event, None]:
    """An answer that there is, as a model would give it."""
    for event in events:
        yield event


def _once_more(call: Call, gateway: Gateway) -> bool:
    """Puts aside what an answer of nothing cost, where it may be asked for anew."""
    if call.checks.violation or not may_ask_once_more(call):
        return False
    end_round(call, gateway)
    return True
