"""PURE: puts a call's own values back where its placeholders stand in a reply, wherever a chunk may end."""

import json
import re
from collections.abc import Mapping


class Unmasker:
    """Incremental: `feed` returns what is certain, `close` the rest. It holds back only what may become a placeholder."""

    def __init__(self, replacements: Mapping[str, str]) -> None:
        self._replacements = replacements
        self._held = ""
        self._pattern = re.compile("|".join(map(re.escape, replacements))) if replacements else None
        self._longest = max(map(len, replacements), default=0)
        self._starts = frozenset(token[0] for token in replacements)

    def feed(self, text: str) -> str:
        """The part of all text so far that no later text can change, with values in place."""
        if self._pattern is None:
            return text
        text = self._replace_known(self._held + text)
        cut = self._possible_start(text)
        self._held = text[cut:]
        return text[:cut]

    def close(self) -> str:
        """What was held back; it turned out to be no placeholder."""
        held, self._held = self._held, ""
        return held

    def _replace_known(self, text: str) -> str:
        assert self._pattern is not None
        return self._pattern.sub(lambda match: self._replacements[match[0]], text)

    def _possible_start(self, text: str) -> int:
        """Where the tail begins that may be the beginning of a placeholder; the end when there is none."""
        for position in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[position] in self._starts:
                tail = text[position:]
                if any(token.startswith(tail) for token in self._replacements):
                    return position
        return len(text)


def for_json(values: Mapping[str, str]) -> dict[str, str]:
    """The same replacements inside JSON text: values escaped, placeholders also where a model escaped their brackets."""
    replacements: dict[str, str] = {}
    for token, value in values.items():
        escaped = json.dumps(value, ensure_ascii=False)[1:-1]
        for opening, closing in (("<", ">"), ("\\u003c", "\\u003e"), ("\\u003C", "\\u003E")):
            replacements[f"{opening}{token[1:-1]}{closing}"] = escaped
    return replacements
