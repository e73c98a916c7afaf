"""What a view answers, sent as ASGI's messages."""

from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from gateway.call import Call
from gateway.entrances.formats.entrance import Entrance
from gateway.entrances.formats.incoming import Scope
from gateway.entrances.formats.outgoing import JSON, call_headers, raw, refusal_headers
from gateway.entrances.table import Address
from gateway.refusals import Refusal, status_in

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def view_answer(scope: Scope, address: Address, parts: dict[str, str], body: bytes) -> HttpResponse:
    """What the view of an address answers."""
    response: HttpResponse = await address.view()(ASGIRequest(scope, BytesIO(body)), **parts)
    return response


async def send_whole(send: Send, response: HttpResponse) -> None:
    headers = raw(dict(response.items()))
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


async def send_answer(send: Send, response: HttpResponseBase) -> None:
    """What a view answers, whole or piece by piece."""
    if isinstance(response, HttpResponse):
        await send_whole(send, response)
        return
    assert isinstance(response, StreamingHttpResponse)
    headers = raw(dict(response.items()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    async for piece in response:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def refused(call: Call, entrance: Entrance, refusal: Refusal) -> HttpResponse:
    """A refusal in the call's own format."""
    body, extra = entrance.error(call, refusal)
    headers = call_headers(call, with_cost=True) | refusal_headers(refusal) | extra
    status = status_in(refusal, call.request.wire_format)
    return HttpResponse(body, content_type=JSON, status=status, headers=headers)
