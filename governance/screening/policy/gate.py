"""PURE: whether patterns occur in a text at all, in one quick look: most texts have none of what is looked for."""

import re2

_MAX_MEMORY_BYTES = 64 << 20
"""A set that runs out of it says that nothing matches."""


class Gate:
    """Patterns matched all at once."""

    def __init__(self, *patterns: str) -> None:
        options = re2.Options()
        options.max_mem = _MAX_MEMORY_BYTES
        self._set = re2.Set.SearchSet(options)
        for pattern in patterns:
            self._set.Add(pattern)
        self._set.Compile()

    def which(self, text: str) -> list[int]:
        """The places of the patterns that occur, in a text without lone surrogates."""
        return self._set.Match(text) or []

    def lets_by(self, text: str) -> bool:
        """Whether any of them does."""
        return bool(self._set.Match(text))
