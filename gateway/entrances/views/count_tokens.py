"""POST /v1/messages/count_tokens: how many tokens a prompt is expected to have."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.entrances.formats.entrance import AnthropicEntrance, Entrance, Parsed
from gateway.entrances.formats.incoming import check_tags, headers_of, new_call
from gateway.entrances.formats.outgoing import JSON, call_headers
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.refusals import Refusal, too_deep
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.stages.authenticate import authenticate
from gateway.stages.limit_rates import limit_rates
from gateway.stages.resolve_route import resolve_route
from gateway.stages.take_turn import take_turn

_ENTRANCE = AnthropicEntrance()


class CountTokensView(LeanView):
    """The gateway's own estimate, by which calls are admitted, too. It says nothing to Bedrock.

    Bedrock's CountTokens would be more exact, but the prompt would have to be masked and screened for it, and put on
    record, as everything that leaves: as much as a call. Here nothing leaves, so nothing is masked, recorded or charged.
    It counts as a request in rate limits, so that it is no way around them.
    """

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        return await count_tokens(request, _ENTRANCE, _told)


def _told(tokens: int) -> dict[str, Any]:
    return {"input_tokens": tokens}


async def count_tokens(
    request: HttpRequest,
    entrance: Entrance,
    told: Callable[[int], dict[str, Any]],
    *,
    before: Callable[[Call, Gateway], Awaitable[None] | None] = lambda call, gateway: None,
) -> HttpResponse:
    """The answer to a request for a count, in the words of a format. `before` completes the conversation."""
    scope = scope_of(request)
    found = handover_of(scope)
    gateway, body = found.gateway, found.body
    parsed: Parsed | None = None
    early: Refusal | None = None
    try:
        check_tags(headers_of(scope))
        parsed = _without_prompt(entrance.parse(body))
    except Refusal as refusal:
        early = refusal
    call = new_call(scope, wire_format=entrance.name, parsed=parsed, body_bytes=len(body))
    try:
        authenticate(call, gateway)  # who has no valid key is told that first
        if early is not None:
            raise early
        if (pending := before(call, gateway)) is not None:
            await pending
        tokens = await _counted(call, gateway)
    except Refusal as refusal:
        return refused(call, entrance, refusal)
    except RecursionError:
        return refused(call, entrance, too_deep())
    finally:
        if call.taken.has_slot:
            gateway.slots.release()
        if call.taken.ticket is not None:
            gateway.limiter.settle(call.taken.ticket, dict.fromkeys(call.taken.token_counters, 0))
    headers = call_headers(call, with_cost=True)
    return HttpResponse(orjson.dumps(told(tokens)), content_type=JSON, headers=headers)


def _without_prompt(parsed: Parsed) -> Parsed:
    if parsed.prompt is not None:
        raise Refusal(
            "invalid_request",
            "The tokens of a prompt can't be counted, because it is filled in when it is run. Name a model.",
            param="model",
        )
    return parsed


async def _counted(call: Call, gateway: Gateway) -> int:
    resolve_route(call, gateway)
    await take_turn(call, gateway)
    await limit_rates(call, gateway)
    family = family_of(call.deployment)
    if call.is_large:
        estimate = await asyncio.to_thread(gateway.estimator.estimate, call.conversation, family=family)
    else:
        estimate = gateway.estimator.estimate(call.conversation, family=family)
    return estimate.expected
