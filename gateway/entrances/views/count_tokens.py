"""POST /v1/messages/count_tokens: how many tokens a prompt is expected to have."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.entrances.body_bounds import LARGE_BODY
from gateway.entrances.formats.entrance import AnthropicEntrance, Entrance, Headers, Parsed
from gateway.entrances.formats.incoming import check_tags, headers_of, new_call
from gateway.entrances.formats.outgoing import JSON, call_headers
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.refusals import Refusal, too_deep
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.stages.limit_rates import limit_rates
from gateway.stages.resolve_route import resolve_route
from gateway.stages.take_turn import take_turn
from gateway.steps import identified


class CountTokensView(LeanView):
    """The gateway's own estimate, by which calls are admitted, too. It says nothing to Bedrock.

    Bedrock's CountTokens would be more exact, but the prompt would have to be masked and screened for it, and put on
    record, as everything that leaves: as much as a call. Here nothing leaves, so nothing is masked, recorded or charged.
    It counts as a request in rate limits, so that it is no way around them.
    """

    entrance: Entrance = AnthropicEntrance()
    answer_member = "input_tokens"

    def told(self, tokens: int) -> dict[str, Any]:
        """The answer, as the format words it."""
        return {self.answer_member: tokens}

    def complete(self, call: Call, gateway: Gateway) -> Awaitable[None] | None:
        """What is done to the conversation before it is counted, of a key that is known."""
        return None

    def read(self, body: bytes, headers: Headers, gateway: Gateway) -> Parsed:
        """The request whose tokens are counted. Raises Refusal."""
        return self.entrance.parse(body, headers)

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = scope_of(request)
        found = handover_of(scope)
        gateway, body = found.gateway, found.body
        parsed: Parsed | None = None
        early: Refusal | None = None
        try:
            headers = headers_of(scope)
            check_tags(headers)
            if len(body) < LARGE_BODY:
                parsed = _of_model(self.read(body, headers, gateway))
            else:
                parsed = _of_model(await asyncio.to_thread(self.read, body, headers, gateway))
        except Refusal as refusal:
            early = refusal
        except RecursionError:
            early = too_deep()
        call = new_call(scope, wire_format=self.entrance.name, parsed=parsed, body_bytes=len(body))
        try:
            identified(call, gateway)  # who has no valid key is told that first
            if early is not None:
                raise early
            if (pending := self.complete(call, gateway)) is not None:
                await pending
            tokens = await _counted(call, gateway)
        except Refusal as refusal:
            return refused(call, self.entrance, refusal)
        except RecursionError:
            return refused(call, self.entrance, too_deep())
        finally:
            if call.taken.has_slot:
                gateway.slots.release()
            if call.taken.ticket is not None:
                gateway.limiter.settle(call.taken.ticket, dict.fromkeys(call.taken.token_counters, 0))
        answer = orjson.dumps(self.told(tokens))
        return HttpResponse(answer, content_type=JSON, headers=call_headers(call, with_cost=True))


def _of_model(parsed: Parsed) -> Parsed:
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
