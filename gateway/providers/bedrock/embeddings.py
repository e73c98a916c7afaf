"""PURE: the bodies and answers of Bedrock's embedding models. Source: "Amazon Titan Embeddings G1 - Text" and "Cohere
Embed" in the Amazon Bedrock user guide."""

from dataclasses import dataclass

import orjson

from gateway.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Batch:
    """One invocation: its body, and how many texts it is for."""

    body: bytes
    texts: int


_MAX_COHERE_TEXTS = 96


def embedding_batches(model_id: str, texts: list[str], dimensions: int | None) -> list[Batch]:
    """The invocations it takes. Refusal invalid_request for what the model can't do."""
    if model_id.startswith("amazon.titan-embed-text"):
        options: dict[str, object] = {}
        if dimensions is not None:
            if not model_id.startswith("amazon.titan-embed-text-v2") or dimensions not in (256, 512, 1024):
                raise _dimensions("256, 512 or 1024, with Titan Text Embeddings V2")
            options["dimensions"] = dimensions
        return [Batch(orjson.dumps({"inputText": text, **options}), 1) for text in texts]
    if model_id.startswith("cohere.embed-") and not model_id.startswith("cohere.embed-v4"):
        if dimensions is not None:
            raise _dimensions("not with this model")
        parts = [
            texts[start : start + _MAX_COHERE_TEXTS] for start in range(0, len(texts), _MAX_COHERE_TEXTS)
        ]
        return [
            Batch(orjson.dumps({"texts": part, "input_type": "search_document"}), len(part)) for part in parts
        ]
    raise Refusal(
        "invalid_request",
        "Gatehouse does not speak this embedding model's format yet. Choose another.",
        param="model",
    )


def _dimensions(allowed: str) -> Refusal:
    return Refusal("invalid_request", f"'dimensions' can be set to: {allowed}.", param="dimensions")


def vectors(content: bytes, header_tokens: str) -> tuple[list[list[float]], int]:
    """The vectors of an answer, and the tokens billed. Raises ValueError, KeyError or TypeError for what is none."""
    found = orjson.loads(content)
    if "embedding" in found:
        return [found["embedding"]], int(found["inputTextTokenCount"])
    rows = found["embeddings"]
    return (rows if isinstance(rows, list) else rows["float"]), int(header_tokens)
