"""PURE: the filters over a reply, event by event."""

from collections.abc import Iterator, Mapping

import msgspec

from gateway.events import BlockStop, Citations, Event, Finished, Raw, ReasoningDelta, TextDelta, ToolDelta
from gateway.outbound.raw import RawHold, rewritten, told_anew
from gateway.outbound.unmask import Unmasker, UnmaskTally, for_json


class UnmaskFilter:
    """Unmasks text, reasoning and tool arguments, each content block by itself. Passes all else as it is.

    With `is_json` the text blocks are JSON, too: values are escaped so that it stays so.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        entities: frozenset[str],
        *,
        tally: UnmaskTally | None = None,
        is_json: bool = False,
    ) -> None:
        self.tally = tally or UnmaskTally()
        self._entities = entities
        self._json_values = for_json(values)
        self._text_values = self._json_values if is_json else values
        self._values = values
        self._open: dict[tuple[int, type[Event]], Unmasker] = {}
        self._raw = RawHold(self._text)

    def feed(self, event: Event) -> Iterator[Event]:
        """The events that are certain after this one."""
        match event:
            case TextDelta(index, text):
                if certain := self._unmasker(index, TextDelta, self._text_values).feed(text):
                    yield TextDelta(index, certain)
            case ReasoningDelta(index, text):
                unmasker = self._unmasker(index, ReasoningDelta, self._values)
                certain = unmasker.feed(text)
                if event.signature or event.data:  # which come when all text has come
                    certain += unmasker.close()
                if certain or event.signature or event.data:
                    yield ReasoningDelta(index, certain, event.signature, event.data)
            case ToolDelta(index, arguments):
                if certain := self._unmasker(index, ToolDelta, self._json_values).feed(arguments):
                    yield ToolDelta(index, certain)
            case BlockStop(index):
                yield from self._close(index)
                yield from self._raw.close(index)
                yield event
            case Finished():
                yield from self.close()
                yield from self._raw.close()
                yield self._unmasked(event)
            case Citations(index, found):
                yield Citations(index, rewritten(found, self._text))
            case Raw():
                yield from self._raw.feed(event)
            case _:
                yield event

    def close(self) -> Iterator[Event]:
        """What is still held back, of every open block."""
        for index in sorted({index for index, _ in self._open}):
            yield from self._close(index)

    def _unmasked(self, finished: Finished) -> Finished:
        """With the stop sequence, and what else it says, as the caller wrote it."""
        if finished.stop_sequence:
            finished = msgspec.structs.replace(finished, stop_sequence=self._text(finished.stop_sequence))
        return told_anew(finished, self._text)

    def _text(self, text: str) -> str:
        unmasker = Unmasker(self._values, self._entities, self.tally)
        return unmasker.feed(text) + unmasker.close()

    def _unmasker(self, index: int, kind: type[Event], values: Mapping[str, str]) -> Unmasker:
        unmasker = self._open.get((index, kind))
        if unmasker is None:
            unmasker = self._open[index, kind] = Unmasker(values, self._entities, self.tally)
        return unmasker

    def _close(self, index: int) -> Iterator[Event]:
        for kind in (ReasoningDelta, TextDelta, ToolDelta):
            unmasker = self._open.pop((index, kind), None)
            if unmasker is not None and (rest := unmasker.close()):
                yield kind(index, rest)
