"""The objects of a PDF, found by their words. Source: ISO 32000-1, 7.3.8 and 7.5.7.

The table of where objects stand is not read: a file whose table is broken has its pages all the same.
"""

import re
import zlib
from base64 import a85decode
from dataclasses import dataclass

# Runs of digits and blanks are bounded, so that none is read more than once for each place it holds.
_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})\s{1,4}\d{1,5}\s{1,4}obj\b")
_STREAM = re.compile(rb"stream\r?\n")
_FILTERS = re.compile(rb"/Filter\s{0,4}(\[[^\]\[]*+\]|/\w++)")
_PAIR = re.compile(rb"(\d{1,10})\s{1,4}(\d{1,10})")
_REFERENCE = re.compile(rb"(\d{1,10})\s{1,4}\d{1,5}\s{1,4}R\b")
_HEADER_BYTES = 262_144
_INFLATED_BYTES = 8 * 1024 * 1024
_MOST_OBJECTS = 100_000


@dataclass(frozen=True, slots=True)
class PdfObject:
    """What an object says of itself, and its stream as it stands."""

    header: bytes
    stream: bytes = b""


class PdfObjects:
    """All objects of a file by their number: later ones replace those before them."""

    def __init__(self, data: bytes) -> None:
        self._left = _INFLATED_BYTES
        self._objects: dict[int, PdfObject] = {}
        self._read(data)

    def __getitem__(self, number: int) -> PdfObject:
        return self._objects.get(number, PdfObject(b""))

    def find(self, pattern: re.Pattern[bytes]) -> int | None:
        """The last object whose header has a pattern."""
        return next(
            (number for number in reversed(self._objects) if pattern.search(self[number].header)), None
        )

    def content(self, found: PdfObject) -> bytes | None:
        """A stream without its filters; None where it can't be had within the bound on all of them."""
        named = _FILTERS.search(found.header)
        content = found.stream
        try:
            for name in re.findall(rb"/(\w++)", named[1]) if named else ():
                if name in (b"FlateDecode", b"Fl"):
                    content = self._inflate(content)
                elif name in (b"ASCII85Decode", b"A85"):
                    content = a85decode(content.strip().removesuffix(b"~>"))
                else:
                    return None
        except (zlib.error, ValueError):
            return None
        return content

    def _read(self, data: bytes) -> None:
        packed = []
        at = 0
        while len(self._objects) < _MOST_OBJECTS and (begin := _OBJECT.search(data, at)) is not None:
            found, at = _object_at(data, begin.end())
            self._objects.pop(int(begin[1]), None)
            self._objects[int(begin[1])] = found
            if b"/ObjStm" in found.header:
                packed.append(found)
        for found in packed:
            self._unpack(found)

    def _unpack(self, packed: PdfObject) -> None:
        """Objects inside a stream: pairs of number and place, then the objects."""
        first = re.search(rb"/First\s{1,4}(\d{1,9})", packed.header)
        content = self.content(packed)
        if first is None or content is None:
            return
        start = int(first[1])
        pairs = [(int(pair[1]), start + int(pair[2])) for pair in _PAIR.finditer(content[:start])]
        ends = [place for _, place in pairs[1:]]
        for (number, place), end in zip(pairs, [*ends, len(content)], strict=False):  # there may be no pairs
            if len(self._objects) < _MOST_OBJECTS:
                self._objects[number] = PdfObject(content[place : min(end, place + _HEADER_BYTES)])

    def _inflate(self, data: bytes) -> bytes:
        inflated = zlib.decompressobj().decompress(data, self._left + 1)
        self._left -= len(inflated)
        if self._left < 0:
            self._left = 0
            raise ValueError("more than is read")
        return inflated


def references(text: bytes) -> list[int]:
    """The objects that a text names, in order."""
    return [int(found[1]) for found in _REFERENCE.finditer(text)]


def _object_at(data: bytes, at: int) -> tuple[PdfObject, int]:
    """The object that begins there, and where to look for the next one."""
    end = data.find(b"endobj", at)
    end = len(data) if end < 0 else end
    begin = _STREAM.search(data, at, min(end, at + _HEADER_BYTES))
    if begin is None:
        return PdfObject(data[at : min(end, at + _HEADER_BYTES)]), end
    last = data.find(b"endstream", begin.end())
    last = len(data) if last < 0 else last
    return PdfObject(data[at : begin.start()], data[begin.end() : last]), last
