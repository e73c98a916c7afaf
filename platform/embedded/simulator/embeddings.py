"""Embeddings of Titan's and Cohere's shapes: texts that share words have vectors that are near.

Each token is hashed to a few places with a sign ("feature hashing", Weinberger et al., 2009), so no model is needed.
"""

import hashlib
from math import sqrt
from typing import Any

import orjson

from embedded.simulator import tokens
from embedded.simulator.errors import invalid
from embedded.simulator.models import Model
from embedded.simulator.shapes import integer, mapping, sequence, string

_DIMENSIONS = {"amazon.titan-embed-text-v1": 1536, "amazon.titan-embed-text-v2:0": 1024}
_PLACES = 4


def answer(model: Model, body: dict[str, Any]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
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
        return orjson.dumps({"embedding": rows[0], "inputTextTokenCount": number}), headers
    return orjson.dumps(
        {"id": "simulated", "texts": texts, "embeddings": rows, "response_type": "embeddings_floats"}
    ), headers


def vector(text: str, dimensions: int) -> list[float]:
    """A vector of length one."""
    found = [0.0] * dimensions
    for token in text.lower().split():
        digest = hashlib.blake2b(token.encode(), digest_size=4 * _PLACES).digest()
        for place in range(_PLACES):
            number = int.from_bytes(digest[4 * place : 4 * place + 4])
            found[number % dimensions] += 1.0 if number >> 31 else -1.0
    length = sqrt(sum(value * value for value in found)) or 1.0
    return [round(value / length, 6) for value in found]


def _texts(model: Model, body: dict[str, Any]) -> tuple[list[str], int]:
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
    return texts, 1024
