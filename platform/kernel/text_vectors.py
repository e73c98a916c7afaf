"""The small local model of texts: WordLlama's packaged vectors of tokens, and their mean. It knows English.

The package ships its weights. Its own loader looks for the tokenizer in a folder of another name and would download it, so
both are read from where they are. Loaded when the first text comes (a third of a second), or by `warm_up`.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


def is_ready() -> bool:
    """Whether the model is loaded."""
    return _model.cache_info().currsize > 0


def warm_up() -> None:
    """Loads the model, so that the first text doesn't wait for it."""
    text_vector("warm up")


def text_array(text: str) -> "NDArray[Any] | None":
    """The mean of a text's tokens, of length one, as 256 float32; None for a text without any."""
    tokenizer, weights = _model()
    ids = tokenizer.encode(text[:_MAX_LENGTH], add_special_tokens=False).ids
    if not ids:
        return None
    mean: NDArray[Any] = weights[ids].astype("float32").mean(axis=0)
    length = float(mean @ mean) ** 0.5
    return mean / length if length else None


def text_vector(text: str) -> list[float] | None:
    """The same as a list."""
    found = text_array(text)
    return None if found is None else found.tolist()
