"""PURE: a reply in the kinds of events that OpenAI's format, and those shaped like it, have words for."""

from typing import Any

from gateway.events import BlockStop, Citations, Event, Finished, Json, TextDelta, ToolDelta, ToolStart

_NAMES = {
    "documentPage": "page",
    "documentChar": "character",
    "documentChunk": "part",
    "searchResultLocation": "part",
}


class Annotations(Event, frozen=True):
    """Sources on the web of a part of the answer's text."""

    index: int
    found: list[Json]


class Teller:
    """Gives a tool without arguments `{}` when its block ends, and tells citations: addresses on the web as annotations,
    places in documents, which OpenAI's annotations have no kind for, as text behind what cites them."""

    def __init__(self) -> None:
        self._bare: set[int] = set()
        self._cited: dict[int, list[Json]] = {}
        self._length = self._begin = 0
        self._index = -1

    def feed(self, event: Event) -> tuple[Event, ...]:
        """The events to tell in this one's place."""
        match event:
            case TextDelta():
                self.pass_text(event)
                return (event,)
            case ToolStart(index):
                self._bare.add(index)
                return (event,)
            case ToolDelta(index, arguments):
                if index in self._bare:
                    if not arguments.strip():
                        return ()
                    self._bare.discard(index)
                return (event,)
            case Citations(index, found):
                self._cited.setdefault(index, []).extend(found)
                return ()
            case BlockStop(index):
                return (*self._ended(index), event)
            case Finished():
                return (
                    *(
                        each
                        for index in sorted(self._bare | self._cited.keys())
                        for each in self._ended(index)
                    ),
                    event,
                )
        return (event,)

    def pass_text(self, event: TextDelta) -> None:
        """A text goes as it is; where it stands is counted, for annotations."""
        if event.index != self._index:
            self._index, self._begin = event.index, self._length
        self._length += len(event.text)

    def _ended(self, index: int) -> list[Event]:
        told: list[Event] = []
        if index in self._bare:
            self._bare.discard(index)
            told.append(ToolDelta(index, "{}"))
        found = self._cited.pop(index, [])
        annotations = [self._annotation(each) for each in found if _web(each)]
        if annotations:
            told.append(Annotations(index, annotations))
        marks = dict.fromkeys(_mark(each) for each in found if not _web(each))
        if marks:
            text = " " + " ".join(marks)
            self._length += len(text)
            told.append(TextDelta(index, text))
        return told

    def _annotation(self, citation: Json) -> Json:
        """As OpenAI has it: the citation is of all text of the block."""
        url = _web(citation)
        return {
            "type": "url_citation",
            "url_citation": {
                "start_index": self._begin,
                "end_index": self._length,
                "title": citation.get("title") or url,
                "url": url,
            },
        }


def _web(citation: Json) -> str:
    """The address on the web, where it has one."""
    location = citation.get("location")
    web = location.get("web") if isinstance(location, dict) else None
    url = web.get("url") if isinstance(web, dict) else None
    return url if isinstance(url, str) else ""


def _mark(citation: Json) -> str:
    """A citation in brackets: its title, or its source, and the place."""
    title = citation.get("title") or citation.get("source") or "source"
    return f"[{title}{_place(citation.get('location'))}]"


def _place(location: Any) -> str:
    for name, word in _NAMES.items():
        place = location.get(name) if isinstance(location, dict) else None
        if isinstance(place, dict) and isinstance(start := place.get("start"), int):
            end = place.get("end")
            return f", {word} {start}" + (f"-{end}" if isinstance(end, int) and end > start else "")
    return ""
