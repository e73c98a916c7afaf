"""DRF views of the gateway: unary calls, and the list of models."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from gateway.call import Call
from gateway.formats.entrance import Entrance, OpenAIEntrance
from gateway.formats.incoming import api_key, headers_of, new_call
from gateway.formats.outgoing import JSON, call_headers, refusal_headers
from gateway.pipeline import fold, refuse
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.stages.authenticate import authenticate

_RENDERER = JSONRenderer()


class LeanView(APIView):
    """DRF's view with an asynchronous dispatch that stays on the event loop: DRF's own life-cycle, no thread.

    Who calls is decided by the pipeline, which also puts refusals on record, so DRF's own checks are empty here.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        # Calls are answered in their wire format whatever they accept: weighing it cost a tenth of the loop's time.
        return _RENDERER, _RENDERER.media_type

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        self.initial(self.request, *args, **kwargs)
        handler = getattr(self, (request.method or "").lower(), None)
        if handler is None:
            raise Refusal("method_not_allowed", f"{request.method} is not allowed here.")
        response: HttpResponse = await handler(request, *args, **kwargs)
        return response


class CallView(LeanView):
    """A unary call of either wire format. The handler has read and parsed the body."""

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = request.scope  # type: ignore[attr-defined]
        gateway: Gateway = scope["gatehouse.gateway"]
        call: Call = scope["gatehouse.call"]
        entrance: Entrance = scope["gatehouse.entrance"]
        early: Refusal | None = scope["gatehouse.refusal"]
        try:
            if early is not None:
                await refuse(call, early, gateway)
                raise call.refusal or early
            reply = await fold(call, gateway)
        except Refusal as refusal:
            return refused(call, entrance, refusal)
        body = entrance.whole(call, reply.events, reply.finished)
        return HttpResponse(body, content_type=JSON, headers=call_headers(call, with_cost=True))


def refused(call: Call, entrance: Entrance, refusal: Refusal) -> HttpResponse:
    body, extra = entrance.error(refusal)
    headers = call_headers(call, with_cost=True) | refusal_headers(refusal) | extra
    return HttpResponse(body, content_type=JSON, status=refusal.status, headers=headers)


class ModelsView(LeanView):
    """GET /v1/models: the routes this key may call, as OpenAI lists models."""

    async def get(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = request.scope  # type: ignore[attr-defined]
        gateway: Gateway = scope["gatehouse.gateway"]
        call = new_call(scope, wire_format="openai", parsed=None, body_bytes=0)
        call.key_text = api_key(headers_of(scope))
        try:
            authenticate(call, gateway)
        except Refusal as refusal:
            return refused(call, OpenAIEntrance(), refusal)
        assert call.key is not None
        routes = [
            gateway.snapshot.routes[name]
            for name in gateway.snapshot.route_names
            if call.key.may_call(name, call.started_at)
        ]
        models = [
            {
                "id": route.name,
                "object": "model",
                "created": int(route.created_at.timestamp()),
                "owned_by": route.deployments[0].vendor if route.deployments else "",
            }
            for route in routes
        ]
        wanted = kwargs.get("model")
        if wanted is None:
            return HttpResponse(orjson.dumps({"object": "list", "data": models}), content_type=JSON)
        for model in models:
            if model["id"] == wanted:
                return HttpResponse(orjson.dumps(model), content_type=JSON)
        return refused(
            call, OpenAIEntrance(), Refusal("model_not_found", f"There is no model '{wanted[:200]}'.")
        )
