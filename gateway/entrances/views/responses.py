"""/v1/responses/{id}: a stored response, its items, and its end; and how many tokens a request has."""

from collections.abc import Awaitable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.entrances.formats.entrance import Entrance, OpenAIEntrance
from gateway.entrances.formats.incoming import new_call
from gateway.entrances.formats.outgoing import JSON
from gateway.entrances.formats.responses import ResponsesEntrance
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.entrances.views.count_tokens import CountTokensView
from gateway.records.response_reader import call_of_response
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.stages.limit_rates import limit_requests
from gateway.stages.recall_response import recall_response
from gateway.steps import identified
from governance.records.services.response_store import ResponsesUnavailableError, Whose

_MAX_PAGE_SIZE, _USUAL_PAGE = 100, 20


class _StoredView(LeanView):
    """What all views of a stored response share: who asks, and the response or 404."""

    async def answered(self, request: HttpRequest, response_id: str) -> HttpResponse:
        """The answer of `answer`, or a refusal in OpenAI's shape."""
        scope = scope_of(request)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format=ResponsesEntrance.name, parsed=None, body_bytes=0)
        try:
            identified(call, gateway)
            await limit_requests(call, gateway)
            found = await self.answer(request, response_id, call, gateway)
        except ResponsesUnavailableError:
            late = Refusal(
                "overloaded", "Stored responses can't be read right now. Try again shortly.", retry_after=1
            )
            return refused(call, OpenAIEntrance(), late)
        except Refusal as refusal:
            return refused(call, OpenAIEntrance(), refusal)
        headers = {"x-request-id": call.request.request_id}
        return HttpResponse(orjson.dumps(found), content_type=JSON, headers=headers)

    async def answer(
        self, request: HttpRequest, response_id: str, call: Call, gateway: Gateway
    ) -> dict[str, Any]:
        raise NotImplementedError


class ResponseView(_StoredView):
    """GET and DELETE /v1/responses/{id}."""

    async def get(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        return await self.answered(request, kwargs["id"])

    async def delete(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        return await self.answered(request, kwargs["id"])

    async def answer(
        self, request: HttpRequest, response_id: str, call: Call, gateway: Gateway
    ) -> dict[str, Any]:
        if request.method == "DELETE":
            call_id = call_of_response(response_id)
            if call_id is None or not await gateway.responses.delete(call_id, _whose(call)):
                raise _missing(response_id)
            return {"id": response_id, "object": "response", "deleted": True}
        if request.GET.get("stream", "").lower() in ("true", "1"):
            raise Refusal(
                "invalid_request",
                "A stored response is not streamed again. Leave 'stream' out.",
                param="stream",
            )
        return (await _found(response_id, call, gateway))["response"]  # type: ignore[no-any-return]


class CancelView(_StoredView):
    """POST /v1/responses/{id}/cancel: of answers in the background, which there are none of."""

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        return await self.answered(request, kwargs["id"])

    async def answer(
        self, request: HttpRequest, response_id: str, call: Call, gateway: Gateway
    ) -> dict[str, Any]:
        await _found(response_id, call, gateway)
        told = "Cannot cancel a synchronous response: close its connection to stop one that is under way."
        raise Refusal("invalid_request", told, param="response_id")


class InputItemsView(_StoredView):
    """GET /v1/responses/{id}/input_items: what the response answered, the latest first unless `order` is asc."""

    async def get(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        return await self.answered(request, kwargs["id"])

    async def answer(
        self, request: HttpRequest, response_id: str, call: Call, gateway: Gateway
    ) -> dict[str, Any]:
        order, limit = request.GET.get("order", "desc"), request.GET.get("limit", str(_USUAL_PAGE))
        if order not in ("asc", "desc"):
            raise Refusal("invalid_request", "'order' is asc or desc.", param="order")
        if not (limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= _MAX_PAGE_SIZE):
            raise Refusal(
                "invalid_request", f"'limit' is a number from 1 to {_MAX_PAGE_SIZE}.", param="limit"
            )
        items: list[dict[str, Any]] = (await _found(response_id, call, gateway))["input"]
        if order == "desc":
            items = items[::-1]
        if (after := request.GET.get("after")) is not None:
            ids = [item["id"] for item in items]
            if after not in ids:
                raise Refusal("invalid_request", "'after' names no item of this response.", param="after")
            items = items[ids.index(after) + 1 :]
        page = items[: int(limit)]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(items) > len(page),
        }


def _whose(call: Call) -> Whose:
    return Whose(call.key.team.id, call.key.application_id)


async def _found(response_id: str, call: Call, gateway: Gateway) -> dict[str, Any]:
    call_id = call_of_response(response_id)
    found = None if call_id is None else await gateway.response_reader.one(call_id, _whose(call))
    if found is None:
        raise _missing(response_id)
    return found


def _missing(response_id: str) -> Refusal:
    return Refusal("not_found", f"Response with id '{response_id[:100]}' not found.", param="response_id")


class InputTokensView(CountTokensView):
    """POST /v1/responses/input_tokens: the gateway's own estimate, as for Anthropic's count_tokens."""

    entrance: Entrance = ResponsesEntrance()

    def told(self, tokens: int) -> dict[str, Any]:
        return {"object": "response.input_tokens", "input_tokens": tokens}

    def complete(self, call: Call, gateway: Gateway) -> Awaitable[None] | None:
        return recall_response(call, gateway)
