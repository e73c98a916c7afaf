import asyncio

from gateway.call import Call
from gateway.call.decision import Decision
from gateway.call.fit import Adjustment
from gateway.refusals import Refusal
from gateway.routing.candidates import routed
from gateway.routing.decision import decide
from gateway.runtime import Gateway
from kernel.clock import perf_counter

_POLL_SECONDS = 0.5


def change_route(call: Call, gateway: Gateway, name: str, tried: set[str], why: str = "cheaper") -> bool:
    """Sends the call by another route, as the owner of a budget or a policy wants it; whether there is one that can take it.

    Each is tried once, as several budgets may name several; none is taken that the key may not call.
    """
    route = gateway.snapshot.routes.get(name)
    if route is None or route.name in tried or not call.key.may_call(route.name, call.moment):
        return False
    tried.add(route.name)
    there = routed(call, route, gateway.random, gateway.snapshot, gateway.fleet)
    if not there.deployments:
        return False
    call.routed = there
    call.decision = Decision()
    decide(call)
    call.fit = None
    if call.places is not None:
        call.places.adjustments.append(Adjustment("model", why, route.name))
    return True


async def wait_a_moment(call: Call, began: float, refusal: Refusal) -> None:
    """Waits until the budget is asked again. Raises the refusal when its time is over."""
    assert call.short_budget is not None
    if perf_counter() - began >= call.short_budget.wait_seconds:
        raise refusal
    await asyncio.sleep(_POLL_SECONDS)
