"""PURE: the bodies and answers of Bedrock's rerank models. Source: "Use a reranker model" in the Amazon Bedrock user guide,
and Cohere's `api_version` 2 there."""

import orjson

from gateway.refusals import Refusal


def rerank_body(model_id: str, query: str, documents: list[str]) -> bytes:
    """The body of an InvokeModel. Refusal invalid_request for a model whose format is not known."""
    body = {"query": query, "documents": documents, "top_n": len(documents)}
    if model_id.startswith("cohere.rerank-"):
        return orjson.dumps(body | {"api_version": 2})
    if model_id.startswith("amazon.rerank-"):
        return orjson.dumps(body)
    raise Refusal(
        "invalid_request",
        "Gatehouse does not speak this rerank model's format yet. Choose another.",
        param="model",
    )


def scores(content: bytes, number: int) -> list[tuple[int, float]]:
    """Index and score of each document. Raises ValueError, KeyError or TypeError for what is no such answer."""
    found = [
        (int(each["index"]), float(each["relevance_score"])) for each in orjson.loads(content)["results"]
    ]
    if sorted(index for index, _ in found) != list(range(number)):
        raise ValueError("not a score for each document")
    return found
