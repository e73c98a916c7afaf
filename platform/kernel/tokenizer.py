"""Counts tokens with one real tokenizer (`o200k_base`), for estimates, and reads tokens of another (`cl100k_base`).

`bpe_openai` reads three vocabularies in Python when it is imported: seconds and a hundred megabytes for what nobody here
asks it for. Its compiled part has the vocabulary inside, and is loaded by itself, at first use.
"""

from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any, Protocol

_PACKAGE = "bpe_openai"
_EXTENSION = "_bindings"
_COUNTING, _READING = "o200k_base", "cl100k_base"
_READABLE = 100_256
"""How many tokens `cl100k_base` has, but for the special ones that stand for no text."""
_SLICE = 100_000
"""Characters counted at once, which nothing can interrupt; a cut costs one token at most."""


class _Tokenizer(Protocol):
    def count(self, text: str) -> int: ...
    def decode(self, tokens: list[int]) -> str: ...


def count_tokens(text: str) -> int:
    """About how many tokens a text has for a model with another tokenizer: within a sixth, for most texts.

    What is no text (halves of surrogate pairs) counts as the character that stands in for it.
    """
    if len(text) <= _SLICE:
        return _count(text)
    return sum(_count(text[start : start + _SLICE]) for start in range(0, len(text), _SLICE))


def _count(text: str) -> int:
    try:
        return _tokenizer(_COUNTING).count(text)
    except UnicodeEncodeError:
        return _tokenizer(_COUNTING).count(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def text_of_tokens(tokens: list[int]) -> str:
    """The text that OpenAI's embedding models read in these tokens of `cl100k_base`. ValueError where it is no whole text."""
    if not all(0 <= token < _READABLE for token in tokens):  # the extension looks beyond its table for others
        raise ValueError("no such token")
    return _tokenizer(_READING).decode(tokens)


def warm_up() -> None:
    """Loads the vocabulary, so that no call waits for it."""
    count_tokens("a text")


@cache
def _tokenizer(encoding: str) -> _Tokenizer:
    package = find_spec(_PACKAGE)
    folders = package.submodule_search_locations if package is not None else None
    spec = PathFinder.find_spec(_EXTENSION, list(folders)) if folders else None
    if spec is None or spec.loader is None:
        raise RuntimeError("The package bpe-openai is missing: run `make install`.")
    bindings: Any = module_from_spec(spec)
    spec.loader.exec_module(bindings)
    tokenizer: _Tokenizer = bindings.tokenizer_for_encoding(encoding)
    return tokenizer
