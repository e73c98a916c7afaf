"""The small local model behind the simulated embeddings: WordLlama's packaged vectors of tokens, and their mean.

The package ships its weights. Its own loader looks for the tokenizer in a folder of another name and would download it, so
both are read from where they are. Loaded when the first text comes (a third of a second), so that a start stays quick.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DIMENSIONS = 256
_MAX_LENGTH = 100_000
"""Characters of a text that are read."""


@lru_cache(maxsize=1)
def _model() -> tuple[Any, Any]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    found = find_spec("wordllama")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent
    weights = load_file(folder / "weights" / "l2_supercat_256.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer, next(iter(weights.values()))


def text_vector(text: str) -> list[float] | None:
    """The mean of a text's tokens, of length one, in 256 dimensions; None for a text without any."""
    tokenizer, weights = _model()
    ids = tokenizer.encode(text[:_MAX_LENGTH], add_special_tokens=False).ids
    if not ids:
        return None
    mean = weights[ids].astype("float32").mean(axis=0)
    length = float(mean @ mean) ** 0.5
    found: list[float] = (mean / length).tolist() if length else []
    return found or None
