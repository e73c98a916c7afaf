"""PURE: OpenAI's embeddings, from and to a call. Source: the OpenAI API reference, "Create embeddings"."""

from array import array
from base64 import b64encode
from functools import partial
from sys import byteorder
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import orjson

from gateway.call import Call
from gateway.call.fit import Adjustment
from gateway.call.identity import identity_of
from gateway.call.places import Places
from gateway.conversation import Block, Conversation, Message
from gateway.entrances.formats import openai_reply
from gateway.entrances.formats.entrance import NO_HEADERS, Headers, Parsed, Writer, decode_body
from gateway.entrances.formats.members import Reader, Strict
from gateway.events import Event, Finished, Vector
from gateway.refusals import Refusal
from kernel.tokenizer import text_of_tokens

MAX_TEXTS = 2048
"""As at OpenAI. LangChain sends 1,000 at a time."""


class EmbeddingRequest(Strict):
    """The body of POST /v1/embeddings."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    input: Any
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=8192)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


_read_request = Reader(EmbeddingRequest)


class EmbeddingsEntrance:
    """POST /v1/embeddings: each text is a message of the conversation, so that all that guards chats guards them."""

    name: ClassVar[str] = "openai"
    stream_type: ClassVar[str] = ""

    def __init__(self) -> None:
        self._in_base64 = False

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        places = Places()
        request: EmbeddingRequest = decode_body(partial(_read_request, places=places), body)
        self._in_base64 = request.encoding_format == "base64"
        texts = _texts(request.input, places)
        return Parsed(
            model=request.model,
            conversation=Conversation(
                messages=[Message(role="user", content=[Block(text=text)]) for text in texts]
            ),
            is_stream=False,
            kind="embedding",
            dimensions=request.dimensions,
            places=places,
            said_by=identity_of(headers, request),
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        data = [
            {"object": "embedding", "index": event.index, "embedding": self._encoded(event.values)}
            for event in events
            if isinstance(event, Vector)
        ]
        tokens = finished.usage.prompt
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return orjson.dumps({"object": "list", "data": data, "model": call.request.model, "usage": usage})

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        raise NotImplementedError("embeddings are not streamed")

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(openai_reply.openai_error(refusal)), {}

    def _encoded(self, values: list[float]) -> list[float] | str:
        if not self._in_base64:
            return values
        floats = array("f", values)
        if byteorder == "big":
            floats.byteswap()
        return b64encode(floats.tobytes()).decode()


def _texts(given: Any, places: Places) -> list[str]:
    """The texts of `input`: a text, tokens, or a list of either. Tokens are those of OpenAI's embedding models, which clients
    that split long texts send for whatever model (LangChain's OpenAIEmbeddings); what is done with them is said."""
    inputs = [given] if isinstance(given, str) or _is_tokens(given) else given
    if not isinstance(inputs, list) or not inputs:
        raise _refusal("'input' is a text, a list of texts, or tokens of cl100k_base.")
    if len(inputs) > MAX_TEXTS:
        raise _refusal(f"'input' has more than {MAX_TEXTS} texts.")
    texts = [_text(one, number) for number, one in enumerate(inputs)]
    if any(isinstance(one, list) for one in inputs):
        places.adjustments.append(Adjustment("input", "read_as", "cl100k_base"))
    return texts


def _text(given: Any, number: int) -> str:
    if isinstance(given, str) and given:
        return given
    if not _is_tokens(given):
        raise _refusal(f"input[{number}] is neither a text nor tokens. None may be empty.")
    try:
        return text_of_tokens(given)
    except ValueError:
        raise _refusal(
            f"input[{number}]: these are not whole characters in cl100k_base, the tokens of OpenAI's embedding models. Send a text."
        ) from None


def _is_tokens(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(type(token) is int for token in given)


def _refusal(why: str) -> Refusal:
    return Refusal("invalid_request", why, param="input")
