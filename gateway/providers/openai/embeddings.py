"""PURE: OpenAI's embeddings. Source: the OpenAI API reference, "Create embeddings": 2,048 texts and 300,000 tokens a request."""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.call.embedding import EmbeddingOptions
from gateway.conversation import Json, encode
from gateway.providers.openai.usage import input_of
from gateway.refusals import Refusal

_MAX_TEXTS = 2048
_MAX_BYTES = 300_000
"""No token is less than a byte."""


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]
    usage: Any = None


_decode = msgspec.json.Decoder(_Answer).decode


def embedding_bodies(
    model: str, texts: list[str], dimensions: int | None, options: EmbeddingOptions | None
) -> Iterator[tuple[bytes, int]]:
    """The requests it takes, each with its number of texts. Refusal invalid_request for what can't be had there."""
    _check(options or EmbeddingOptions())
    more: Json = {} if dimensions is None else {"dimensions": dimensions}
    for part in _parts(texts):
        body = {"model": model, "input": part, "encoding_format": "float", **more}
        yield encode(body), len(part)


def _check(options: EmbeddingOptions) -> None:
    asked = {
        "embedding_types": any(name != "float" for name in options.types),
        "normalize": options.normalize is False,
        "truncate": options.truncate not in ("", "NONE"),
        "max_tokens": options.max_tokens is not None,
    }
    if (name := next((name for name, is_asked in asked.items() if is_asked), None)) is not None:
        told = f"'{name}' can't be had of this model: its vectors are floats of length one, of whole texts."
        raise Refusal("invalid_request", told, param=name)


def _parts(texts: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode("utf-8", "replace"))
        if part and (len(part) == _MAX_TEXTS or size + length > _MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(text)
        size += length
    if part:
        yield part


def vectors(content: bytes, number: int) -> tuple[list[list[float]], int]:
    """The vectors in the order of their texts, and the tokens billed, 0 where it does not say. Raises msgspec.MsgspecError or
    ValueError."""
    answer = _decode(content)
    rows = sorted(answer.data, key=lambda row: row.index)
    if [row.index for row in rows] != list(range(number)):
        raise ValueError("not a vector for each text")
    return [row.embedding for row in rows], input_of(answer.usage)
