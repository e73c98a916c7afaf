"""What a line of a batch can cost at most, as its call would hold it: by the stages of the pipeline that ask nobody anything."""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.batches.policy.lines import Line
from gateway.call import Call
from gateway.call.job import JobRequest
from gateway.catalogue.policy import price_at
from gateway.entrances.formats.incoming import Scope, new_call
from gateway.entrances.jobs.asked import door_of, parsed_by
from gateway.refusals import Refusal
from gateway.routing.worst_case import BATCH_TIER, most_of
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry
from gateway.stages.authenticate import accepted_key
from gateway.stages.capabilities import capabilities
from gateway.stages.enforce_limits import enforce_limits
from gateway.stages.identify import identify
from gateway.stages.reserve import windows_of
from gateway.stages.resolve_route import resolve_route
from governance.limits.policy.windows import Window
from kernel.clock import utc_now


@dataclass(frozen=True, slots=True)
class Bound:
    """What a line can cost in nano-dollars, and the call that was made to find out."""

    nanos: int
    inferred: int | None
    """The same by batch inference; None where that can't make it."""
    call: Call


async def bound_of(line: Line, request: JobRequest, key: KeyEntry, gateway: Gateway) -> Bound:
    """Raises Refusal, as the call would be refused."""
    scope = scope_of(request)
    door = door_of(scope, gateway.snapshot)
    parsed = await parsed_by(door, line.body)
    if parsed.prompt is not None:
        raise Refusal("invalid_request", "A line of a batch names a model, not a prompt.", param="body.model")
    call = new_call(
        scope, wire_format=door.entrance.name, parsed=parsed, body_bytes=len(line.body), shown_key=key
    )
    call.key = key
    identify(call)
    resolve_route(call, gateway)
    capabilities(call, gateway)
    await enforce_limits(call, gateway)
    return Bound(most_of(call, output_tokens=call.bounds.max_tokens), _inferred(call), call)


def _inferred(call: Call) -> int | None:
    first = call.routed.deployments[0]
    if call.request.kind != "text" or first.account is not None or call.tier or _has_web_images(call):
        return None
    if price_at(first.prices, call.moment, BATCH_TIER) is None:
        return None
    routed = call.routed
    call.tier, call.routed = BATCH_TIER, replace(routed, deployments=(first,))
    nanos = most_of(call, output_tokens=call.bounds.max_tokens)
    call.tier, call.routed = "", routed
    return nanos


def _has_web_images(call: Call) -> bool:
    """Whether images are to be fetched: each fetching may give others."""
    return call.places is not None and bool(call.places.web_images)


def windows_of_batch(of_line: Call, request: JobRequest, moment: datetime) -> tuple[Window, ...]:
    """The budgets that all lines are in: by the batch's own tags, and not by whom a line names."""
    call = new_call(scope_of(request), wire_format="openai", parsed=None, body_bytes=0)
    call.key = of_line.key
    identify(call)
    call.routed = of_line.routed
    return windows_of(call, moment)


def scope_of(request: JobRequest) -> Scope:
    """A call of a batch, as it would have come to its entrance."""
    return {
        "type": "http",
        "method": "POST",
        "path": request.path,
        "raw_path": request.raw_path,
        "query_string": b"",
        "headers": request.headers,
        "client": None if request.client_ip is None else (request.client_ip, 0),
    }


def key_of(key_id: str, request: JobRequest, gateway: Gateway) -> KeyEntry:
    """The key that a batch was sent with. Raises Refusal."""
    gateway.knows_who_may_call()
    return accepted_key(key_id, request.client_ip, utc_now(), gateway.snapshot)
