"""DRF views of the gateway: what they share, and unary calls."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from gateway.entrances.formats.outgoing import JSON, call_headers
from gateway.entrances.handover import call_handover_of, scope_of
from gateway.entrances.sending import refused
from gateway.pipeline import fold, refuse
from gateway.refusals import Refusal

__all__ = ["CallView", "LeanView", "refused"]
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
    """A unary call of any wire format. The handler has read and parsed the body."""

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        found = call_handover_of(scope_of(request))
        call, entrance = found.call, found.entrance
        try:
            if found.refusal is not None:
                await refuse(call, found.refusal, found.gateway)
                raise call.refusal or found.refusal
            reply = await fold(call, found.gateway)
        except Refusal as refusal:
            return refused(call, entrance, refusal)
        body = entrance.whole(call, reply.events, reply.finished)
        return HttpResponse(body, content_type=JSON, headers=call_headers(call, with_cost=True))
