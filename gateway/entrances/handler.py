"""The gateway's ASGI application: lean on purpose. No middleware, no thread, no ORM on the way of a call.

It reads a body once, sees whether a stream is asked for, and hands the call to a DRF view (unary) or to a Channels
consumer (server-sent events, event stream, WebSocket).
"""

import asyncio
import logging
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponse

from gateway.call.idempotency import HEADER
from gateway.entrances.body_bounds import LARGE_BODY, check_bounds
from gateway.entrances.door import let_in
from gateway.entrances.formats import anthropic_reply, openai_reply
from gateway.entrances.formats.aws_errors import converse_error, converse_error_type
from gateway.entrances.formats.entrance import Parsed
from gateway.entrances.formats.incoming import Scope, check_tags, headers_of, new_call, tag
from gateway.entrances.formats.outgoing import JSON, id_headers, raw, refusal_headers
from gateway.entrances.handover import CallHandover, Handover
from gateway.entrances.keyed import call_once, view_once
from gateway.entrances.metrics_board import MetricsBoard
from gateway.entrances.nowhere import nothing_at, speaks_anthropic, speaks_bedrock
from gateway.entrances.once import known_by, wanted_key
from gateway.entrances.origins import Origins
from gateway.entrances.read_body import ClientLeftError, read_body
from gateway.entrances.readiness import DEADLINE_SECONDS, EVERY_SECONDS, Readiness
from gateway.entrances.sending import Receive, Send, send_answer, send_whole, view_answer
from gateway.entrances.starting import Starting
from gateway.entrances.stream import StreamConsumer
from gateway.entrances.table import CHAT_SOCKET, Address, find, load_views
from gateway.entrances.views.probes import health, metrics, readiness, welcome
from gateway.entrances.websocket import ChatConsumer
from gateway.refusals import Refusal, status_in, too_deep, unexpected
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry
from kernel.collector import quieten
from kernel.ending import ends_within
from kernel.ids import new_id

logger = logging.getLogger(__name__)

PROBES = ("/healthz", "/readyz")
_MAX_OTHER_BYTES = 64 * 1024
"""Of what is no call: feedback."""
_STARTING_SECONDS = 3


