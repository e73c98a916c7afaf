"""PURE: rules for the direction to the client, over a reply as it comes, with a bounded window.

What may still become a finding is held back: the last word, and the words before it that a number, an address or a name
could go on from, WINDOW characters at most; where a rule reads plain words, as many characters as it says. A finding
longer than that is hidden from where it is known to be one.
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from gateway.events import BlockStop, Citations, Event, Finished, Raw, ReasoningDelta, TextDelta, ToolDelta
from gateway.outbound.raw import RawHold, rewritten, told_anew
from governance.privacy.policy.ruleset import Hit

WINDOW = 160
MAX_WORD_LENGTH = 4000
"""A word is let go whole, tokens and addresses included, up to this length."""
_CONTEXT = 120
"""Characters already let go that are looked at again, for the words that speak for a number behind them."""
_MAX_HIT_LENGTH = 16_000
"""Of a finding that goes on and on, such as a private key, what is looked at again."""
_BEHIND = 40
"""Characters behind a number in which a word may still say what it is."""
_WORD = re.compile(r"\S+")
_OPEN_WORD = re.compile(r"[^\W\d_a-zß-ÿ]|\S{1,3}\Z|[^\d@:/+()_=<-]*[\d@:/+()_=<-]|della?\Z")
"""A word that a number, an address or a name could go on from. Tried at one place of each word, so that it is cheap."""
_DIGIT = re.compile(r"\d")


class BlockedError(Exception):
    """A rule ends the answer here; `kind` is what was found."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


Judge = Callable[[str], tuple[Hit, ...]]
Replace = Callable[[str, tuple[Hit, ...]], str]


class Screen:
    """One block of text. `feed` and `close` return what may be let go. BlockedError where a rule says so."""

    def __init__(
        self,
        judge: Judge,
        replace: Replace,
        *,
        note: Callable[[Hit], None],
        is_whole: bool = False,
        reach: int = 0,
    ) -> None:
        self._judge = judge
        self._replace = replace
        self._note = note
        self._is_whole = is_whole  # nobody waits for pieces: all is looked at at once, at the end
        self._reach = reach
        self._context = ""
        self._held = ""
        self._ends_hidden = False  # the last character let go was of a finding

    def feed(self, text: str) -> str:
        """The part of all text so far that no later text can make a finding of, with findings replaced."""
        self._held += text
        return "" if self._is_whole else self._let_go(self._cut())

    def close(self) -> str:
        """What was held back."""
        return self._let_go(len(self._held))

    def _cut(self) -> int:
        end = len(self._held)
        cut = min(self._open_from(end), max(0, end - self._reach))
        if (digit := _DIGIT.search(self._held, max(0, end - _BEHIND), cut)) is not None:
            cut = max(self._open_from(digit.start()), min(cut, end - WINDOW))
        least = max(0, end - MAX_WORD_LENGTH)
        while cut > least and not (last := self._held[cut - 1]).isspace():
            if end - cut >= WINDOW and not last.isascii():
                break  # of a script without spaces
            cut -= 1
        return cut

    def _open_from(self, end: int) -> int:
        """Where the words begin that what follows `end` may belong to."""
        begin = max(0, end - WINDOW)
        start = end
        for word in reversed(list(_WORD.finditer(self._held, begin, end))):
            if word.end() < end and _OPEN_WORD.match(word.group()) is None:
                break
            start = word.start()
        return start

    def _let_go(self, cut: int) -> str:
        if cut <= 0:
            return ""
        shift = len(self._context)
        hits = [hit for hit in self._judge(self._context + self._held) if hit.end > shift]
        for hit in hits:
            if hit.start < shift + cut < hit.end and len(self._held) - (hit.start - shift) <= WINDOW:
                cut = max(0, hit.start - shift)  # it may go on: wait for its end
                break
        ready = [hit for hit in hits if hit.start < shift + cut]
        passed, self._held = self._held[:cut], self._held[cut:]
        shown = self._shown(passed, ready, shift)
        begin = max(0, shift + cut - _CONTEXT)
        if passed:
            self._ends_hidden = bool(ready) and ready[-1].end >= shift + cut
            if self._ends_hidden:
                begin = max(min(begin, ready[-1].start), shift + cut - _MAX_HIT_LENGTH)
        self._context = (self._context + passed)[begin:]
        return shown

    def _shown(self, passed: str, ready: list[Hit], shift: int) -> str:
        parts: list[str] = []
        position = 0
        for hit in ready:
            if hit.start < shift and self._ends_hidden:
                position = min(hit.end - shift, len(passed))  # it goes on: what stands in for it was let go
                continue
            self._note(hit)
            if hit.action == "block":
                raise BlockedError(hit.entity)
            start, end = max(0, hit.start - shift), min(hit.end - shift, len(passed))
            here = Hit(0, end - start, hit.entity, hit.action, hit.score, hit.rule)
            parts += (passed[position:start], self._replace(passed[start:end], (here,)))
            position = end
        return "".join((*parts, passed[position:]))


class BlockFilter(Protocol):
    """What looks through one block of a reply."""

    def feed(self, text: str) -> str: ...
    def close(self) -> str: ...


class ScreenFilter:
    """Screens text, reasoning and tool arguments, each content block by itself. `make` is told of which kind."""

    def __init__(self, make: Callable[[type[Event]], BlockFilter]) -> None:
        self._make = make
        self._open: dict[tuple[int, type[Event]], BlockFilter] = {}
        self._raw = RawHold(self._text)

    def feed(self, event: Event) -> Iterator[Event]:
        """The events that are certain after this one. BlockedError where the answer ends."""
        match event:
            case TextDelta(index, text):
                if certain := self._screen(index, TextDelta).feed(text):
                    yield TextDelta(index, certain)
            case ReasoningDelta(index, text):
                screen = self._screen(index, ReasoningDelta)
                certain = screen.feed(text)
                if event.signature or event.data:  # which come when all text has come
                    certain += screen.close()
                if certain or event.signature or event.data:
                    yield ReasoningDelta(index, certain, event.signature, event.data)
            case ToolDelta(index, arguments):
                if certain := self._screen(index, ToolDelta).feed(arguments):
                    yield ToolDelta(index, certain)
            case BlockStop(index):
                yield from self._close(index)
                yield from self._raw.close(index)
                yield event
            case Finished():
                for index in sorted({index for index, _ in self._open}):
                    yield from self._close(index)
                yield from self._raw.close()
                yield told_anew(event, self._text)
            case Citations(index, found):
                yield Citations(index, rewritten(found, self._text))
            case Raw():
                yield from self._raw.feed(event)
            case _:
                yield event

    def _text(self, text: str) -> str:
        screen = self._make(Raw)
        return screen.feed(text) + screen.close()

    def _screen(self, index: int, kind: type[Event]) -> BlockFilter:
        screen = self._open.get((index, kind))
        if screen is None:
            screen = self._open[index, kind] = self._make(kind)
        return screen

    def _close(self, index: int) -> Iterator[Event]:
        for kind in (ReasoningDelta, TextDelta, ToolDelta):
            screen = self._open.pop((index, kind), None)
            if screen is not None and (rest := screen.close()):
                yield kind(index, rest)
