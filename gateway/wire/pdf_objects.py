"""PURE: the objects of a PDF: the dictionaries as they are written, and what the streams hold.

Every definition is kept, whichever of them the file's own index means. Inflating is bounded, and a file that may be read in two
ways is said to be unknown. Source: ISO 32000-1, 7.2 to 7.5.
"""

import re
import zlib
from base64 import a85decode
from dataclasses import dataclass, field

_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_END = re.compile(rb"\s{0,4}endstream")
_END_OF_OBJECT = re.compile(rb"endstream\s{0,9}endobj")
_LENGTH = re.compile(rb"/Length\s+(\d{1,10})(?!\d|\s+\d+\s+R)")
_OBJECT = re.compile(rb"(\d{1,10})\s{1,9}\d{1,5}\s{1,9}obj")
_INDEX = re.compile(rb"(\d{1,10})\s+(\d{1,10})")
_FIRST = re.compile(rb"/First\s+(\d{1,9})")
_FILTERS = re.compile(rb"/Filter\s*(\[[^\[\]]*+\]|/\w+)")
_ESCAPE = re.compile(rb"#([0-9a-fA-F]{2})")
_NO_TEXT = re.compile(rb"/Subtype\s*/(?:Image|XML|Type1C|CIDFontType0C|OpenType)|/Length1\b|/Type\s*/XRef")
_PICTURE = re.compile(rb"/Subtype\s*/Image\b")
_PICTURES = (b"/DCTDecode", b"/JPXDecode", b"/CCITTFaxDecode", b"/JBIG2Decode")
_MAX_COMMENT = 200
_MIN_BUDGET = 4 * 1024 * 1024
_BUDGET_FACTOR = 16


class UnknownPagesError(Exception):
    """This file is not one whose pages can be counted."""


@dataclass(frozen=True, slots=True)
class Item:
    """An object: its number, 0 where none is told; its text or its stream's dictionary; and what the stream holds."""

    number: int
    text: bytes
    content: bytes | None = None


@dataclass(slots=True)
class Objects:
    """Plain objects; streams that may show text; and the numbers of those that are said to show none, or to be pictures."""

    plain: list[Item] = field(default_factory=list)
    streams: list[Item] = field(default_factory=list)
    textless: set[int] = field(default_factory=set)
    pictures: set[int] = field(default_factory=set)


def objects_of(data: bytes) -> Objects:
    """Raises UnknownPagesError. Inflates up to 4 MiB, or 16 times the file."""
    try:
        return _Reader(max(_MIN_BUDGET, _BUDGET_FACTOR * len(data))).read(data)
    except (zlib.error, ValueError) as error:
        raise UnknownPagesError from error


class _Reader:
    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._found = Objects()

    def read(self, data: bytes) -> Objects:
        at = 0
        while (begin := _STREAM.search(data, at)) is not None:
            header = self._plain(data[at : begin.start()], is_before_stream=True)
            end = _end_of(data, begin.end(), header.text)
            self._stream(header, data[begin.end() : end])
            ended = _END_OF_OBJECT.search(data, end, end + 32)
            if ended is None:
                raise UnknownPagesError
            at = ended.end()
        self._plain(data[at:])
        return self._found

    def _plain(self, gap: bytes, *, is_before_stream: bool = False) -> Item:
        """Objects between streams; the last is the dictionary of the stream that follows."""
        if b"endstream" in gap:  # another reader would have had more of the stream before
            raise UnknownPagesError
        if b"%" in gap and any(map(_has_long_comment, gap.splitlines())):
            raise UnknownPagesError
        if b"#" in gap:
            gap = _plain_names(gap)
        marks = list(_OBJECT.finditer(gap))
        ends = [mark.start() for mark in marks] + [len(gap)]
        items = [Item(0, gap[: ends[0]])]
        items += [
            Item(int(mark[1]), gap[mark.end() : end]) for mark, end in zip(marks, ends[1:], strict=True)
        ]
        self._found.plain += items[:-1] if is_before_stream else items
        return items[-1]

    def _stream(self, header: Item, raw: bytes) -> None:
        if b"obj" in raw and _OBJECT.search(raw):  # an index may point at objects inside of it
            raise UnknownPagesError
        is_form = b"/Form" in header.text
        if not is_form and (_NO_TEXT.search(header.text) or any(name in header.text for name in _PICTURES)):
            self._found.textless.add(header.number)
            if _PICTURE.search(header.text):
                self._found.pictures.add(header.number)
            return
        content = self._unfiltered(header.text, raw)
        if b"/ObjStm" in header.text:
            self._packed(header.text, content)
        else:
            self._found.streams.append(Item(header.number, header.text, content))

    def _packed(self, header: bytes, content: bytes) -> None:
        first = _FIRST.search(header)
        start = int(first[1]) if first else 0
        index = [(int(number), start + int(at)) for number, at in _INDEX.findall(content[:start])]
        ends = [at for _, at in index[1:]] + [len(content)]
        if [at for _, at in index] != sorted(at for _, at in index):
            raise UnknownPagesError
        pieces = [Item(number, content[at:end]) for (number, at), end in zip(index, ends, strict=False)]
        for piece in pieces or [Item(0, content)]:
            self._found.plain.append(
                Item(piece.number, _plain_names(piece.text)) if b"#" in piece.text else piece
            )

    def _unfiltered(self, header: bytes, content: bytes) -> bytes:
        named = _FILTERS.search(header)
        for name in re.findall(rb"/(\w+)", named[1]) if named else ():
            if name in (b"FlateDecode", b"Fl"):
                content = self._inflate(content)
            elif name in (b"ASCII85Decode", b"A85"):
                content = a85decode(content.strip().removesuffix(b"~>"))
            else:
                raise UnknownPagesError
        return content

    def _inflate(self, data: bytes) -> bytes:
        inflater = zlib.decompressobj()
        found = inflater.decompress(data, self._budget + 1)
        self._budget -= len(found)
        if self._budget < 0:
            raise UnknownPagesError
        return found


def _end_of(data: bytes, begin: int, header: bytes) -> int:
    """Where a stream ends by its own length; where that is told elsewhere, by the word after it."""
    lengths = set(_LENGTH.findall(header))
    if lengths:
        end = begin + int(lengths.pop())
        if lengths or _END.match(data, end) is None:
            raise UnknownPagesError
        return end
    end = data.find(b"endstream", begin)
    if end < 0:
        raise UnknownPagesError
    return end


def _has_long_comment(line: bytes) -> bool:
    """Longer than comments between words are looked over; a string may have the sign for another reason."""
    before, _, comment = line.partition(b"%")
    return len(comment) > _MAX_COMMENT and b"(" not in before


def _plain_names(text: bytes) -> bytes:
    """Names may be written with any of their letters as a number."""
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text)
