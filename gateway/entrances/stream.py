"""A streamed reply over HTTP: server-sent events for OpenAI's and Anthropic's SDKs, event-stream frames for boto3."""

import asyncio
from contextlib import aclosing
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from gateway.call import Call
from gateway.entrances.formats.entrance import Entrance
from gateway.entrances.formats.outgoing import JSON, call_headers, raw, refusal_headers
from gateway.entrances.handover import call_handover_of
from gateway.pipeline import respond
from gateway.refusals import Refusal, status_in


class StreamConsumer(AsyncConsumer):  # type: ignore[misc]
    """Answers one request. The reply runs in a task, so that a client's leaving is heard and stops it at once."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Not Channels' own, which visits a thread for every message to look after database connections; there are none.
        if message["type"] == "http.request":
            self._task = asyncio.create_task(self._reply())
        else:
            self._task.cancel()
            await asyncio.wait((self._task,))
            raise StopConsumer

    async def _reply(self) -> None:
        found = call_handover_of(self.scope)
        call, entrance = found.call, found.entrance
        assert found.parsed is not None
        writer = entrance.writer(call, found.parsed)
        has_begun = False
        try:
            async with aclosing(respond(call, found.gateway)) as events:
                async for event in events:
                    data = writer.write(event)
                    if not has_begun:
                        await self._begin(call, entrance)
                        has_begun = True
                        data = writer.start() + data
                    if data:
                        await self.base_send({"type": "http.response.body", "body": data, "more_body": True})
        except Refusal as refusal:
            if has_begun:
                await self.base_send(
                    {"type": "http.response.body", "body": writer.error(refusal), "more_body": True}
                )
            else:
                await self._refuse(call, entrance, refusal)
                return
        await self.base_send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _begin(self, call: Call, entrance: Entrance) -> None:
        headers = {
            "content-type": entrance.stream_type,
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
            **call_headers(call, with_cost=False),
        }
        await self.base_send({"type": "http.response.start", "status": 200, "headers": raw(headers)})

    async def _refuse(self, call: Call, entrance: Entrance, refusal: Refusal) -> None:
        body, extra = entrance.error(call, refusal)
        headers = {"content-type": JSON, "content-length": str(len(body))}
        headers |= call_headers(call, with_cost=True) | refusal_headers(refusal) | extra
        status = status_in(refusal, call.request.wire_format)
        await self.base_send({"type": "http.response.start", "status": status, "headers": raw(headers)})
        await self.base_send({"type": "http.response.body", "body": body})
