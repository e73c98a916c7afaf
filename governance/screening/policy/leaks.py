"""PURE: whether an answer gives the system prompt away, as it comes."""

import base64
import codecs
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

CANARY = "canary"
PROMPT = "prompt"
RUN_LENGTH = 12
"""Words of the prompt in a row that are taken for a leak; a shorter prompt of at least MIN_WORDS leaks whole."""
MIN_WORDS = 6
_GRAM = 3
_WORD = re.compile(r"[^\W_]*[^\W\d_][^\W_]*")  # numbers alone are no words: they may be put between
_TAIL = 160
Gram = tuple[str, ...]


class SystemPrompt:
    """What must not come back: made once for a call, looked for in each block of its answer."""

    def __init__(self, texts: Iterable[str], canary: str = "") -> None:
        self.grams: set[Gram] = set()
        self.run = RUN_LENGTH
        for text in texts:
            words = [word.casefold() for word in _WORD.findall(text)]
            if len(words) >= MIN_WORDS:
                self.run = min(self.run, len(words))
                self.grams.update(zip(*(words[at:] for at in range(_GRAM)), strict=False))
        self.canaries = tuple(_spellings(canary)) if canary else ()


@lru_cache(maxsize=512)
def system_prompt_of(texts: tuple[str, ...], canary: str) -> SystemPrompt:
    """A prompt, made once for the calls that share it."""
    return SystemPrompt(texts, canary)


def _spellings(canary: str) -> Iterator[str]:
    """The canary as letters and digits alone: forward, backward, in base64 at each of its three offsets, in hexadecimal, in rot13."""
    yield canary
    yield canary[::-1]
    yield canary.encode().hex()
    yield codecs.encode(canary, "rot13")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + canary.encode()).decode()
        yield encoded[4 if before else 0 : -4].casefold()


class LeakWatch:
    """One block of an answer. `feed` says what leaked, once; `open_from` is where what may become a leak begins."""

    def __init__(self, prompt: SystemPrompt) -> None:
        self._prompt = prompt
        self._letters = ""
        self._word = ""
        self._recent: list[str] = []
        self._run = 0

    def feed(self, text: str) -> str:
        """CANARY or PROMPT when the text so far has one of them, else empty."""
        if self._prompt.canaries and self._has_canary(text):
            return CANARY
        return PROMPT if self._prompt.grams and self._has_run(text) else ""

    def close(self) -> str:
        """The same at the end, for the last word."""
        return self.feed(" ")

    @property
    def run(self) -> int:
        """Words in a row that are the prompt's, so far."""
        return self._run

    def _has_canary(self, text: str) -> bool:
        self._letters = (self._letters + "".join(filter(str.isalnum, text)).casefold())[-_TAIL - len(text) :]
        return any(canary in self._letters for canary in self._prompt.canaries)

    def _has_run(self, text: str) -> bool:
        text = self._word + text
        end = len(text)
        while end > 0 and text[end - 1].isalnum():
            end -= 1
        self._word = text[end:][-_TAIL:]
        for match in _WORD.finditer(text, 0, end):
            self._recent = [*self._recent[-(_GRAM - 1) :], match.group().casefold()]
            if tuple(self._recent) in self._prompt.grams:
                self._run = self._run + 1 if self._run else _GRAM
                if self._run >= self._prompt.run:
                    return True
            else:
                self._run = 0
        return False
