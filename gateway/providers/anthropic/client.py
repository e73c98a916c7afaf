"""Anthropic's Messages."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from gateway.call.embedding import EmbeddingOptions
from gateway.events import Event
from gateway.providers.anthropic.answer import MessagesReader, StreamEvent, decode_event
from gateway.providers.anthropic.request import betas_of, messages_body
from gateway.providers.direct.client import EVENT_STREAM, JSON, DirectClient, is_document
from gateway.providers.direct.errors import told_by, told_in
from gateway.providers.provider import Asked, Attempt
from gateway.providers.transport import Pieces
from gateway.refusals import Refusal
from gateway.wire.sse import EventDecoder

_PATH = "/v1/messages"
_UNREADABLE = (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError)


class MessagesProvider:
    """A `Provider`."""

    def __init__(self, client: DirectClient) -> None:
        self._client = client

    async def answer(
        self, attempt: Attempt, asked: Asked, *, is_streamed: bool
    ) -> AsyncGenerator[Event, None]:
        body = messages_body(asked.conversation, model=attempt.invoke_id, is_streamed=is_streamed)
        betas = betas_of(asked.conversation)
        headers = {"anthropic-beta": betas} if betas else {}
        events = (self._stream if is_streamed else self._whole)(attempt, body, headers)
        async with aclosing(events):
            async for event in events:
                yield event

    async def _whole(
        self, attempt: Attempt, body: bytes, headers: dict[str, str]
    ) -> AsyncGenerator[Event, None]:
        async with self._client.post(attempt, _PATH, body, accept=JSON, headers=headers) as answer:
            content = await answer.read()
        for event in self._read(attempt, content):
            yield event

    def _read(self, attempt: Attempt, content: bytes) -> list[Event]:
        """The events of a whole answer. Refusal for what is none."""
        try:
            return list(MessagesReader(takes_raw=attempt.takes_raw).whole(content))
        except _UNREADABLE as error:
            if b'"error"' in content[:200]:  # with status 200 all the same
                raise self._client.refusal(attempt, told_by(content), status=200) from error
            raise self._client.unreadable() from error

    async def _stream(
        self, attempt: Attempt, body: bytes, headers: dict[str, str]
    ) -> AsyncGenerator[Event, None]:
        reader, decoder = MessagesReader(takes_raw=attempt.takes_raw), EventDecoder()
        whole = Pieces()
        async with self._client.post(attempt, _PATH, body, accept=EVENT_STREAM, headers=headers) as answer:
            try:
                async for chunk in answer.chunks():
                    if whole or (not decoder.has_begun and is_document(chunk)):
                        whole.add(chunk)
                        continue
                    for found in decoder.feed(chunk):
                        for event in reader.feed(self._checked(attempt, found.data)):
                            yield event
                    if reader.is_finished:
                        break
            except _UNREADABLE as error:
                raise self._client.unreadable() from error
        if whole:
            for event in self._read(attempt, whole.joined()):
                yield event
        elif not reader.is_finished:
            raise self._client.cut()

    def _checked(self, attempt: Attempt, data: bytes) -> StreamEvent:
        """An event. Refusal where it is an error."""
        event = decode_event(data)
        if event.type == "error":
            raise self._client.refusal(attempt, told_in({"error": event.error or {}}), status=200)
        return event

    async def embed(
        self,
        attempt: Attempt,
        model_id: str,
        texts: list[str],
        dimensions: int | None,
        options: EmbeddingOptions | None = None,
    ) -> AsyncGenerator[Event, None]:
        raise _none("embeds")
        yield  # an iterator like the others

    async def rerank(self, attempt: Attempt, model_id: str, texts: list[str]) -> AsyncGenerator[Event, None]:
        raise _none("ranks")
        yield


def _none(what: str) -> Refusal:
    told = f"The model's provider {what} nothing. Choose another model."
    return Refusal("invalid_request", told, param="model")
