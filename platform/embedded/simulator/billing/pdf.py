"""The pages of a PDF and the text on each, as a reader of it would have them. Source: ISO 32000-1, 7.7.3, 8.10 and 9.4."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from embedded.simulator.billing.pdf_objects import PdfObject, PdfObjects, references
from embedded.simulator.billing.pdf_text import Shown, shown_by

_CATALOG = re.compile(rb"/Type\s{0,4}/Catalog\b")
_ROOT_PAGES = re.compile(rb"/Pages\s{1,4}(\d{1,10})\s")
_KIDS = re.compile(rb"/Kids\s{0,4}\[([^\]\[]*+)\]")
_CONTENTS = re.compile(rb"/Contents\s{0,4}(\[[^\]\[]*+\]|\d{1,10}\s{1,4}\d{1,5}\s{1,4}R)")
_RESOURCES = re.compile(rb"/(?:Resources|XObject)\s{0,4}(\d{1,10})\s{1,4}\d{1,5}\s{1,4}R")
_MOST_PAGES = 5_000
_MOST_SHOWN = 4 * 1024 * 1024
"""Characters of all pages: far more than any model's window."""
_LEAST_SHOWN = 500
"""Taken off that for whatever a stream draws, however short: forms may draw forms, thousands of each."""
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its text, or None where its content can't be read."""

    text: Shown | None


def pages_of(data: bytes) -> list[Page]:
    """The pages, in order; none of what is no PDF, or has them encrypted."""
    if b"/Encrypt" in data:
        return []
    reader = _Reader(PdfObjects(data))
    return [Page(reader.text_of(page, inherited)) for page, inherited in reader.pages()]


@dataclass(slots=True)
class _Reader:
    objects: PdfObjects
    contents: dict[int, tuple[Shown, list[bytes]] | None] = field(default_factory=dict)
    left: int = _MOST_SHOWN

    def pages(self) -> Iterator[tuple[PdfObject, bytes]]:
        """Leaves of the tree, with what the nodes above say. A page that is named twice is two pages."""
        catalog = self.objects.find(_CATALOG)
        root = _ROOT_PAGES.search(self.objects[catalog].header) if catalog is not None else None
        waiting = [(int(root[1]), b"", frozenset[int]())] if root else []
        visited = pages = 0
        while waiting and visited < 4 * _MOST_PAGES and pages < _MOST_PAGES:
            number, inherited, above = waiting.pop()
            visited += 1
            header = self.objects[number].header
            kids = _KIDS.search(header)
            if kids is None:
                pages += 1
                yield self.objects[number], inherited
            elif number not in above and len(above) < 64:
                below = references(kids[1])[:_MOST_PAGES]
                waiting += [(kid, header[:4096], above | {number}) for kid in reversed(below)]

    def text_of(self, page: PdfObject, inherited: bytes) -> Shown | None:
        """The text of a page; None where a part of it can't be read."""
        named = _CONTENTS.search(page.header)
        resources = self._resources(page.header, inherited)
        found = Shown()
        for number in references(named[1]) if named else ():
            part = self._shown(number, resources, 0)
            if part is None:
                return None
            found += part
        return found

    def _shown(self, number: int, resources: bytes, depth: int) -> Shown | None:
        """What a stream shows, and the forms that it draws, each time that it draws them."""
        if number not in self.contents:
            content = self.objects.content(self.objects[number])
            self.contents[number] = None if content is None else shown_by(content)
        known = self.contents[number]
        if known is None:
            return None
        if self.left <= 0:
            return Shown()
        shown, drawn = known
        found = Shown(shown.text, shown.glyphs)
        self.left -= len(shown.text) + shown.glyphs
        for name in drawn if depth < _DEEPEST else ():
            self.left -= _LEAST_SHOWN
            if self.left <= 0:
                break
            form = self._form(name, resources)
            if form is not None:
                header = self.objects[form].header
                found += self._shown(form, self._resources(header, resources), depth + 1) or Shown()
        return found

    def _form(self, name: bytes, resources: bytes) -> int | None:
        named = re.search(re.escape(name) + rb"\s{1,4}(\d{1,10})\s{1,4}\d{1,5}\s{1,4}R", resources)
        number = int(named[1]) if named else None
        return number if number is not None and b"/Form" in self.objects[number].header else None

    def _resources(self, own: bytes, inherited: bytes) -> bytes:
        """Wherever a name of a page's may be told."""
        found = own if b"/Resources" in own else own + inherited
        for _ in range(2):
            found += b"".join(
                self.objects[int(each[1])].header for each in _RESOURCES.finditer(found[:65_536])
            )
        return found[:131_072]
