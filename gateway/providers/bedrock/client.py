"""Bedrock Runtime: one conversation to one deployment, answered as events."""

from collections.abc import AsyncGenerator
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec
import orjson

from gateway.call.embedding import EmbeddingOptions
from gateway.conversation import Conversation
from gateway.events import Event, Finished, Score, Usage, Vector
from gateway.providers.bedrock import embeddings, reranking
from gateway.providers.bedrock.clock import SigningClock
from gateway.providers.bedrock.credentials import CredentialSource
from gateway.providers.bedrock.errors import error_type, refusal_of, wait_of
from gateway.providers.bedrock.signature import sign
from gateway.providers.bedrock.translate import StreamTranslator, events_of_answer
from gateway.providers.provider import Asked, Attempt
from gateway.providers.transport import BrokenError, Transport, UnreachableError, UpstreamAnswer, words_of
from gateway.refusals import Refusal
from gateway.wire.eventstream import CorruptStreamError, Decoder
from kernel.clock import utc_now

__all__ = ["Attempt", "BedrockClient"]
_JSON = "application/json"
_EVENT_STREAM = "application/vnd.amazon.eventstream"
_UNREADABLE = (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError)
"""What translating an answer raises that is none."""


@lru_cache(maxsize=1024)
def _path(invoke_id: str, operation: str) -> str:
    return f"/model/{quote(invoke_id, safe='')}/{operation}"


class BedrockClient:
    """Signs, sends and decodes. Raises Refusal for every fault of the other side. A `Provider`."""

    def __init__(
        self,
        *,
        transport: Transport,
        credentials: CredentialSource,
        endpoint_url: str = "",
        service: str = "bedrock-runtime",
    ) -> None:
        self._service = service
        self._transport = transport
        self._credentials = credentials
        self._endpoint_url = endpoint_url.rstrip("/")
        self._hosts: dict[str, tuple[str, str]] = {}
        self.clock = SigningClock()

    async def close(self) -> None:
        await self._transport.close()

    def answer(self, attempt: Attempt, asked: Asked, *, is_streamed: bool) -> AsyncGenerator[Event, None]:
        """The events of an answer, whole or as they come."""
        operation = self.converse_stream if is_streamed else self.converse
        return operation(attempt, asked.body)

    async def converse(self, attempt: Attempt, body: bytes) -> AsyncGenerator[Event, None]:
        """The events of a whole answer, all at once."""
        async with self._post(attempt, "converse", body, _JSON) as answer:
            content = await self._checked(attempt, answer)
        try:
            for event in events_of_answer(content, takes_raw=attempt.takes_raw):
                yield event
        except _UNREADABLE as error:
            raise _unreadable(attempt) from error

    async def converse_stream(self, attempt: Attempt, body: bytes) -> AsyncGenerator[Event, None]:
        """The events of a stream, as they come. Closing the iterator closes the stream at the model."""
        async with self._post(attempt, "converse-stream", body, _EVENT_STREAM) as answer:
            if answer.status != 200:
                await self._checked(attempt, answer)
            attempt.request_id = answer.header("x-amzn-requestid")
            decoder, translator = Decoder(), StreamTranslator(takes_raw=attempt.takes_raw)
            try:
                async for chunk in answer.chunks():
                    for frame in decoder.feed(chunk):
                        if frame.message_type != "event":
                            raise refusal_of(
                                kind=frame.event_type, status=200, body=frame.payload, region=attempt.region
                            )
                        for event in translator.feed(frame.event_type, frame.payload):
                            yield event
            except (CorruptStreamError, *_UNREADABLE) as error:
                raise _unreadable(attempt) from error
            if not translator.is_finished or not decoder.is_between_frames:
                raise _cut(attempt)

    async def embed(
        self,
        attempt: Attempt,
        model_id: str,
        texts: list[str],
        dimensions: int | None,
        options: EmbeddingOptions | None = None,
    ) -> AsyncGenerator[Event, None]:
        """A vector for each text, in order. It may take several invocations, each billed when its vectors have come."""
        index, total = 0, 0
        for batch in embeddings.embedding_batches(model_id, texts, dimensions, options):
            async with self._post(attempt, "invoke", batch.body, _JSON) as answer:
                content = await self._checked(attempt, answer)
            try:
                rows, tokens = embeddings.vectors(content, answer.header("x-amzn-bedrock-input-token-count"))
                if len(rows) != batch.texts:
                    raise ValueError("not a vector for each text")
            except (ValueError, KeyError, TypeError) as error:
                raise _unreadable(attempt) from error
            for number, row in enumerate(rows):
                yield Vector(index, row.values, 0 if number else tokens, row.by_type)
                index += 1
            total += tokens
        yield Finished("end_turn", Usage(input=total))

    async def rerank(self, attempt: Attempt, model_id: str, texts: list[str]) -> AsyncGenerator[Event, None]:
        """A score for each text behind the first, which is the query. AWS bills it by the query, not by tokens."""
        query, *documents = texts
        body = reranking.rerank_body(model_id, query, documents)
        async with self._post(attempt, "invoke", body, _JSON) as answer:
            content = await self._checked(attempt, answer)
        try:
            found = reranking.scores(content, len(documents))
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(attempt) from error
        for index, value in found:
            yield Score(index, value)
        yield Finished("end_turn", Usage())

    async def count_tokens(self, attempt: Attempt, conversation: Conversation) -> int:
        """How many tokens Bedrock counts in a prompt; free of charge."""
        payload: dict[str, object] = {"messages": conversation.messages}
        if conversation.system is not None:
            payload["system"] = conversation.system
        if conversation.tool_config is not None:
            payload["toolConfig"] = conversation.tool_config
        body = msgspec.json.encode({"input": {"converse": payload}})
        async with self._post(attempt, "count-tokens", body, _JSON) as answer:
            content = await self._checked(attempt, answer)
        try:
            return int(orjson.loads(content)["inputTokens"])
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(attempt) from error

    def post(self, attempt: Attempt, path: str, body: bytes, accept: str = _JSON) -> "_Posting":
        """A request of any path, as an async context with the answer."""
        return _Posting(self, attempt, path, body, accept)

    def _post(self, attempt: Attempt, operation: str, body: bytes, accept: str) -> "_Posting":
        return self.post(attempt, _path(attempt.invoke_id, operation), body, accept)

    async def _checked(self, attempt: Attempt, answer: UpstreamAnswer) -> bytes:
        attempt.request_id = answer.header("x-amzn-requestid")
        if answer.status != 200:
            content = await words_of(answer)
            kind = error_type(answer.header("x-amzn-errortype"))
            raise refusal_of(
                kind=kind,
                status=answer.status,
                body=content,
                region=attempt.region,
                wait_seconds=wait_of(answer.header, now=utc_now()),
            )
        return await answer.read()

    async def headers(
        self, attempt: Attempt, *, host: str, path: str, body: bytes, accept: str
    ) -> dict[str, str]:
        """The headers of a request: a bearer token where AWS's variable sets one, else a signature."""
        if self._credentials.bearer_token:
            return {
                "content-type": _JSON,
                "accept": accept,
                "authorization": f"Bearer {self._credentials.bearer_token}",
            }
        credentials = await self._credentials.get()
        return sign(
            credentials,
            region=attempt.region,
            host=host,
            path=path,
            body=body,
            accept=accept,
            now=self.clock.now(),
        )

    def address(self, region: str) -> tuple[str, str]:
        """The base address of a region and its host as it is signed."""
        found = self._hosts.get(region)
        if found is None:
            suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
            url = self._endpoint_url or f"https://{self._service}.{region}.{suffix}"
            found = self._hosts[region] = (url, urlsplit(url).netloc)
        return found


