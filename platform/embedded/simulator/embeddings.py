"""Embeddings of Titan's and Cohere's shapes, by a small local model: texts of like meaning have vectors that are near.

The model has 256 dimensions. For more, the rest is zeros, which changes no cosine; for fewer, the first are taken, which is
how the model was trained to be cut.
"""

import hashlib
from math import sqrt
from typing import Any

import orjson

from embedded.simulator import tokens
from embedded.simulator.errors import invalid
from embedded.simulator.models import SimulatedModel
from embedded.simulator.shapes import integer, mapping, sequence, string
from kernel import text_vectors

_DIMENSIONS = {"amazon.titan-embed-text-v1": 1536, "amazon.titan-embed-text-v2:0": 1024}


def embeddings_response(
    model: SimulatedModel, body: dict[str, Any]
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The answer to an InvokeModel body, and its headers. Raises AwsError (400)."""
    texts, dimensions = _texts(model, body)
    for text in texts:
        if tokens.count(text) > model.context_window:
            raise invalid(f"400 Bad Request: Too many input tokens. Max input tokens: {model.context_window}")
    rows = [vector(text, dimensions) for text in texts]
    number = sum(map(tokens.count, texts))
    headers = [
        (b"x-amzn-bedrock-input-token-count", str(number).encode()),
        (b"x-amzn-bedrock-invocation-latency", b"1"),
    ]
    if model.model_id.startswith("amazon."):
        return orjson.dumps(_titan_answer(rows[0], number, sequence(body.get("embeddingTypes")))), headers
    types = [string(name) for name in sequence(body.get("embedding_types"))]
    several = {name: [_as_type(row, name) for row in rows] for name in types}
    answer = {"id": "simulated", "texts": texts, "embeddings": several or rows}
    answer["response_type"] = "embeddings_by_type" if several else "embeddings_floats"
    return orjson.dumps(answer), headers


def _titan_answer(row: list[float], number: int, types: list[Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"inputTextTokenCount": number}
    if not types or "float" in types:
        answer["embedding"] = row
    if types:
        answer["embeddingsByType"] = {string(name): _as_type(row, string(name)) for name in types}
    return answer


def _as_type(row: list[float], name: str) -> list[float] | list[int]:
    """A vector in one of the smaller forms: bytes, or signs (which Cohere packs, and the simulator does not)."""
    if name == "int8":
        return [round(value * 127) for value in row]
    if name == "uint8":
        return [round(value * 127) + 128 for value in row]
    if name in ("binary", "ubinary"):
        return [int(value > 0) for value in row]
    return row


def vector(text: str, dimensions: int) -> list[float]:
    """A vector of length one. The same text has the same, at any time."""
    found = text_vectors.text_vector(text) or _hashed(text, text_vectors.DIMENSIONS)
    found = [*found[:dimensions], *[0.0] * (dimensions - len(found))]
    length = sqrt(sum(value * value for value in found)) or 1.0
    return [round(value / length, 6) for value in found]


def _hashed(text: str, dimensions: int) -> list[float]:
    """For a text that the model knows nothing of, such as one of spaces alone: a place by its hash."""
    found = [0.0] * dimensions
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    found[int.from_bytes(digest) % dimensions] = 1.0
    return found


def _texts(model: SimulatedModel, body: dict[str, Any]) -> tuple[list[str], int]:
    if model.model_id.startswith("amazon."):
        text = string(body.get("inputText"))
        if not text:
            raise invalid(
                "Malformed input request: expected minLength: 1, actual: 0, please reformat your input."
            )
        usual = _DIMENSIONS.get(model.model_id, 1024)
        return [text], integer(body.get("dimensions")) or usual
    texts = [string(text) for text in sequence(mapping(body).get("texts"))]
    if not texts or len(texts) > 96 or not body.get("input_type"):
        raise invalid("Malformed input request: texts (1 to 96) and input_type are required.")
    usual = 1536 if model.model_id.startswith("cohere.embed-v4") else 1024
    return texts, integer(body.get("output_dimension")) or usual
