"""Steps of the pipeline that are made of several stages, which do not know each other."""

from gateway.call import Call
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.stages.authenticate import authenticate
from gateway.stages.break_loops import break_loops, note_answer
from gateway.stages.capabilities import capabilities
from gateway.stages.change_route import change_route, wait_a_moment
from gateway.stages.enforce_limits import enforce_limits
from gateway.stages.identify import forget_names, identify
from gateway.stages.reserve import reserve
from gateway.stages.resolve_route import resolve_route
from gateway.stages.settle import settle
from kernel.clock import perf_counter


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


async def reserved(call: Call, gateway: Gateway) -> None:
    """Reserves; where a budget is short, as its owner has chosen: by a cheaper route, after a wait, or not at all."""
    began, tried = perf_counter(), {call.routed.route.name}
    while True:
        try:
            await reserve(call, gateway)
        except Refusal as refusal:
            budget = call.short_budget
            if refusal.code != "budget_exceeded" or budget is None:
                raise
            if budget.when_exceeded == "wait":
                await wait_a_moment(call, began, refusal)
            elif budget.when_exceeded == "cheaper" and change_route(
                call, gateway, budget.cheaper_model, tried
            ):
                await _fit_anew(call, gateway, refusal)
            else:
                raise
        else:
            return


async def _fit_anew(call: Call, gateway: Gateway, short: Refusal) -> None:
    """What the cheaper route is sent. Where it can't take the call, what the caller is told is that the budget is short."""
    try:
        capabilities(call, gateway)
        await enforce_limits(call, gateway)
    except Refusal as refusal:
        raise short from refusal


def settled(call: Call, gateway: Gateway) -> None:
    """What it cost; and what its session is remembered by."""
    settle(call, gateway)
    note_answer(call, gateway)
