"""OpenAI's chat completions and embeddings, and whatever speaks them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from gateway.call.embedding import EmbeddingOptions
from gateway.events import Event, Finished, Usage, Vector
from gateway.providers.direct.client import EVENT_STREAM, JSON, DirectClient, is_document
from gateway.providers.direct.errors import told_by, told_in
from gateway.providers.openai.answer import ChatReader, Chunk, decode_chunk
from gateway.providers.openai.dialect import Dialect
from gateway.providers.openai.embeddings import embedding_bodies, vectors
from gateway.providers.openai.request import chat_body
from gateway.providers.provider import Asked, Attempt
from gateway.providers.transport import Pieces
from gateway.refusals import Refusal
from gateway.wire.sse import EventDecoder

_DONE = b"[DONE]"
_UNREADABLE = (msgspec.MsgspecError, ValueError)
"""Of no JSON, no text in UTF-8, no stream of events, no answer."""


class ChatProvider:
    """One vendor in its dialect. A `Provider`."""

    def __init__(self, client: DirectClient, dialect: Dialect) -> None:
        self._client = client
        self._dialect = dialect

    async def answer(
        self, attempt: Attempt, asked: Asked, *, is_streamed: bool
    ) -> AsyncGenerator[Event, None]:
        body = chat_body(
            asked.conversation, model=attempt.invoke_id, dialect=self._dialect, is_streamed=is_streamed
        )
        events = self._stream(attempt, body) if is_streamed else self._whole(attempt, body)
        async with aclosing(events):
            async for event in events:
                yield event

    async def _whole(self, attempt: Attempt, body: bytes) -> AsyncGenerator[Event, None]:
        reader = ChatReader(searches=self._dialect.searches)
        async with self._client.post(attempt, "/chat/completions", body, accept=JSON) as answer:
            content = await answer.read()
        for event in self._read(attempt, content, reader):
            yield event

    def _read(self, attempt: Attempt, content: bytes, reader: ChatReader) -> list[Event]:
        """The events of a whole answer. Refusal for what is none."""
        try:
            events = [*reader.feed(self._checked(attempt, content)), *reader.end()]
        except _UNREADABLE as error:
            raise self._client.unreadable() from error
        if not reader.is_complete:
            raise self._client.unreadable()
        return events

    async def _stream(self, attempt: Attempt, body: bytes) -> AsyncGenerator[Event, None]:
        reader = ChatReader(searches=self._dialect.searches)
        decoder, is_done = EventDecoder(), False
        whole = Pieces()
        async with self._client.post(attempt, "/chat/completions", body, accept=EVENT_STREAM) as answer:
            try:
                async for chunk in answer.chunks():
                    if whole or (not decoder.has_begun and is_document(chunk)):
                        whole.add(chunk)
                        continue
                    for found in decoder.feed(chunk):
                        if found.data.strip() == _DONE:
                            is_done = True
                            break
                        for event in reader.feed(self._checked(attempt, found.data, name=found.name)):
                            yield event
                    if is_done:
                        break
            except _UNREADABLE as error:
                raise self._client.unreadable() from error
        if whole:
            for event in self._read(attempt, whole.joined(), reader):
                yield event
            return
        # Some servers that say to be compatible leave `[DONE]` out; none leaves out why the answer ended.
        if not reader.is_complete or not (is_done or decoder.is_between_events):
            raise self._client.cut()
        for event in reader.end():
            yield event

    def _checked(self, attempt: Attempt, data: bytes, *, name: str = "") -> Chunk:
        """A whole answer or an event. Refusal where it is an error, which may come with status 200, too."""
        chunk = decode_chunk(data)
        if chunk.error or (chunk.error is not None and not chunk.choices):
            raise self._client.refusal(attempt, told_in({"error": chunk.error}), status=200)
        if (name == "error" or chunk.object == "error") and not chunk.choices:
            raise self._client.refusal(attempt, told_by(data), status=200)
        return chunk

    async def embed(
        self,
        attempt: Attempt,
        model_id: str,
        texts: list[str],
        dimensions: int | None,
        options: EmbeddingOptions | None = None,
    ) -> AsyncGenerator[Event, None]:
        """A vector for each text, in order. It may take several requests, each billed when its vectors have come."""
        index, total, is_cut = 0, 0, False
        for body, number in embedding_bodies(attempt.invoke_id, texts, dimensions, options):
            async with self._client.post(attempt, "/embeddings", body, accept=JSON) as answer:
                content = await answer.read()
            try:
                rows, tokens = vectors(content, number)
            except (msgspec.MsgspecError, ValueError) as error:
                raise self._client.unreadable() from error
            for place, row in enumerate(rows):
                yield Vector(index, row, 0 if place else tokens)
                index += 1
            total += tokens
            is_cut |= not tokens
        yield Finished("end_turn", Usage(input=total), is_cut=is_cut)

    async def rerank(self, attempt: Attempt, model_id: str, texts: list[str]) -> AsyncGenerator[Event, None]:
        raise Refusal(
            "invalid_request", "The model's provider ranks nothing. Choose another model.", param="model"
        )
        yield  # an iterator like the others
