"""GET /v1/models: the routes this key may call, as OpenAI lists models, or as Anthropic does for its own SDKs."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.entrances.formats.entrance import AnthropicEntrance, Entrance, OpenAIEntrance
from gateway.entrances.formats.incoming import headers_of, new_call
from gateway.entrances.formats.outgoing import JSON
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import RouteEntry
from gateway.stages.limit_rates import limit_requests
from gateway.steps import identified

_USUAL_PAGE, _MAX_PAGE_SIZE = 20, 1000
"""Of Anthropic's list. OpenAI's has no pages."""


class ModelsView(LeanView):
    """The list, or one of it. Anthropic's SDKs are known by the version that they send."""

    async def get(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = scope_of(request)
        gateway = handover_of(scope).gateway
        headers = headers_of(scope)
        is_anthropic = b"anthropic-version" in headers
        entrance: Entrance = AnthropicEntrance() if is_anthropic else OpenAIEntrance()
        call = new_call(scope, wire_format=entrance.name, parsed=None, body_bytes=0)
        try:
            identified(call, gateway)
            await limit_requests(call, gateway)
            routes = [
                route
                for name in gateway.snapshot.route_names
                if call.key.may_call(name, call.started_at)
                and (
                    (route := gateway.snapshot.routes[name]).is_open_to(call.key.team)
                    or not route.deployments
                )
            ]
            shown = _anthropic if is_anthropic else _openai
            if (wanted := kwargs.get("model")) is not None:
                found: dict[str, Any] = shown(_named(call, gateway, wanted))
            elif is_anthropic:
                found = _page([_anthropic(route) for route in routes], request)
            else:
                found = {"object": "list", "data": [_openai(route) for route in routes]}
        except Refusal as refusal:
            return refused(call, entrance, refusal)
        return HttpResponse(orjson.dumps(found), content_type=JSON)


def _named(call: Call, gateway: Gateway, name: str) -> RouteEntry:
    """The model of a name, as a call would find it."""
    route = gateway.snapshot.route(name, call.key.team)
    if route is not None and call.key.may_call(route.name, call.started_at):
        return route
    raise Refusal("model_not_found", f"There is no model '{name[:200]}'.")


def _openai(route: RouteEntry) -> dict[str, Any]:
    return {
        "id": route.name,
        "object": "model",
        "created": int(route.created_at.timestamp()),
        "owned_by": route.deployments[0].vendor if route.deployments else "",
    }


def _anthropic(route: RouteEntry) -> dict[str, Any]:
    limits = [each.max_output_tokens for each in route.deployments if each.max_output_tokens]
    return {
        "id": route.name,
        "type": "model",
        "display_name": route.name,
        "created_at": f"{route.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "lifecycle": "active",
        "max_input_tokens": min((each.context_window for each in route.deployments), default=None),
        "max_tokens": min(limits, default=None),
    }


def _page(models: list[dict[str, Any]], request: HttpRequest) -> dict[str, Any]:
    """The page asked for: those after one, or before one, or the first."""
    limit = request.GET.get("limit", str(_USUAL_PAGE))
    if not (limit.isdecimal() and len(limit) <= 4 and 1 <= int(limit) <= _MAX_PAGE_SIZE):
        raise Refusal("invalid_request", f"'limit' is a number from 1 to {_MAX_PAGE_SIZE}.", param="limit")
    size = int(limit)
    ids = [model["id"] for model in models]
    if (before := request.GET.get("before_id")) is not None:
        rest = models[: _position(ids, before, "before_id")]
        page = rest[-size:]
    else:
        after = request.GET.get("after_id")
        rest = models if after is None else models[_position(ids, after, "after_id") + 1 :]
        page = rest[:size]
    return {
        "data": page,
        "has_more": len(rest) > len(page),
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def _position(ids: list[str], name: str, param: str) -> int:
    if name not in ids:
        raise Refusal("invalid_request", f"'{param}' names no model of this key.", param=param)
    return ids.index(name)
