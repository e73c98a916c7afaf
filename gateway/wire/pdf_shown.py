"""PURE: how much text the streams of a PDF show, with whatever they draw, as often as they draw it.

Lengths are in bytes of strings, which are tokens at most. Source: ISO 32000-1, 7.3.4, 8.10 and 9.4.
"""

import re
from collections import Counter
from dataclasses import dataclass

from gateway.wire.pdf_fonts import Fonts
from gateway.wire.pdf_objects import Item, Objects, UnknownPagesError

BLANK = rb"(?:[\s\0]|%[^\r\n]{0,200}[\r\n])"
"""What is between words: comments are, too."""
_NAME = rb"/([^\s\0/\[\]()<>{}%]*)"
_STRING = re.compile(rb"\([^()\\]*(?:\\.[^()\\]*)*\)|<[0-9a-fA-F\s]+>", re.DOTALL)
_SHOWS_TEXT = re.compile(rb"T[jJ]|['\"]")
_DRAWN = re.compile(_NAME + BLANK + rb"{1,99}(Do|scn|SCN)(?![^\s\0/\[(<%])")
_DRAWS = re.compile(rb"(?<=[\s\0])Do(?![^\s\0/\[(<%])")
_NAMED = re.compile(_NAME + BLANK + rb"{0,9}(\d{1,10})" + BLANK + rb"{1,9}\d{1,5}" + BLANK + rb"{1,9}R")
_MARKED = re.compile(_NAME + BLANK + rb"{1,9}BDC")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|\r?\n|(.))", re.DOTALL)
_GLYPH = re.compile(rb"[-+\d.\s]{3,200}d[01]\s")
_SHOWS_STRING = re.compile(rb"[)>\]]\s*T[jJ]")
_CAP = 10**9
_MAX_DEPTH = 40
_MAX_COMMENTS = 20_000


@dataclass(frozen=True, slots=True)
class _Content:
    own: int
    draws: dict[bytes, int]


class Shown:
    """What the streams of a file show. `marked` is the most that a name given to marked content may stand for."""

    def __init__(self, objects: Objects, fonts: Fonts, marked: int) -> None:
        self._fonts, self._marked = fonts, marked
        self._streams: dict[int, list[Item]] = {}
        for item in objects.streams:
            self._streams.setdefault(item.number, []).append(item)
        self._objects = objects
        self._hidden = objects.textless - objects.pictures
        self._names: dict[bytes, set[int]] | None = None
        self._contents: dict[int, _Content] = {}
        self._costs: dict[int, int | None] = {}
        self._by_name: dict[bytes, int] = {}
        self._depth = 0

    def own(self, item: Item) -> int:
        """What a stream shows without what it draws."""
        return self._content(item).own

    def of(self, number: int) -> int:
        """What a stream shows, and all that it draws; none of what is no stream."""
        if number not in self._costs:
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise UnknownPagesError
            self._costs[number] = None
            self._costs[number] = max(map(self.all_of, self._streams.get(number, ())), default=0)
            self._depth -= 1
        cost = self._costs[number]
        if cost is None:  # it draws itself, as often as a reader likes
            raise UnknownPagesError
        return cost

    def all_of(self, item: Item) -> int:
        content = self._content(item)
        cost = content.own
        if content.draws:
            near = _refs_by_name(item.text)
            cost += sum(times * self._of_name(name, near) for name, times in content.draws.items())
        return min(cost, _CAP)

    def _of_name(self, name: bytes, near: dict[bytes, set[int]]) -> int:
        """The dearest that a name may stand for: what the stream's own resources say, or any of the file's."""
        if name in near:
            return self._dearest(near[name])
        if name not in self._by_name:
            named = self._all_names().get(name)
            if named is None:
                raise UnknownPagesError
            self._by_name[name] = self._dearest(named)
        return self._by_name[name]

    def _dearest(self, numbers: set[int]) -> int:
        if numbers & self._hidden:
            raise UnknownPagesError
        return 1 + max(map(self.of, numbers & self._streams.keys()), default=0)

    def _all_names(self) -> dict[bytes, set[int]]:
        if self._names is None:
            self._names = {}
            for item in (*self._objects.plain, *self._objects.streams):
                for name, numbers in _refs_by_name(item.text).items():
                    self._names.setdefault(name, set()).update(numbers)
        return self._names

    def _content(self, item: Item) -> _Content:
        found = self._contents.get(id(item))
        if found is None:
            found = self._contents[id(item)] = self._read(item.content or b"")
        return found

    def _read(self, data: bytes) -> _Content:
        shows, draws = _SHOWS_TEXT.search(data), b"Do" in data or b"scn" in data or b"SCN" in data
        marks = self._marked and b"BDC" in data
        if data.count(b"%") > _MAX_COMMENTS:  # each may have to be looked over for each name
            raise UnknownPagesError
        if not (shows or draws or marks):
            return _Content(0, {})
        if shows and _GLYPH.match(data) and _is_text(data):
            raise UnknownPagesError  # a glyph that is text itself
        bare, number = _STRING.subn(b" ", data)
        # No string is left, not even one in hexadecimal with something else in it.
        is_plain = not (b"(" in bare or b")" in bare or bare.count(b"<") != 2 * bare.count(b"<<"))
        length = len(data) - len(bare) + number if is_plain else len(data)
        own = self._length(data, length, is_plain=is_plain) if shows else 0
        if marks:
            own += len(_MARKED.findall(data)) * self._marked
        return _Content(own, _draws(data, bare) if draws else {})

    def _length(self, data: bytes, length: int, *, is_plain: bool) -> int:
        if self._fonts.is_plain:
            return length
        return max(length, self._fonts.tokens(_codes(_STRING.findall(data)) if is_plain else data))


