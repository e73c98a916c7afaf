"""PURE: how many pages a PDF has, and how much text, without reading it as a viewer does.

Objects are found by their words, in the file and in what its streams hold. Inflating is bounded, and whatever is not plain
(encrypted, other filters, pages named twice) is said to be unknown. Source: ISO 32000-1, 7.3.8, 7.5.7 and 7.7.3.
"""

import re
import zlib
from base64 import a85decode
from dataclasses import dataclass

_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z#])")
_PAGES = re.compile(rb"/Type\s*/Pages\b")
_NEAR = 300
"""Bytes before and after a node of the tree of pages in which its count is looked for: outlines have counts, too."""
_COUNT = re.compile(rb"/Count\s+(\d{1,9})")
_KIDS = re.compile(rb"/Kids\s*\[([^\]]*)\]")
_REFERENCE = re.compile(rb"(\d+)\s+(\d+)\s+R")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_FILTERS = re.compile(rb"/Filter\s*(\[[^\]]*\]|/\w+)")
_STRING = re.compile(rb"\([^()\\]*(?:\\.[^()\\]*)*\)|<[0-9a-fA-F\s]+>", re.DOTALL)
_SHOWS_TEXT = re.compile(rb"T[jJ]|['\"]")
_NO_TEXT = re.compile(rb"/Subtype\s*/(?:Image|XML|Type1C|CIDFontType0C|OpenType)|/Length1\b|/Type\s*/XRef")
_PICTURES = (b"/DCTDecode", b"/JPXDecode", b"/CCITTFaxDecode", b"/JBIG2Decode")
_HEADER_BYTES = 4096
_MIN_BUDGET = 4 * 1024 * 1024
_BUDGET_FACTOR = 16


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages; the bytes of all strings that may be text; and those of the stream with the most."""

    number: int
    text_bytes: int
    most_bytes: int


class UnknownPagesError(Exception):
    """This file is not one whose pages can be counted."""


def pages_of(data: bytes) -> Pages:
    """Raises UnknownPagesError. Inflates up to 4 MiB, or 16 times the file."""
    if b"/Encrypt" in data:
        raise UnknownPagesError
    try:
        found = _Count(max(_MIN_BUDGET, _BUDGET_FACTOR * len(data)))
        found.look(data)
        _streams(data, found)
    except (zlib.error, ValueError) as error:
        raise UnknownPagesError from error
    if not found.pages:
        raise UnknownPagesError
    return Pages(max(found.pages, found.counted), found.text_bytes, found.most_bytes)


class _Count:
    def __init__(self, budget: int) -> None:
        self.pages = self.counted = self.text_bytes = self.most_bytes = 0
        self._budget = budget

    def look(self, data: bytes) -> None:
        """Pages among the objects of a piece of the file."""
        self.pages += len(_PAGE.findall(data))
        for node in _PAGES.finditer(data):
            near = data[max(0, node.start() - _NEAR) : node.end() + _NEAR]
            self.counted = max([self.counted, *map(int, _COUNT.findall(near))])
        for kids in _KIDS.findall(data):
            named = _REFERENCE.findall(kids)
            if len(set(named)) < len(named):
                raise UnknownPagesError

    def read(self, data: bytes) -> None:
        """The strings of a stream that may be a page's content."""
        if not _SHOWS_TEXT.search(data):
            return
        strings = _STRING.findall(data)
        is_plain = data.count(b"(") - data.count(b"\\(") <= sum(text.startswith(b"(") for text in strings)
        length = sum(map(len, strings)) if is_plain else len(data)
        self.text_bytes += length
        self.most_bytes = max(self.most_bytes, length)

    def inflate(self, data: bytes) -> bytes:
        inflater = zlib.decompressobj()
        found = inflater.decompress(data, self._budget + 1)
        self._budget -= len(found)
        if self._budget < 0:
            raise UnknownPagesError
        return found


def _streams(data: bytes, found: _Count) -> None:
    at = 0
    while (begin := _STREAM.search(data, at)) is not None:
        end = data.find(b"endstream", begin.end())
        if end < 0:
            raise UnknownPagesError
        header = data[max(at, begin.start() - _HEADER_BYTES) : begin.start()].rpartition(b"obj")[2]
        at = end + len(b"endstream")
        if _NO_TEXT.search(header) or any(name in header for name in _PICTURES):
            continue
        content = _unfiltered(header, data[begin.end() : end], found)
        if b"/ObjStm" in header:
            found.look(content)
        else:
            found.read(content)


def _unfiltered(header: bytes, content: bytes, found: _Count) -> bytes:
    named = _FILTERS.search(header)
    for name in re.findall(rb"/(\w+)", named[1]) if named else ():
        if name in (b"FlateDecode", b"Fl"):
            content = found.inflate(content)
        elif name in (b"ASCII85Decode", b"A85"):
            content = a85decode(content.strip().removesuffix(b"~>"))
        else:
            raise UnknownPagesError
    return content
