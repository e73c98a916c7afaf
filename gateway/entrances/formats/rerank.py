"""PURE: `POST /v1/rerank`, in the shape that Cohere's, Jina's and other rerankers share.

The query is the first message of the conversation, each document one more, so that all that guards chats guards them.
Sources: Cohere API reference, "Rerank"; Jina API, "Reranker"; Amazon Bedrock pricing (a query is of up to 100 parts of
documents, each of up to 512 tokens with the query).
"""

from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
import orjson

from gateway.call import Call
from gateway.call.places import Places
from gateway.conversation import Block, Conversation, Json, Message
from gateway.entrances.formats import openai_reply
from gateway.entrances.formats.entrance import NO_HEADERS, Headers, Parsed, Writer, decode_body
from gateway.entrances.formats.members import Reader, Strict
from gateway.events import Event, Finished, Score
from gateway.refusals import Refusal

_MAX_PARTS = 100
_PART_BYTES = 1500
"""Of UTF-8: what surely is not over 512 tokens with a short query."""
_MAX_QUERY = 32_000


class RerankRequest(Strict):
    """The body of POST /v1/rerank."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    query: Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_QUERY)]
    documents: list[Any]
    top_n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    return_documents: bool | None = None


_read_request = Reader(RerankRequest)


class RerankEntrance:
    """One request's: what is told back of its documents is as the caller sent it."""

    name: ClassVar[str] = "openai"
    stream_type: ClassVar[str] = ""

    def __init__(self) -> None:
        self._documents: list[str] = []
        self._top_n: int | None = None
        self._returns = False

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        places = Places()
        request: RerankRequest = decode_body(partial(_read_request, places=places), body)
        self._documents = _texts(request.documents)
        self._top_n, self._returns = request.top_n, bool(request.return_documents)
        return Parsed(
            model=request.model,
            conversation=Conversation(
                messages=[
                    Message(role="user", content=[Block(text=text)])
                    for text in (request.query, *self._documents)
                ]
            ),
            places=places,
            is_stream=False,
            kind="rerank",
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        scores = [event for event in events if isinstance(event, Score)]
        scores.sort(key=lambda score: (-score.value, score.index))
        results: list[Json] = [
            {"index": score.index, "relevance_score": score.value} for score in scores[: self._top_n]
        ]
        if self._returns:
            for result in results:
                result["document"] = {"text": self._documents[result["index"]]}
        return orjson.dumps(
            {
                "id": str(call.id),
                "object": "list",
                "model": call.request.model,
                "results": results,
                "meta": {"api_version": {"version": "1"}, "billed_units": {"search_units": 1}},
                "usage": {"total_tokens": call.bounds.counted_input_tokens},
            }
        )

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        raise NotImplementedError("rankings are not streamed")

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(openai_reply.openai_error(refusal)), {}


def _texts(documents: list[Any]) -> list[str]:
    texts: list[str] = []
    for number, each in enumerate(documents):
        text = each.get("text") if isinstance(each, dict) else each
        if not isinstance(text, str) or not text.strip():
            place = f"documents[{number}]"
            raise Refusal(
                "invalid_request", f"{place} is a text, or an object with a 'text', not blank.", param=place
            )
        texts.append(text)
    parts = sum(-(-len(text.encode("utf-8", "replace")) // _PART_BYTES) for text in texts)
    if not 1 <= parts <= _MAX_PARTS:
        raise Refusal(
            "invalid_request",
            f"'documents' holds {parts} parts of up to {_PART_BYTES} bytes, and one request takes from 1 to {_MAX_PARTS}, which is "
            "what AWS bills as one query. Send fewer or shorter documents, or several requests.",
            param="documents",
        )
    return texts
