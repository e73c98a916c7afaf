"""OpenAI's embeddings, by the small local model. Source: the OpenAI API reference, "Create embeddings"."""

from typing import Any

import orjson

from embedded.simulator import tokens
from embedded.simulator.direct.errors import invalid, unknown_parameter
from embedded.simulator.direct.models import DirectModel
from embedded.simulator.embeddings import vector

_MEMBERS = ("model", "input", "dimensions", "encoding_format", "user")
_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
_MAX_TEXTS, _MAX_TOKENS = 2048, 300_000


def embeddings_response(body: dict[str, Any], model: DirectModel) -> bytes:
    """The answer. Raises DirectError (400)."""
    for name in body:
        if name not in _MEMBERS:
            raise unknown_parameter(name)
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise invalid(
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
        )
    if len(texts) > _MAX_TEXTS:
        raise invalid(f"'$.input' is invalid: at most {_MAX_TEXTS} texts.")
    counts = [tokens.count(text) for text in texts]
    if max(counts) > model.model.context_window:
        raise invalid(
            f"This model's maximum context length is {model.model.context_window} tokens, however you requested {max(counts)} tokens."
        )
    if sum(counts) > _MAX_TOKENS:
        raise invalid(
            f"Requested {sum(counts)} tokens, max {_MAX_TOKENS} tokens per request",
            code="max_tokens_per_request",
        )
    usual = _DIMENSIONS.get(model.name, 1536)
    dimensions = body.get("dimensions") or usual
    if not isinstance(dimensions, int) or not 1 <= dimensions <= usual:
        raise invalid(
            f"Invalid value for 'dimensions' = {dimensions}. Must be less than or equal to {usual}."
        )
    data = [
        {"object": "embedding", "index": index, "embedding": vector(text, dimensions)}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
    return orjson.dumps({"object": "list", "data": data, "model": model.name, "usage": usage})
