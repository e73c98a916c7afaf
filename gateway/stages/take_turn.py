from gateway.call import Call
from gateway.refusals import Refusal
from gateway.runtime import Gateway


async def take_turn(call: Call, gateway: Gateway) -> None:
    """Waits for a slot of this process, fairly between teams. Refusal: overloaded."""
    if call.request.is_inner:
        return
    team = call.key.team
    call.taken.has_slot = gateway.slots.try_acquire() or await gateway.slots.acquire(
        team=team.id, weight=team.weight, seconds=gateway.queue_seconds
    )
    if not call.taken.has_slot:
        raise Refusal(
            "overloaded",
            f"Gatehouse has more calls than it can work on, and none ended within {gateway.queue_seconds:g} seconds. "
            "Please try again.",
            retry_after=1,
        )
