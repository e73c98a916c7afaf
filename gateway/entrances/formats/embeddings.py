"""PURE: OpenAI's embeddings, from and to a call. Source: the OpenAI API reference, "Create embeddings"."""

from array import array
from base64 import b64encode
from sys import byteorder
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import orjson

from gateway.call import Call
from gateway.conversation import Block, Conversation, Message
from gateway.entrances.formats import openai_reply
from gateway.entrances.formats.entrance import NO_HEADERS, Headers, Parsed, Writer, decode_body
from gateway.events import Event, Finished, Vector
from gateway.refusals import Refusal

MAX_TEXTS = 256


class EmbeddingRequest(msgspec.Struct):
    """The body of POST /v1/embeddings."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    input: Any
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=8192)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


class EmbeddingsEntrance:
    """POST /v1/embeddings: each text is a message of the conversation, so that all that guards chats guards them."""

    name: ClassVar[str] = "openai"
    stream_type: ClassVar[str] = ""
    _decode = staticmethod(msgspec.json.Decoder(EmbeddingRequest).decode)

    def __init__(self) -> None:
        self._in_base64 = False

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        request: EmbeddingRequest = decode_body(self._decode, body)
        self._in_base64 = request.encoding_format == "base64"
        return Parsed(
            model=request.model,
            conversation=Conversation(
                messages=[Message(role="user", content=[Block(text=text)]) for text in _texts(request.input)]
            ),
            is_stream=False,
            kind="embedding",
            dimensions=request.dimensions,
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


def _texts(given: Any) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise Refusal(
            "invalid_request",
            "'input' is a text or a list of texts, none empty. Tokens are not taken.",
            param="input",
        )
    if len(texts) > MAX_TEXTS:
        raise Refusal("invalid_request", f"'input' has more than {MAX_TEXTS} texts.", param="input")
    return texts
