"""PURE: the bodies and answers of Bedrock's embedding models. Source: "Amazon Titan Embeddings G1 - Text" and "Cohere
Embed" in the Amazon Bedrock user guide."""

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.call.embedding import EmbeddingOptions
from gateway.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Batch:
    """One invocation: its body, and how many texts it is for."""

    body: bytes
    texts: int


@dataclass(frozen=True, slots=True)
class Row:
    """The vector of one text: in floats, which is empty where only other forms were asked for, and in the forms asked for."""

    values: list[float]
    by_type: dict[str, Any] | None = None


_MAX_COHERE_TEXTS = 96
_USUAL = EmbeddingOptions()


def embedding_batches(
    model_id: str, texts: list[str], dimensions: int | None, options: EmbeddingOptions | None = None
) -> list[Batch]:
    """The invocations it takes. Refusal invalid_request for what the model can't do."""
    if model_id.startswith("amazon.titan-embed-text"):
        more = _titan(model_id, dimensions, options or _USUAL)
        return [Batch(orjson.dumps({"inputText": text, **more}), 1) for text in texts]
    if model_id.startswith("cohere.embed-"):
        more = _cohere(model_id, dimensions, options or _USUAL)
        parts = [
            texts[start : start + _MAX_COHERE_TEXTS] for start in range(0, len(texts), _MAX_COHERE_TEXTS)
        ]
        return [Batch(orjson.dumps({"texts": part, **more}), len(part)) for part in parts]
    raise Refusal(
        "invalid_request",
        "Gatehouse does not speak this embedding model's format yet. Choose another.",
        param="model",
    )


def _titan(model_id: str, dimensions: int | None, options: EmbeddingOptions) -> dict[str, object]:
    is_second = model_id.startswith("amazon.titan-embed-text-v2")
    if dimensions is not None and not (is_second and dimensions in (256, 512, 1024)):
        raise _dimensions("256, 512 or 1024, with Titan Text Embeddings V2")
    if not is_second and (options.normalize is not None or options.types):
        name = "embeddingTypes" if options.types else "normalize"
        raise Refusal("invalid_request", f"'{name}' is of Titan Text Embeddings V2 alone.", param=name)
    return _given({"dimensions": dimensions, "normalize": options.normalize, "embeddingTypes": options.types})


def _cohere(model_id: str, dimensions: int | None, options: EmbeddingOptions) -> dict[str, object]:
    is_fourth = model_id.startswith("cohere.embed-v4")
    if dimensions is not None and not (is_fourth and dimensions in (256, 512, 1024, 1536)):
        raise _dimensions("256, 512, 1024 or 1536, with Cohere Embed v4")
    if options.max_tokens is not None and not is_fourth:
        raise Refusal("invalid_request", "'max_tokens' is of Cohere Embed v4 alone.", param="max_tokens")
    return {"input_type": options.input_type} | _given(
        {
            "truncate": options.truncate,
            "embedding_types": options.types,
            "output_dimension": dimensions,
            "max_tokens": options.max_tokens,
        }
    )


def _given(members: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value not in (None, "", ())}


def _dimensions(allowed: str) -> Refusal:
    return Refusal("invalid_request", f"'dimensions' can be set to: {allowed}.", param="dimensions")


def vectors(content: bytes, header_tokens: str) -> tuple[list[Row], int]:
    """The vectors of an answer, and the tokens billed. Raises ValueError, KeyError or TypeError for what is none."""
    found = orjson.loads(content)
    if "inputTextTokenCount" in found:
        by_type = found.get("embeddingsByType")
        values = found.get("embedding") or (by_type or {}).get("float") or []
        if not values and not by_type:
            raise ValueError("no vector")
        return [Row(values, by_type)], int(found["inputTextTokenCount"])
    rows = found["embeddings"]
    if isinstance(rows, list):
        return [Row(row) for row in rows], int(header_tokens)
    number = len(next(iter(rows.values())))
    several = [{name: column[place] for name, column in rows.items()} for place in range(number)]
    return [Row(each.get("float") or [], each) for each in several], int(header_tokens)