class GatewayHandler:
    """ASGI: lifespan, HTTP and WebSocket."""

    def __init__(self) -> None:
        self.gateway: Gateway | None = None
        self._readiness: Readiness | None = None
        self._board: MetricsBoard | None = None
        self.starting = Starting(self.start)
        self._stream = StreamConsumer.as_asgi()
        self._websocket = ChatConsumer.as_asgi()
        self._origins = Origins(settings.GATEWAY_CORS_ORIGINS) if settings.GATEWAY_CORS_ORIGINS else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if self._origins is not None:
            send = self._origins.opening(scope, send)
        try:
            await self._http(scope, receive, send)
        except ClientLeftError:
            return
        except Refusal as refusal:
            response = _worded(scope, refusal)
            if refusal.code == "overloaded":
                response["connection"] = "close"  # it may be connections that there are too many of
            await send_whole(send, response)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            await send_whole(send, _worded(scope, unexpected()))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket, refused in the handshake where there is nothing, or no valid key."""
        if scope["path"] != CHAT_SOCKET or self.gateway is None:
            await send({"type": "websocket.close", "code": 4404})
            return
        try:
            let_in(self.gateway, scope, headers_of(scope), CHAT_SOCKET)
        except Refusal as refusal:
            await _close_socket(scope, send, refusal)
            return
        Handover(gateway=self.gateway).put(scope)
        await self._websocket(scope, receive, send)

    def probe(self, path: str) -> HttpResponse:
        """The answer to /healthz or /readyz, from what was seen last: for any thread."""
        return (
            health()
            if path == "/healthz"
            else readiness(self._readiness, self.gateway, self.starting.waits_for)
        )

    async def start(self) -> None:
        """Starts what calls need. NotYetError when Postgres can't be reached, or is not migrated."""
        load_views()
        gateway = Gateway()
        try:
            await gateway.start()
        except BaseException:
            await gateway.abandon()
            raise
        self.gateway = gateway
        self._readiness = Readiness(self.gateway)
        await self._readiness.look()
        self.gateway.upkeep.every(
            EVERY_SECONDS, "looking whether all is well", self._readiness.look, deadline=DEADLINE_SECONDS
        )
        self._board = MetricsBoard(self.gateway, self._readiness)
        await self._board.start()
        # What was loaded stays for good: left to the garbage collector, walking through it stops every call for
        # tenths of a second now and then (docs/performance.md).
        quieten()

    async def stop(self) -> None:
        self.starting.stop()
        if self.gateway is not None:
            await self.gateway.stop()
        if self._board is not None:
            await self._board.stop()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.starting.begin()
                except Exception as error:
                    logger.exception("the gateway could not start")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                ends_within()
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in PROBES:
            await send_whole(send, self.probe(path))
            return
        if path == "/metrics":
            await send_whole(send, await metrics(self._board, headers_of(scope)))
            return
        if path == "/" and scope["method"] in ("GET", "HEAD"):
            await send_whole(send, welcome())
            return
        if self.gateway is None:
            raise Refusal(
                "overloaded", "Gatehouse is starting. Please try again.", retry_after=_STARTING_SECONDS
            )
        found = find(scope)
        if found is None:
            raise nothing_at(path)
        address, parts = found
        if scope["method"] == "OPTIONS":
            await self._options(scope, send)
            return
        is_post = scope["method"] == "POST"
        if address.entrance is not None and not is_post:
            raise Refusal("method_not_allowed", f"{scope['method']} is not allowed here.")
        key = let_in(self.gateway, scope, headers_of(scope), address.path)
        if address.entrance is not None and is_post:
            await self._call(self.gateway, scope, receive, send, address, parts, key)
            return
        if address.reads_itself and is_post:
            Handover(gateway=self.gateway, receive=receive).put(scope)
            await send_answer(send, await view_answer(scope, address, parts, b""))
            return
        most = settings.GATEWAY_MAX_BODY_BYTES if address.takes_large_bodies else _MAX_OTHER_BYTES
        body = await read_body(receive, most, headers_of(scope)) if is_post else b""
        await check_bounds(body)
        if address.makes_calls and is_post and HEADER in headers_of(scope):
            await view_once(self.gateway, scope, receive, send, address=address, body=body, key=key)
            return
        Handover(gateway=self.gateway, body=body).put(scope)
        await send_answer(send, await view_answer(scope, address, parts, body))

    async def _options(self, scope: Scope, send: Send) -> None:
        """Browsers ask before they call, without a key; only pages of origins that are set are told that they may."""
        headers = [] if self._origins is None else self._origins.preflight(scope)
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _call(
        self,
        gateway: Gateway,
        scope: Scope,
        receive: Receive,
        send: Send,
        address: Address,
        parts: dict[str, str],
        key: KeyEntry,
    ) -> None:
        entrance = address.entrance_of(parts, gateway.snapshot)
        parsed: Parsed | None = None
        refusal: Refusal | None = None
        once: bytes | None = None
        body = b""
        try:
            headers = headers_of(scope)
            once = wanted_key(headers, entrance.name)
            body = await read_body(receive, settings.GATEWAY_MAX_BODY_BYTES, headers)
            check_tags(headers)
            if len(body) < LARGE_BODY:
                parsed = entrance.parse(body, headers)
            else:
                await check_bounds(body)
                parsed = await asyncio.to_thread(entrance.parse, body, headers)
        except Refusal as early:
            refusal = early
        except RecursionError:
            refusal = too_deep()
        except ClientLeftError:
            return
        found = CallHandover(
            gateway=gateway,
            body=body,
            call=new_call(
                scope, wire_format=entrance.name, parsed=parsed, body_bytes=len(body), shown_key=key
            ),
            entrance=entrance,
            parsed=parsed,
            refusal=refusal,
        )
        found.put(scope)
        if once is not None and refusal is None:
            known = await known_by(scope, once, body, key)
            await call_once(found, scope, receive, send, address=address, parts=parts, known=known)
        elif parsed is not None and parsed.is_stream:
            await self._stream(scope, _Replay(receive), send)
        else:
            await send_whole(send, await view_answer(scope, address, parts, body))


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


def _worded(scope: Scope, refusal: Refusal) -> HttpResponse:
    """A refusal of what became no call, in the shape that this address speaks."""
    request_id, status = tag(headers_of(scope), b"x-request-id") or str(new_id()), refusal.status
    wire_format = "bedrock" if speaks_bedrock(scope) else "anthropic" if speaks_anthropic(scope) else "openai"
    headers = id_headers(request_id, wire_format) | refusal_headers(refusal)
    if wire_format == "bedrock":
        error, status = converse_error(refusal), status_in(refusal, wire_format)
        headers["x-amzn-errortype"] = converse_error_type(refusal)
    elif wire_format == "anthropic":
        error = anthropic_reply.anthropic_error(refusal, request_id)
    else:
        error = openai_reply.openai_error(refusal)
    return HttpResponse(orjson.dumps(error), status=status, content_type=JSON, headers=headers)


async def _close_socket(scope: Scope, send: Send, refusal: Refusal) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4401})
        return
    response = _worded(scope, refusal)
    headers = raw(dict(response.items()))
    start = {"type": "websocket.http.response.start", "status": response.status_code, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": response.content})
