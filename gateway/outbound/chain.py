"""PURE: what a reply passes through on its way to the client: rules for that direction first, then its own values back."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from gateway.call.checks import OutputCheck
from gateway.events import BlockStop, Citations, Event, Raw, ReasoningDelta, TextDelta, ToolDelta, ToolStart
from gateway.outbound.filters import UnmaskFilter
from gateway.outbound.json_screen import JsonScreen
from gateway.outbound.leaks import LeakScreen
from gateway.outbound.links import LinkScreen, Passing
from gateway.outbound.marks import marks_filter
from gateway.outbound.screen import BlockFilter, Screen, ScreenFilter
from gateway.outbound.unmask import UnmaskTally
from governance.privacy.policy.detection import found_in_answer
from governance.privacy.policy.masking import Mask
from governance.privacy.policy.ruleset import Hit, RuleSet
from governance.screening.policy.leaks import SystemPrompt
from governance.screening.policy.links import Said

BLOCKED = "content_filtered"
"""Converse's word for an answer that a filter ended."""


class Filter(Protocol):
    """Events in, and those that are certain out. BlockedError where the answer ends."""

    def feed(self, event: Event) -> Iterator[Event]: ...


class Outbound:
    """The filters of one reply. `feed` raises BlockedError where the answer ends; `end` is what is sent then."""

    def __init__(
        self,
        *,
        mask: Mask,
        rules: RuleSet,
        is_stream: bool,
        is_json: bool,
        prompt: SystemPrompt | None = None,
        marks: str | None = None,
        said: Callable[[], str] | None = None,
    ) -> None:
        self._mask = mask
        self._rules = rules
        self._is_stream = is_stream
        self._is_json = is_json
        self._open: set[int] = set()
        self._prompt = prompt
        self.leak = ""
        """What of the system prompt came back: its canary, or its words."""
        self.tally = UnmaskTally()
        self.check = OutputCheck()
        self._marks = marks_filter(marks) if marks is not None else None
        self._said = Said(said) if said is not None and rules.effective.screening.links else None
        self._links = ScreenFilter(self._new_links) if self._said is not None else None
        self.links = 0
        """Links and images that carried data away."""
        self._screen = ScreenFilter(self._new_screen) if rules.checks_answers else None
        self._watch = ScreenFilter(self._new_watch) if prompt is not None else None
        ordered = (self._marks, self._watch, self._links, self._screen)
        self._filters: tuple[Filter, ...] = tuple(each for each in ordered if each is not None)
        self._unmask = (
            UnmaskFilter(mask.values, mask.entities, tally=self.tally, is_json=is_json)
            if mask.values
            else None
        )

    def feed(self, event: Event) -> Iterable[Event]:
        """What the client may see after this event."""
        self._note(event)
        if not self._filters:
            return (event,) if self._unmask is None else self._unmask.feed(event)
        return self._filtered(event)

    def end(self) -> Iterator[Event]:
        """What is sent when the answer is ended here: the ends of the blocks that are open."""
        for index in sorted(self._open):
            yield from (BlockStop(index),) if self._unmask is None else self._unmask.feed(BlockStop(index))
        self._open.clear()

    def _filtered(self, event: Event) -> Iterator[Event]:
        if len(self._filters) == 1:
            certain: Iterable[Event] = self._filters[0].feed(event)
        else:
            certain = self._through(event, 0)
        for passed in certain:
            yield from (passed,) if self._unmask is None else self._unmask.feed(passed)

    def _through(self, event: Event, number: int) -> Iterator[Event]:
        """What is left of an event behind the filters from this one on."""
        if number == len(self._filters):
            yield event
            return
        for passed in self._filters[number].feed(event):
            yield from self._through(passed, number + 1)

    def _note(self, event: Event) -> None:
        match event:
            case (
                TextDelta(index, text)
                | ReasoningDelta(index, text)
                | ToolDelta(index, text)
                | Raw(index, text=text)
            ):
                self._open.add(index)
                self.check.characters += len(text)
                if self._screen is not None:
                    self.check.checked_characters += len(text)
            case ToolStart(index) | Citations(index):
                self._open.add(index)
            case BlockStop(index):
                self._open.discard(index)
            case _:
                pass

    def _new_watch(self, kind: type[Event]) -> LeakScreen:
        assert self._prompt is not None
        ends = self._rules.effective.screening.leak == "block"
        return LeakScreen(self._prompt, ends_answer=ends, note=self._note_leak)

    def _new_links(self, kind: type[Event]) -> BlockFilter:
        assert self._said is not None
        if kind is not TextDelta:
            return Passing()
        return LinkScreen(self._said, self._rules.effective.screening.links, note=self._note_link)

    def _note_link(self) -> None:
        self.links += 1

    def _note_leak(self, leak: str) -> None:
        self.leak = self.leak or leak

    def _new_screen(self, kind: type[Event]) -> BlockFilter:
        judge, replace, note = self._judge, self._mask.checked_answer, self._note_hit
        if kind is ToolDelta or (kind is TextDelta and self._is_json):
            return JsonScreen(judge, replace, note=note)
        return Screen(judge, replace, note=note, is_whole=not self._is_stream, reach=self._rules.client_reach)

    def _judge(self, text: str) -> tuple[Hit, ...]:
        return found_in_answer(text, self._rules)

    def _note_hit(self, hit: Hit) -> None:
        self.check.findings[hit.entity] += 1
