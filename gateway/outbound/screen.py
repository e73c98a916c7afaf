"""PURE: rules for the direction to the client, over a reply as it comes, with a bounded window.

What may still become a finding is held back, at most WINDOW characters: the last word, and the words before it that a
number, an address or a name could go on from. Findings longer than the window are found as far as the window reaches.
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from gateway.events import BlockStop, Event, Finished, ReasoningDelta, TextDelta, ToolDelta
from governance.policy.ruleset import Hit

WINDOW = 160
_CONTEXT = 120
"""Characters already let go that are looked at again, for the words that speak for a number behind them."""
_OPEN_END = re.compile(
    r"(?:(?:\S*[\d@:/+()_=<-]\S*|[^\W\d_a-zß-ÿ]\S*|(?:de|da|do|del|van|von|der|la|le|of|and)|\S{1,3})[ \t\n]+){0,12}\S*$"
)


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
        self, judge: Judge, replace: Replace, *, note: Callable[[Hit], None], is_whole: bool = False
    ) -> None:
        self._judge = judge
        self._replace = replace
        self._note = note
        self._is_whole = is_whole  # nobody waits for pieces: all is looked at at once, at the end
        self._context = ""
        self._held = ""

    def feed(self, text: str) -> str:
        """The part of all text so far that no later text can make a finding of, with findings replaced."""
        self._held += text
        if self._is_whole:
            return ""
        end = len(self._held)
        match = _OPEN_END.search(self._held, max(0, end - WINDOW))
        return self._let_go(match.start() if match is not None else end)

    def close(self) -> str:
        """What was held back."""
        return self._let_go(len(self._held))

    def _let_go(self, cut: int) -> str:
        if cut <= 0:
            return ""
        shown = self._context + self._held
        shift = len(self._context)
        hits = [hit for hit in self._judge(shown) if hit.end > shift]
        for hit in hits:
            if hit.start < shift + cut < hit.end and len(self._held) - (hit.start - shift) <= WINDOW:
                cut = max(0, hit.start - shift)  # it may go on: wait for its end
                break
        ready = tuple(
            Hit(
                max(0, hit.start - shift),
                min(hit.end - shift, cut),
                hit.entity,
                hit.action,
                hit.score,
                hit.rule,
            )
            for hit in hits
            if hit.start < shift + cut
        )
        passed, self._held = self._held[:cut], self._held[cut:]
        for hit in ready:
            self._note(hit)
            if hit.action == "block":
                raise BlockedError(hit.entity)
        self._context = (self._context + passed)[-_CONTEXT:]
        return self._replace(passed, ready)


class BlockScreen(Protocol):
    """Looks through one block of text as it comes; BlockedError where the answer ends."""

    def feed(self, text: str) -> str:
        """What may be let go."""

    def close(self) -> str:
        """What was held back."""


class ScreenFilter:
    """Screens text, reasoning and tool arguments, each content block by itself."""

    def __init__(self, make: Callable[[], BlockScreen]) -> None:
        self._make = make
        self._open: dict[tuple[int, type[Event]], BlockScreen] = {}

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
                yield event
            case Finished():
                for index in sorted({index for index, _ in self._open}):
                    yield from self._close(index)
                yield event
            case _:
                yield event

    def _screen(self, index: int, kind: type[Event]) -> BlockScreen:
        screen = self._open.get((index, kind))
        if screen is None:
            screen = self._open[index, kind] = self._make()
        return screen

    def _close(self, index: int) -> Iterator[Event]:
        for kind in (ReasoningDelta, TextDelta, ToolDelta):
            screen = self._open.pop((index, kind), None)
            if screen is not None and (rest := screen.close()):
                yield kind(index, rest)
