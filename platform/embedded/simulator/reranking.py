"""Rerank models of Cohere's and Amazon's shapes: a text's score is how near its vector is to the query's."""

from typing import Any

import orjson

from embedded.simulator import embeddings
from embedded.simulator.errors import invalid
from embedded.simulator.models import SimulatedModel

_MAX_DOCUMENTS = 1000
_DIMENSIONS = 256


def rerank_response(model: SimulatedModel, body: dict[str, Any]) -> bytes:
    """The answer to an InvokeModel body. Raises AwsError (400)."""
    is_cohere = model.model_id.startswith("cohere.")
    for name in sorted(
        body.keys() - {"query", "documents", "top_n", *(("api_version",) if is_cohere else ())}
    ):
        raise _malformed(f"#: extraneous key [{name}] is not permitted")
    query, documents, top_n = body.get("query"), body.get("documents"), body.get("top_n")
    if not isinstance(query, str) or not query:
        raise _malformed("#: required key [query] not found")
    if not isinstance(documents, list) or not 1 <= len(documents) <= _MAX_DOCUMENTS:
        raise _malformed(f"#/documents: expected 1 to {_MAX_DOCUMENTS} items")
    if not all(isinstance(text, str) and text for text in documents):
        raise _malformed("#/documents: expected type: String")
    if is_cohere and body.get("api_version") != 2:
        raise _malformed("#/api_version: 2 is expected")
    if top_n is not None and (not isinstance(top_n, int) or not 1 <= top_n <= len(documents)):
        raise _malformed(f"#/top_n: expected 1 to {len(documents)}")
    asked = embeddings.vector(query, _DIMENSIONS)
    scored = [
        {
            "index": index,
            "relevance_score": round((1 + _cosine(asked, embeddings.vector(text, _DIMENSIONS))) / 2, 6),
        }
        for index, text in enumerate(documents)
    ]
    scored.sort(key=lambda each: -each["relevance_score"])
    return orjson.dumps({"results": scored[:top_n]})


def _cosine(first: list[float], second: list[float]) -> float:
    return sum(one * other for one, other in zip(first, second, strict=True))


def _malformed(why: str) -> Exception:
    return invalid(f"Malformed input request: {why}, please reformat your input and try again.")
