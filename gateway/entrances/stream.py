"""A streamed reply over HTTP: server-sent events for OpenAI's and Anthropic's SDKs, event-stream frames for boto3."""

import asyncio
from contextlib import aclosing
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings

from gateway.call import Call
from gateway.entrances.formats.entrance import Entrance, Writer
from gateway.entrances.formats.outgoing import call_headers, raw
from gateway.entrances.handover import CallHandover, call_handover_of
from gateway.entrances.keep_alive import KeepAlive
from gateway.entrances.sending import Send, refused, send_whole
from gateway.pipeline import respond
from gateway.refusals import Refusal


class StreamConsumer(AsyncConsumer):  # type: ignore[misc]
    """Answers one request. The reply runs in a task, so that a client's leaving is heard and stops it at once."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Not Channels' own, which visits a thread for every message to look after database connections; there are none.
        if message["type"] == "http.request":
            self._task = asyncio.create_task(
                StreamedReply(call_handover_of(self.scope), self.base_send).run()
            )
        else:
            self._task.cancel()
            await asyncio.wait((self._task,))
            raise StopConsumer


class StreamedReply:
    """One reply, sent as ASGI's messages.

    The head waits for the first event, so that what is refused before has its true status; but no longer than a setting's
    seconds. What is refused later is told in the stream.
    """

    def __init__(self, found: CallHandover, send: Send) -> None:
        self._found, self._send = found, send
        self._has_head = False

    async def run(self) -> None:
        found = self._found
        call, entrance = found.call, found.entrance
        assert found.parsed is not None
        writer = entrance.writer(call, found.parsed)
        has_begun = False
        keeping = KeepAlive(
            settings.GATEWAY_KEEP_ALIVE_SECONDS, partial(self._keep_alive, call, entrance, writer)
        )
        try:
            async with aclosing(respond(call, found.gateway)) as events:
                async for event in events:
                    data = writer.write(event)
                    if keeping.saying is not None:
                        await keeping.said()
                    if not has_begun:
                        has_begun = True
                        data = writer.start() + data
                        if not self._has_head:
                            await self._begin(call, entrance)
                    if data:
                        keeping.before_send()
                        await self._send({"type": "http.response.body", "body": data, "more_body": True})
                        keeping.after_send()
        except Refusal as refusal:
            await keeping.said()
            if not self._has_head:
                await send_whole(self._send, refused(call, entrance, refusal))
                return
            data = writer.error(refusal) if has_begun else writer.start() + writer.error(refusal)
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        finally:
            keeping.stop()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _keep_alive(self, call: Call, entrance: Entrance, writer: Writer) -> None:
        if not self._has_head:
            await self._begin(call, entrance)
        if data := writer.keep_alive():
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def _begin(self, call: Call, entrance: Entrance) -> None:
        self._has_head = True
        headers = {
            "content-type": entrance.stream_type,
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
            **call_headers(call, with_cost=False),
        }
        await self._send({"type": "http.response.start", "status": 200, "headers": raw(headers)})
