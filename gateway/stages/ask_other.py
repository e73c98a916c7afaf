"""Another model in the place of an answer that broke a policy's rule: whether it may be asked, and what is held for it."""

import asyncio
from dataclasses import replace

from gateway.call import Call
from gateway.call.places import Places
from gateway.records.record import admission_record
from gateway.routing.worst_case import most_of
from gateway.runtime import Gateway
from governance.limits.services.ledger import LedgerUnavailableError

_PATIENCE_SECONDS = 5.0
"""How long the answer waits for the ledger before it is ended instead."""


class Before:
    """A call as it stood when its answer was ended."""

    def __init__(self, call: Call) -> None:
        self._routed, self._fit, self._contract, self._tier = call.routed, call.fit, call.contract, call.tier
        self._bounds, self._charge = replace(call.bounds), replace(call.charge)
        self._adjusted = list(call.places.adjustments) if call.places is not None else []
        self.reply = replace(call.reply, earlier=list(call.reply.earlier))
        self.route = call.routed.route.name
        self.kind = call.checks.output.blocked if call.checks.output is not None else ""

    def restore(self, call: Call) -> None:
        """Makes the call what it was. What was held for it besides stays held until it is settled."""
        call.routed, call.fit, call.contract, call.tier = self._routed, self._fit, self._contract, self._tier
        call.bounds, call.charge, call.reply = self._bounds, self._charge, self.reply
        call.checks.violation = {}
        if call.places is not None:
            call.places.adjustments[:] = self._adjusted


def may_name_other(call: Call, gateway: Gateway) -> bool:
    """Whether the key may call the other model, and every budget and rate limit that the other model falls under counts this
    call already: none can be joined on the way."""
    route = gateway.snapshot.routes.get(call.rules.effective.other_model)
    if route is None or call.hold is None or not call.key.may_call(route.name, call.moment):
        return False
    facts = call.facts()
    there = replace(facts, model=route.name)
    scopes = [*(each.scope for each in call.key.budgets), *(each.scope for each in call.key.rate_limits)]
    return all(scope.subject_of(there) in (None, scope.subject_of(facts)) for scope in scopes)


def drop_answer(call: Call, before: Before) -> None:
    """Notes the answer that is not told: what it broke, whose it was, and what it cost, with all rounds before it."""
    deployment, rounds = call.deployment, call.reply.earlier
    call.checks.violation = {
        "kind": before.kind,
        "route": before.route,
        "model": deployment.model_id,
        "region": deployment.region,
        "invoke_id": deployment.invoke_id,
        "price_id": call.charge.price_id,
        "input_tokens": sum(each.usage.prompt for each in rounds),
        "output_tokens": sum(each.usage.output for each in rounds),
        "cost_nanos": sum(each.cost_nanos for each in rounds),
    }
    call.reply.deployment, call.reply.served_tier, call.reply.stop_reason = None, None, ""
    call.tier = call.conversation.tier
    if call.places is None:
        call.places = Places()  # where it is said that another model answers


async def hold_other(call: Call, gateway: Gateway) -> bool:
    """Holds all that the other model can cost beside what was spent; whether that is held. Nothing less is enough."""
    assert call.hold is not None
    spent = sum(each.cost_nanos for each in call.reply.earlier)
    more = spent + most_of(call, output_tokens=call.bounds.max_tokens) - call.hold.nanos
    if more > 0 and not await _extend(call, gateway, more):
        return False
    call.hold.is_part = False
    # Should this process die, all of it counts: what was noted of the first answer's stream is no bound any more.
    gateway.ledger.note_progress(call.id, admission_record(call) | {"cost_nanos": call.hold.nanos})
    return True


async def _extend(call: Call, gateway: Gateway, nanos: int) -> bool:
    assert call.hold is not None
    try:
        asked = gateway.ledger.extend(call.id, nanos)
    except LedgerUnavailableError:
        return False
    asked.add_done_callback(_look_at)
    await asyncio.wait((asked,), timeout=_PATIENCE_SECONDS)
    if not asked.done() or asked.cancelled() or asked.exception() is not None:
        return False  # what it may add all the same is given back with the rest
    call.hold.nanos += asked.result()
    return asked.result() >= nanos


def _look_at(asked: "asyncio.Future[int]") -> None:
    """The answer may have ended before the ledger says that it can't be reached: nobody else looks then."""
    if not asked.cancelled():
        asked.exception()
