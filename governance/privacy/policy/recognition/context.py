"""PURE: whether words near a hit speak for it, after the manner of Presidio's context words."""

import re
from collections.abc import Iterable
from functools import lru_cache

_BEFORE = 60
_AFTER = 24


@lru_cache(maxsize=1024)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    forms = "|".join(sorted({re.escape(word.casefold()) for word in words}))
    return re.compile(rf"(?<![^\W_])(?:{forms})(?:s|ed|ing)?(?![^\W_])")


def speaks_for(
    text: str, start: int, end: int, words: Iterable[str], *, before: int = _BEFORE, after: int = _AFTER
) -> bool:
    """Whether one of `words`, or a plural or past of it, stands within a few words of `text[start:end]`, before it or, at most `after` characters, behind it."""
    pattern = _pattern(tuple(words))
    near = text[max(0, start - before) : start].casefold()
    if pattern.search(near) is not None:
        return True
    return pattern.search(text[end : end + after].casefold()) is not None
