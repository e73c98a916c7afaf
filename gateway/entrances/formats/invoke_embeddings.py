"""PURE: embeddings in the bodies of InvokeModel that are Titan's and Cohere's.

Source: AWS user guide, "Amazon Titan Embeddings G1 - Text", "Cohere Embed v3" and "Cohere Embed v4".
"""

from typing import Annotated, Any, Literal

import msgspec
import orjson

from gateway.call import Call
from gateway.call.embedding import EmbeddingOptions
from gateway.call.places import Places
from gateway.conversation import Block, Conversation, Json, Message
from gateway.entrances.formats.entrance import Parsed
from gateway.entrances.formats.invoke_body import Asked, Body, members, some, unsupported
from gateway.events import Event, Finished, Vector
from gateway.refusals import Refusal

_MAX_TEXTS = 96
_Dimensions = Annotated[int, msgspec.Meta(ge=1, le=8192)]


class _Titan(msgspec.Struct, forbid_unknown_fields=True):
    inputText: Annotated[str, msgspec.Meta(min_length=1)]  # noqa: N815 - Titan's own
    dimensions: _Dimensions | None = None
    normalize: bool | None = None
    embeddingTypes: list[Literal["float", "binary"]] | None = None  # noqa: N815


class _Cohere(msgspec.Struct, forbid_unknown_fields=True):
    input_type: Literal["search_document", "search_query", "classification", "clustering", "image"]
    texts: list[Annotated[str, msgspec.Meta(min_length=1)]] | None = None
    truncate: Literal["NONE", "START", "END", "LEFT", "RIGHT"] | None = None
    embedding_types: list[Literal["float", "int8", "uint8", "binary", "ubinary"]] | None = None
    output_dimension: _Dimensions | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    images: Any = None
    inputs: list[Json] | None = None


def _read_titan(asked: Asked) -> Parsed:
    given = members(asked.body, _Titan)
    options = EmbeddingOptions(normalize=given.normalize, types=tuple(given.embeddingTypes or ()))
    return _parsed(asked, [given.inputText], given.dimensions, options)


def _read_cohere(asked: Asked) -> Parsed:
    given = members(asked.body, _Cohere)
    if some(given.images) or given.input_type == "image":
        raise unsupported("images")
    texts = [*(given.texts or ()), *map(_text_of, given.inputs or ())]
    if not 1 <= len(texts) <= _MAX_TEXTS:
        raise Refusal(
            "invalid_request",
            f"Malformed input request: 'texts' has 1 to {_MAX_TEXTS} texts, none empty.",
            param="texts",
        )
    options = EmbeddingOptions(
        input_type=given.input_type,
        truncate=given.truncate or "",
        max_tokens=given.max_tokens,
        types=tuple(given.embedding_types or ()),
        echo=tuple(texts),
    )
    return _parsed(asked, texts, given.output_dimension, options)


def _text_of(item: Json) -> str:
    """One of Embed v4's inputs, of which texts are taken."""
    content = item.get("content")
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    if not parts or len(texts) < len(parts) or not all(isinstance(text, str) and text for text in texts):
        raise unsupported("inputs", "They have texts alone here.")
    return "\n".join(map(str, texts))


def _parsed(asked: Asked, texts: list[str], dimensions: int | None, options: EmbeddingOptions) -> Parsed:
    return Parsed(
        model=asked.model,
        conversation=Conversation(
            messages=[Message(role="user", content=[Block(text=text)]) for text in texts]
        ),
        is_stream=False,
        kind="embedding",
        dimensions=dimensions,
        embedding=options,
        places=Places(),
    )


def _whole_titan(call: Call, events: list[Event], finished: Finished) -> bytes:
    vector = next(event for event in events if isinstance(event, Vector))
    answer: Json = {"embedding": vector.values} if vector.values else {}
    answer["inputTextTokenCount"] = finished.usage.prompt
    if vector.by_type is not None:
        answer["embeddingsByType"] = vector.by_type
    return orjson.dumps(answer)


def _whole_cohere(call: Call, events: list[Event], finished: Finished) -> bytes:
    vectors = [event for event in events if isinstance(event, Vector)]
    options = call.request.embedding or EmbeddingOptions()
    answer: Json = {"id": str(call.id), "texts": options.echo}
    if options.types:
        answer["response_type"] = "embeddings_by_type"
        answer["embeddings"] = {
            name: [(each.by_type or {}).get(name) for each in vectors] for name in options.types
        }
    else:
        answer["response_type"] = "embeddings_floats"
        answer["embeddings"] = [each.values for each in vectors]
    return orjson.dumps(answer)


TITAN_EMBEDDING = Body(_read_titan, _whole_titan, None)
COHERE_EMBEDDING = Body(_read_cohere, _whole_cohere, None)