class _Posting:
    """One request as an async context, with the transport's faults as refusals."""

    def __init__(self, client: BedrockClient, attempt: Attempt, path: str, body: bytes, accept: str) -> None:
        self._client, self._attempt = client, attempt
        self._path, self._body, self._accept = path, body, accept

    async def __aenter__(self) -> UpstreamAnswer:
        answer = await self._send()
        if answer.status in (400, 403) and self._client.clock.corrects(
            error_type(answer.header("x-amzn-errortype")), answer.header("date")
        ):
            await self._context.__aexit__(None, None, None)
            answer = await self._send()
        return answer

    async def _send(self) -> UpstreamAnswer:
        attempt = self._attempt
        base, host = self._client.address(attempt.region)
        headers = await self._client.headers(
            attempt, host=host, path=self._path, body=self._body, accept=self._accept
        )
        if attempt.trace is not None:
            headers |= attempt.trace.headers()
        self._context = self._client._transport.post(
            base + self._path, headers=headers, body=self._body, timeout_seconds=attempt.timeout_seconds
        )
        try:
            return await self._context.__aenter__()
        except (UnreachableError, BrokenError, TimeoutError) as error:
            raise _refusal_of_fault(attempt, error) from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        await self._context.__aexit__(None, None, None)
        if isinstance(error, UnreachableError | BrokenError | TimeoutError):
            raise _refusal_of_fault(self._attempt, error) from error


def _refusal_of_fault(attempt: Attempt, error: Exception) -> Refusal:
    if isinstance(error, TimeoutError):
        return Refusal(
            "upstream_timeout",
            f"Bedrock in {attempt.region} did not answer within {round(attempt.timeout_seconds, 1):g} seconds.",
            may_be_billed=True,
        )
    if isinstance(error, UnreachableError):
        return Refusal("upstream_error", f"Bedrock in {attempt.region} can't be reached.")
    return _cut(attempt)


def _cut(attempt: Attempt) -> Refusal:
    return Refusal(
        "upstream_error",
        f"The connection to Bedrock in {attempt.region} broke before the answer ended.",
        may_be_billed=True,
    )


def _unreadable(attempt: Attempt) -> Refusal:
    message = f"Bedrock in {attempt.region} sent an answer that can't be read."
    return Refusal("upstream_error", message, may_be_billed=True)
