"""PURE: the headers of an answer."""

from gateway.call import Call
from gateway.refusals import Refusal
from kernel.money import plain_usd

JSON = "application/json"


def call_headers(call: Call, *, with_cost: bool) -> dict[str, str]:
    """What every answer says of its call. The cost is known, and so sent, only when the call has ended."""
    headers = {"x-request-id": call.request_id, "x-gatehouse-call-id": str(call.id)}
    if call.deployment is not None:
        headers["x-gatehouse-model"] = call.deployment.model_id
        headers["x-gatehouse-region"] = call.deployment.region
    if with_cost:
        headers["x-gatehouse-cost-usd"] = plain_usd(call.cost_nanos)
    return headers


def refusal_headers(refusal: Refusal) -> dict[str, str]:
    """`Retry-After` in seconds where waiting helps."""
    return {"retry-after": str(refusal.retry_after)} if refusal.retry_after is not None else {}


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
