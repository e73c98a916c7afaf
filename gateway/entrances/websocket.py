"""`/ws/v1/chat`: calls over a WebSocket, several at a time, each told apart by an id of the client's choice.

Client → {"type": "chat", "id": "1", "model": …, "messages": […], …} (the body of a chat completion), {"type": "cancel", "id"}
Server → {"type": "start" | "delta" | "reasoning" | "annotations" | "tool_start" | "tool_delta" | "end" | "error", "id": "1", …}
"""

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

import msgspec
import orjson
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings

from gateway.call import Call
from gateway.entrances.formats import openai_reply
from gateway.entrances.formats.entrance import OpenAIEntrance, decode_body
from gateway.entrances.formats.incoming import api_key, check_tags, headers_of, new_call
from gateway.entrances.formats.told import Annotations, Teller
from gateway.entrances.handover import handover_of
from gateway.events import Event, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart
from gateway.pipeline import refuse, respond
from gateway.refusals import Refusal, too_large
from kernel.money import plain_usd

MAX_CALLS = 8
_MAX_ID_LENGTH = 100
_UNAUTHORIZED = 4401
_ENTRANCE = OpenAIEntrance()


class _Envelope(msgspec.Struct):
    type: str = "chat"
    id: str = ""


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


class ChatConsumer(AsyncConsumer):  # type: ignore[misc]
    """One connection. The key comes in the handshake's headers, and every call is checked as over HTTP."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "websocket.connect":
                self._calls: dict[str, asyncio.Task[None]] = {}
                has_key = api_key(headers_of(self.scope)) is not None
                await self.base_send({"type": "websocket.accept"})
                if not has_key:
                    hint = "Send your API key in the handshake: 'Authorization: Bearer gh_…'."
                    await self._refuse_early(b"", Refusal("invalid_api_key", hint))
                    await self.base_send({"type": "websocket.close", "code": _UNAUTHORIZED})
            case "websocket.receive":
                await self._receive(message)
            case "websocket.disconnect":
                for task in self._calls.values():
                    task.cancel()
                if self._calls:
                    await asyncio.wait(tuple(self._calls.values()))
                raise StopConsumer

    async def _receive(self, message: dict[str, Any]) -> None:
        text = message.get("text")
        body: bytes = (
            text.encode("utf-8", "surrogatepass") if text is not None else message.get("bytes") or b""
        )
        try:
            if len(body) > settings.GATEWAY_MAX_BODY_BYTES:
                raise too_large(settings.GATEWAY_MAX_BODY_BYTES)
            envelope: _Envelope = decode_body(_decode_envelope, body)
            if envelope.type == "cancel":
                if (task := self._calls.get(envelope.id)) is not None:
                    task.cancel()
                return
            self._check(envelope)
        except Refusal as refusal:
            await self._refuse_early(body, refusal)
            return
        task = asyncio.create_task(self._reply(envelope.id, body))
        self._calls[envelope.id] = task
        task.add_done_callback(lambda _: self._calls.pop(envelope.id, None))

    def _check(self, envelope: _Envelope) -> None:
        if envelope.type != "chat":
            raise Refusal(
                "invalid_request",
                f"The type is '{envelope.type[:50]}'; it must be 'chat' or 'cancel'.",
                param="type",
            )
        if len(envelope.id) > _MAX_ID_LENGTH:
            raise Refusal("invalid_request", f"The id is over {_MAX_ID_LENGTH} characters.", param="id")
        if envelope.id in self._calls:
            raise Refusal(
                "invalid_request", f"A call with the id '{envelope.id}' is still under way.", param="id"
            )
        if len(self._calls) >= MAX_CALLS:
            raise Refusal("invalid_request", f"{MAX_CALLS} calls are under way, the most for one connection.")

    async def _refuse_early(self, body: bytes, refusal: Refusal) -> None:
        gateway = handover_of(self.scope).gateway
        call = new_call(self.scope, wire_format="websocket", parsed=None, body_bytes=len(body))
        await refuse(call, refusal, gateway)
        await self._send("error", "", **openai_reply.openai_error(call.refusal or refusal))

    async def _reply(self, client_id: str, body: bytes) -> None:
        gateway = handover_of(self.scope).gateway
        try:
            headers = headers_of(self.scope)
            check_tags(headers)
            parsed = _ENTRANCE.parse(body, headers)
        except Refusal as refusal:
            await self._refuse_early(body, refusal)
            return
        parsed = replace(parsed, is_stream=True)
        call = new_call(self.scope, wire_format="websocket", parsed=parsed, body_bytes=len(body))
        has_begun, teller = False, Teller()
        try:
            async with aclosing(respond(call, gateway)) as events:
                async for event in events:
                    if not has_begun:
                        has_begun = True
                        model = call.deployment.model_id if call.has_deployment else ""
                        more: dict[str, Any] = (
                            {"adjusted": call.checks.adjusted} if call.checks.adjusted else {}
                        )
                        if call.cache is not None and call.cache.outcome:
                            more["cache"] = call.cache.header()
                        await self._send("start", client_id, call_id=str(call.id), model=model, **more)
                    for told in teller.feed(event):
                        await self._send_event(client_id, call, told)
        except Refusal as refusal:
            await self._send("error", client_id, call_id=str(call.id), **openai_reply.openai_error(refusal))

    async def _send_event(self, client_id: str, call: Call, event: Event) -> None:
        match event:
            case TextDelta(_, text):
                await self._send("delta", client_id, text=text)
            case ReasoningDelta(_, text) if text:
                await self._send("reasoning", client_id, text=text)
            case ToolStart(index, tool_use_id, name):
                await self._send("tool_start", client_id, index=index, tool_call_id=tool_use_id, name=name)
            case ToolDelta(index, arguments):
                await self._send("tool_delta", client_id, index=index, arguments=arguments)
            case Annotations(_, found):
                await self._send("annotations", client_id, annotations=found)
            case Finished():
                await self._send(
                    "end",
                    client_id,
                    finish_reason=openai_reply.finish_reason(event),
                    usage=openai_reply.openai_usage(event.usage),
                    cost_usd=plain_usd(call.charge.cost_nanos),
                )

    async def _send(self, kind: str, client_id: str, **members: Any) -> None:
        text = orjson.dumps({"type": kind, "id": client_id, **members}).decode()
        # A client that has gone is heard of in a message of its own, which ends its calls.
        with suppress(OSError):
            await self.base_send({"type": "websocket.send", "text": text})
