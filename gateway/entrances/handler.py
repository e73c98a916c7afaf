"""The gateway's ASGI application: lean on purpose. No middleware, no thread, no ORM on the way of a call.

It reads a body once, sees whether a stream is asked for, and hands the call to a DRF view (unary) or to a Channels
consumer (server-sent events, event stream, WebSocket).
"""

import logging
import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import orjson
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.urls import Resolver404, get_resolver

from gateway.entrances.formats import anthropic_reply, openai_reply
from gateway.entrances.formats.embeddings import EmbeddingsEntrance
from gateway.entrances.formats.entrance import (
    AnthropicEntrance,
    ConverseEntrance,
    Entrance,
    OpenAIEntrance,
    Parsed,
)
from gateway.entrances.formats.incoming import Scope, check_tags, headers_of, new_call
from gateway.entrances.formats.outgoing import JSON, raw
from gateway.entrances.formats.prompts import PromptEntrance
from gateway.entrances.stream import StreamConsumer
from gateway.entrances.views.probes import health, metrics, readiness
from gateway.entrances.websocket import ChatConsumer
from gateway.refusals import Refusal, too_large, unexpected
from gateway.runtime import Gateway
from kernel.collector import quieten

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_CONVERSE = re.compile(rb"/bedrock/model/([^/]+)/converse(-stream)?$")
_PROMPT = re.compile(r"/v1/prompts/([^/]+)/run$")
_WEBSOCKET_PATH = "/ws/v1/chat"
_MESSAGES_PATH = "/v1/messages"
_COUNT_PATH = f"{_MESSAGES_PATH}/count_tokens"
_OPENAI = OpenAIEntrance()
_ANTHROPIC = AnthropicEntrance()
_MAX_OTHER_BYTES = 64 * 1024
"""Of what is no call: feedback."""


class GatewayHandler:
    """ASGI: lifespan, HTTP and WebSocket."""

    def __init__(self) -> None:
        self.gateway: Gateway | None = None
        self._resolver = get_resolver("gateway.entrances.urls")
        self._stream = StreamConsumer.as_asgi()
        self._websocket = ChatConsumer.as_asgi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        scope["gatehouse.gateway"] = self.gateway
        if scope["type"] == "websocket":
            if scope["path"] == _WEBSOCKET_PATH and self.gateway is not None:
                await self._websocket(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 4404})
            return
        try:
            await self._http(scope, receive, send)
        except _ClientLeft:
            return
        except Refusal as refusal:
            await _send(send, _worded(scope, refusal))
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            await _send(send, _worded(scope, unexpected()))

    async def start(self) -> None:
        """Starts what calls need. Raises when Postgres can't be reached."""
        _ = self._resolver.url_patterns  # loads the views, and what they need
        self.gateway = Gateway()
        await self.gateway.start()
        # What was loaded stays for good: left to the garbage collector, walking through it stops every call for
        # tenths of a second now and then (docs/performance.md).
        quieten()

    async def stop(self) -> None:
        if self.gateway is not None:
            await self.gateway.stop()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    logger.exception("the gateway could not start")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in ("/healthz", "/readyz"):
            probe = health() if path == "/healthz" else await readiness(self.gateway)
            await _send(send, probe)
            return
        if path == "/metrics":
            await _send(send, metrics(self.gateway, headers_of(scope)))
            return
        if self.gateway is None:
            raise Refusal("overloaded", "Gatehouse is starting. Please try again.")
        entrance = _entrance(scope) if scope["method"] == "POST" else None
        if entrance is None:
            most = settings.GATEWAY_MAX_BODY_BYTES if path == _COUNT_PATH else _MAX_OTHER_BYTES
            body = await _read_body(receive, most) if scope["method"] == "POST" else b""
            scope["gatehouse.body"] = body  # Django hands out less of it than a prompt may have
            await _send(send, await self._view(scope, body))
            return
        await self._call(scope, receive, send, entrance)

    async def _call(self, scope: Scope, receive: Receive, send: Send, entrance: Entrance) -> None:
        parsed: Parsed | None = None
        refusal: Refusal | None = None
        body = b""
        try:
            body = await _read_body(receive, settings.GATEWAY_MAX_BODY_BYTES)
            check_tags(headers_of(scope))
            parsed = entrance.parse(body)
        except Refusal as found:
            refusal = found
        except _ClientLeft:
            return
        scope["gatehouse.call"] = new_call(
            scope, wire_format=entrance.name, parsed=parsed, body_bytes=len(body)
        )
        scope["gatehouse.entrance"] = entrance
        scope["gatehouse.refusal"] = refusal
        if parsed is not None and parsed.is_stream:
            scope["gatehouse.parsed"] = parsed
            await self._stream(scope, _Replay(receive), send)
        else:
            await _send(send, await self._view(scope, body))

    async def _view(self, scope: Scope, body: bytes) -> HttpResponse:
        try:
            match = self._resolver.resolve(scope["path"])
        except Resolver404 as error:
            raise Refusal("not_found", f"There is nothing at {scope['path'][:200]}.") from error
        request = ASGIRequest(scope, BytesIO(body))
        response: HttpResponse = await match.func(request, *match.args, **match.kwargs)
        return response


class _ClientLeft(Exception):
    pass


class _Replay:
    """A `receive` for a consumer: the request, whose body has been read, then what else comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_first = True

    async def __call__(self) -> dict[str, Any]:
        if self._is_first:
            self._is_first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        return await self._receive()


def _entrance(scope: Scope) -> Entrance | None:
    if scope["path"] == "/v1/chat/completions":
        return _OPENAI
    if scope["path"] == _MESSAGES_PATH:
        return _ANTHROPIC
    if scope["path"] == "/v1/embeddings":
        return EmbeddingsEntrance()
    if (prompt := _PROMPT.match(scope["path"])) is not None:
        return PromptEntrance(name=prompt[1])
    match = _CONVERSE.match(scope.get("raw_path") or scope["path"].encode())
    if match is None:
        return None
    return ConverseEntrance(model=unquote(match[1].decode("latin-1")), is_stream=match[2] is not None)


async def _read_body(receive: Receive, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeft
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise too_large(most)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) > 1 else chunk


def _worded(scope: Scope, refusal: Refusal) -> HttpResponse:
    """A refusal of what became no call, in the shape that this address speaks."""
    is_anthropic = scope["path"].startswith(_MESSAGES_PATH)
    error = anthropic_reply.error(refusal, None) if is_anthropic else openai_reply.error(refusal)
    return HttpResponse(orjson.dumps(error), status=refusal.status, content_type=JSON)


async def _send(send: Send, response: HttpResponse) -> None:
    headers = raw(dict(response.items()))
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
