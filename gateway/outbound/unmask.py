"""PURE: puts a call's own values back where its placeholders stand in a reply, wherever a chunk may end."""

import json
from collections.abc import Mapping

import regex

from governance.privacy.policy.placeholders import (
    CLOSING,
    backslashes_before,
    longest_spelling,
    spelling,
    token_of,
)

_LOOKED_BACK = 20


class UnmaskTally:
    """How many placeholders of a reply were turned back, and how many stand for nothing in the call."""

    def __init__(self) -> None:
        self.restored = 0
        self.invented = 0


class Unmasker:
    """Incremental: `feed` returns what is certain, `close` the rest. It holds back only what may become a placeholder."""

    def __init__(
        self, values: Mapping[str, str], entities: frozenset[str], tally: UnmaskTally | None = None
    ) -> None:
        self._values = values
        self._pattern = spelling(entities)
        self._longest = longest_spelling(values)
        self._tally = tally or UnmaskTally()
        self._held = ""
        self._before = ""  # what was let go last: whether a word, or an escape, begins depends on it

    def feed(self, text: str) -> str:
        """The part of all text so far that no later text can change, with values in place."""
        text = self._held + text
        cut = self._certain(text)
        self._held = text[cut:]
        return self._replaced(text, cut)

    def close(self) -> str:
        """What was held back, as it is at the end."""
        held, self._held = self._held, ""
        return self._replaced(held, len(held))

    def _certain(self, text: str) -> int:
        """Where the tail begins that may be, or may go on to be, a placeholder; the end when there is none."""
        shown = self._before + text
        shift = len(self._before)
        first = max(shift, len(shown) - self._longest)
        position = first
        while position < len(shown):
            match = self._pattern.search(shown, position, partial=True)
            if match is None:
                break
            if _may_go_on(match, shown):
                return max(0, self._begin(shown, position, match) - shift)
            position = max(match.end(), position + 1)
        return len(text)

    def _begin(self, shown: str, position: int, match: "regex.Match[str]") -> int:
        """Where the tail of a match begins: a search prefers what is whole to what is longer and may yet become whole."""
        for place in range(position, match.start()):
            if shown[place] in "<&\\":
                longer = self._pattern.match(shown, place, partial=True)
                if longer is not None and longer.partial:
                    return place
        return match.start()

    def _replaced(self, text: str, cut: int) -> str:
        if cut == 0:
            return ""
        shown = self._before + text[:cut]
        result = self._pattern.sub(self._value, shown, pos=len(self._before))[len(self._before) :]
        self._before = shown[-_LOOKED_BACK:]
        return result

    def _value(self, match: "regex.Match[str]") -> str:
        value = self._values.get(token_of(match))
        if value is None:
            self._tally.invented += 1
            return match.group()
        self._tally.restored += 1
        return backslashes_before(match) + value


def _may_go_on(match: "regex.Match[str]", text: str) -> bool:
    """Whether more text could make another placeholder of this one: more of it, more digits, or its bracket."""
    if match.partial:
        return True
    if match.group().endswith((">", "&gt;")) or match.group()[-6:].lower() == "\\u003e":
        return False
    rest = text[match.end() :]
    return not rest or CLOSING.fullmatch(rest, partial=True) is not None


def for_json(values: Mapping[str, str]) -> dict[str, str]:
    """The same values as they are written inside JSON text."""
    return {token: json.dumps(value, ensure_ascii=False)[1:-1] for token, value in values.items()}
