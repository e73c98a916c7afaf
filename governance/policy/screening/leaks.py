"""PURE: does an answer give away the system prompt: its canary, in several disguises, or a long piece of its words."""

import base64
import re

RUN = 12
"""Words of the system prompt in a row from which an answer leaks it; of a shorter prompt, all of them."""
LEAST_WORDS = 5
"""A system prompt of fewer words says nothing that an answer could not say by chance."""
MOST_HELD = 240
"""Characters that are held back at most, while they may still become a leak."""
_MOST_WORDS = 20_000
_LONGEST_WORD = 64
_BEGUN = 4
"""Words, or characters of the canary, from which text is held back."""

_OWN_WORD = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts without blanks: each character counts as a word."""
_WORD = re.compile(rf"[{_OWN_WORD}]|[^\W_{_OWN_WORD}]+")
_ALONE = re.compile(f"[{_OWN_WORD}]")


class LeakWatch:
    """Watches one answer piece by piece; however it is cut, `leaked` comes out the same.

    `feed` gives what may be passed on. From a leak on nothing may, and what was held back is dropped.
    """

    def __init__(self, system_prompt: str, canary: str = "") -> None:
        self.leaked = False
        self._held = ""
        self._words = _Words(system_prompt)
        plain = _plain(canary)
        self._needles = (
            _Needles((plain, plain[::-1]), re.compile(r"[^a-z0-9]"), fold=True),
            _Needles(_encoded(canary), re.compile(r"[^A-Za-z0-9+/]"), fold=False),
        )

    def feed(self, text: str) -> str:
        """The next piece of the answer, as far as it may be passed on."""
        if self.leaked or not text:
            return ""
        found = [self._words.feed(text), *(needles.feed(text) for needles in self._needles)]
        if any(found):
            return self._stop()
        waiting = self._held + text
        begins = [self._words.begin(waiting), *(needles.begin(waiting) for needles in self._needles)]
        cut = max(min(begins), len(waiting) - MOST_HELD)
        self._held = waiting[cut:]
        return waiting[:cut]

    def close(self) -> str:
        """What was still held back, at the end of the answer."""
        if self.leaked or self._words.close():
            return self._stop()
        rest, self._held = self._held, ""
        return rest

    def _stop(self) -> str:
        self.leaked = True
        self._held = ""
        return ""


class _Needles:
    """Looks for strings in an answer without the characters that do not count."""

    def __init__(self, needles: tuple[str, ...], dropped: re.Pattern[str], *, fold: bool) -> None:
        self._needles = tuple(needle for needle in needles if needle)
        self._dropped = dropped
        self._fold = fold
        self._longest = max(map(len, self._needles), default=0)
        self._tail = ""

    def feed(self, text: str) -> bool:
        if not self._needles:
            return False
        seen = self._tail + self._dropped.sub("", text.casefold() if self._fold else text)
        self._tail = seen[len(seen) - self._longest + 1 :] if len(seen) >= self._longest else seen
        return any(needle in seen for needle in self._needles)

    def begin(self, waiting: str) -> int:
        """Where in the text what may become a needle begins; its length where nothing may."""
        size = max((_overlap(self._tail, needle) for needle in self._needles), default=0)
        at = len(waiting)
        if size < _BEGUN:
            return at
        while size > 0 and at:
            at -= 1
            letter = waiting[at].casefold() if self._fold else waiting[at]
            size -= len(self._dropped.sub("", letter))
        return at


class _Words:
    """Looks for words of the system prompt in a row."""

    def __init__(self, system_prompt: str) -> None:
        words = _WORD.findall(system_prompt.casefold())[:_MOST_WORDS]
        words = [word[-_LONGEST_WORD:] for word in words]
        self._run = min(RUN, len(words)) if len(words) >= LEAST_WORDS else 0
        self._runs = _rows(words, self._run)
        self._begun = _rows(words, _BEGUN) if self._run else frozenset()
        self._recent: list[str] = []
        self._streak = 0
        self._unfinished = ""

    def feed(self, text: str) -> bool:
        if not self._run:
            return False
        letters = self._unfinished + text.casefold()
        end = len(letters)
        while end and letters[end - 1].isalnum() and not _ALONE.match(letters[end - 1]):
            end -= 1
        self._unfinished = letters[end:][-_LONGEST_WORD:]
        hits = [self._word(word) for word in _WORD.findall(letters[:end])]
        return any(hits)

    def close(self) -> bool:
        return bool(self._run and self._unfinished) and self._word(self._unfinished)

    def begin(self, waiting: str) -> int:
        """Where in the text the words begin that also stand in the prompt in a row; its length where none do."""
        if not self._streak:
            return len(waiting)
        starts = [match.start() for match in _WORD.finditer(waiting)]
        behind = self._streak + bool(self._unfinished)
        return starts[-behind] if len(starts) >= behind else 0

    def _word(self, word: str) -> bool:
        self._recent.append(word[-_LONGEST_WORD:])
        del self._recent[: -self._run]
        if tuple(self._recent[-_BEGUN:]) in self._begun:
            self._streak = min(self._run, max(self._streak + 1, _BEGUN))
        else:
            self._streak = 0
        return tuple(self._recent) in self._runs


def _rows(words: list[str], length: int) -> frozenset[tuple[str, ...]]:
    if not length:
        return frozenset()
    return frozenset(tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def _overlap(text: str, needle: str) -> int:
    """The length of the longest end of the text that the needle begins with."""
    longest = min(len(text), len(needle) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(needle[:size])), 0)


def _encoded(canary: str) -> tuple[str, ...]:
    """What stands in the base64 of every text with the canary in it: three forms, by where in the text it begins."""
    found = []
    for before in range(3 if canary else 0):
        data = b"\0" * before + canary.encode()
        found.append(base64.b64encode(data).decode()[-(-before * 8 // 6) : len(data) * 8 // 6])
    return tuple(found)