def _draws(data: bytes, bare: bytes) -> dict[bytes, int]:
    """Names of what is drawn, or painted with, and how often; strings and pictures may have more that look so."""
    found = _DRAWN.findall(data)
    if sum([word == b"Do" for _, word in found]) < len(_DRAWS.findall(bare)):
        raise UnknownPagesError
    return Counter(_plain_name(name) for name, _ in found)


def _is_text(glyph: bytes) -> bool:
    """Whether a glyph shows text beside its pictures, whose bytes may be any."""
    return any(_SHOWS_STRING.search(piece.partition(b"BI")[0]) for piece in glyph.split(b"EI"))


def _refs_by_name(text: bytes) -> dict[bytes, set[int]]:
    found: dict[bytes, set[int]] = {}
    for name, number in _NAMED.findall(text):
        found.setdefault(name, set()).add(int(number))
    return found


def _plain_name(name: bytes) -> bytes:
    if b"#" not in name:
        return name
    return re.sub(rb"#([0-9a-fA-F]{2})", lambda found: bytes((int(found[1], 16),)), name)


def _codes(strings: list[bytes]) -> bytes:
    """The bytes that strings stand for, and no fewer."""
    joined = b"".join(strings)
    if b"<" not in joined:  # none in hexadecimal: that they have parentheses matters less than time
        return _ESCAPE.sub(_escaped, joined) if b"\\" in joined else joined
    letters = b"".join([string[1:-1] for string in strings if string.startswith(b"(")])
    digits = [b"".join(string[1:-1].split()) for string in strings if string.startswith(b"<")]
    if any(len(each) % 2 for each in digits):  # the last digit is a zero then
        digits = [each + b"0" * (len(each) % 2) for each in digits]
    plain = _ESCAPE.sub(_escaped, letters) if b"\\" in letters else letters
    return plain + bytes.fromhex(b"".join(digits).decode())


def _escaped(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes((int(found[1], 8) & 0xFF,))
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(found[2], found[2] or b"")
