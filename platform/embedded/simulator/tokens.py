"""Token counts by a real tokenizer: Tekken, whose vocabulary ships inside `mistral_common`.

The vocabulary is read as data and given to tiktoken, because importing `mistral_common` costs a second
and what it adds (chat templates, images) isn't needed.
"""

import base64
import codecs
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import orjson
import tiktoken

VOCABULARY = "tekken_240911.json"
_CACHED_CHARACTERS = 32_768  # longer texts are counted afresh: the cache stays below some 64 MB


@lru_cache(maxsize=1)
def load() -> tiktoken.Encoding:
    """The encoding. Takes about 0.3 s; called once at start-up, not by the first request."""
    spec = find_spec("mistral_common")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the simulator needs the package mistral-common, for its tokenizer")
    data = orjson.loads((Path(spec.submodule_search_locations[0]) / "data" / VOCABULARY).read_bytes())
    config = data["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in data["vocab"][:size]}
    return tiktoken.Encoding("tekken", pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})


def count(text: str) -> int:
    """How many tokens a text is."""
    if len(text) <= _CACHED_CHARACTERS:
        return _count_cached(text)
    return len(load().encode_ordinary(text))


@lru_cache(maxsize=1024)
def _count_cached(text: str) -> int:
    return len(load().encode_ordinary(text))


@lru_cache(maxsize=2048)
def pieces(text: str) -> tuple[str, ...]:
    """The text cut into its tokens: as many pieces as tokens, and joined they are the text.

    Where a character is spread over several tokens, the piece that completes it carries it and those
    before are empty.
    """
    encoding = load()
    parts = encoding.decode_tokens_bytes(encoding.encode_ordinary(text))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return tuple(decoder.decode(part) for part in parts)
