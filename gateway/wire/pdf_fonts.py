"""PURE: how many tokens the codes of a PDF's fonts may be: one may stand for many letters, or for one of many bytes.

Source: ISO 32000-1, 9.6.6 and 9.10; Adobe Glyph List specification, 6.3.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.wire.pdf_objects import Objects, UnknownPagesError

_TOKEN = re.compile(rb"<([0-9a-fA-F\s]*)>|(\[)|(\])")
_DIFFERENCES = re.compile(rb"/Differences\s*\[([^\[\]]*+)\]")
_CODE_OR_NAME = re.compile(rb"(\d+)|/([^\s/\[\]<>()]+)")
_ASIAN = re.compile(rb"/Ordering\s*\((?:GB1|CNS1|Japan|Korea|KR)|/Encoding\s*/(?!Identity)[\w-]+-[HV]\b")
_LIGATURES = {b"ff": 2, b"fi": 2, b"fl": 2, b"ffi": 3, b"ffl": 3}
_UNI = re.compile(rb"uni((?:[0-9A-F]{4})+)$")
_LAST_OF_ALPHABETS = 0x6FF
"""Up to here, a letter is a token at most: Latin, Greek, Cyrillic, Hebrew and Arabic. Beyond, as many as it has bytes in UTF-8."""
_LETTER_OF_ASIA = 3
_MAX_RANGE = 256
_MAX_COUNTED_ONE_BY_ONE = 24


@dataclass(slots=True)
class Fonts:
    """Tokens of codes of one byte that may be more than one; and those of each byte of longer codes, at most."""

    single: dict[int, int] = field(default_factory=dict)
    longer: float = 0.0
    _left: int = 100_000

    @property
    def is_plain(self) -> bool:
        return not self.single and self.longer <= 1

    def tokens(self, codes: bytes) -> int:
        """The most that these bytes of strings may be."""
        if len(self.single) <= _MAX_COUNTED_ONE_BY_ONE:
            more = sum([codes.count(code) * (weight - 1) for code, weight in self.single.items()])
        else:
            counted = Counter(codes)
            more = sum(counted[code] * (weight - 1) for code, weight in self.single.items())
        return max(len(codes) + more, int(len(codes) * self.longer))

    def add(self, code: int, length: int, weight: int) -> None:
        self._left -= 1
        if self._left < 0:  # no fonts have so many letters of their own
            raise UnknownPagesError
        if length == 1 and weight > 1:
            self.single[code] = max(self.single.get(code, 1), weight)
        elif length > 1:
            self.longer = max(self.longer, weight / length)


def fonts_of(objects: Objects) -> Fonts:
    """The dearest of all fonts, whichever a page's text is set in."""
    fonts = Fonts()
    for stream in objects.streams:
        if stream.content is not None and b"beginbf" in stream.content:
            _letters(stream.content, fonts)
    for item in (*objects.plain, *objects.streams):
        for named in _DIFFERENCES.findall(item.text):
            _names(named, fonts)
        if _ASIAN.search(item.text):
            fonts.longer = max(fonts.longer, _LETTER_OF_ASIA / 2)
    return fonts


def _letters(cmap: bytes, fonts: Fonts) -> None:
    for part in cmap.split(b"beginbf")[1:]:
        section, end, _ = part.partition(b"endbf")
        if not end:
            raise UnknownPagesError
        tokens = _TOKEN.finditer(section)
        for first in tokens:
            if first[1] is None:
                raise UnknownPagesError
            code = _bytes(first[1])
            last = _bytes(_next(tokens)) if section.startswith(b"range") else code
            _map(code, last, _letters_of(tokens), fonts)


def _map(code: bytes, last: bytes, weights: list[int], fonts: Fonts) -> None:
    if max(weights, default=0) <= len(code) == 1:
        return
    begin, end = int.from_bytes(code, "big"), int.from_bytes(last, "big")
    if len(code) > 1:
        fonts.add(begin, len(code), max(weights, default=0))
    for number in range(begin, min(end + 1, begin + _MAX_RANGE)) if len(code) == 1 else ():
        fonts.add(number, 1, weights[min(number - begin, len(weights) - 1)] if weights else 0)


def _letters_of(tokens: Iterator[re.Match[bytes]]) -> list[int]:
    """What a code or a range of them stands for: one text, or a list with one for each."""
    first = next(tokens, None)
    if first is None or first[3]:
        raise UnknownPagesError
    if first[1] is not None:
        return [_weight(_bytes(first[1]).decode("utf-16-be", "replace"))]
    found = []
    for each in tokens:
        if each[1] is None:
            break
        found.append(_weight(_bytes(each[1]).decode("utf-16-be", "replace")))
    return found


def _next(tokens: Iterator[re.Match[bytes]]) -> bytes:
    found = next(tokens, None)
    if found is None or found[1] is None:
        raise UnknownPagesError
    return found[1]


def _bytes(hexadecimal: bytes) -> bytes:
    digits = b"".join(hexadecimal.split())
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())


def _names(named: bytes, fonts: Fonts) -> None:
    """Names of glyphs, each the one of the next code."""
    code = 0
    for number, name in _CODE_OR_NAME.findall(named):
        if number:
            code = int(number[:9])
            continue
        if code < 256:
            fonts.add(code, 1, sum(map(_of_glyph, name.partition(b".")[0].split(b"_"))))
        code += 1


def _of_glyph(name: bytes) -> int:
    uni = _UNI.match(name)
    if uni:
        return _weight(bytes.fromhex(uni[1].decode()).decode("utf-16-be", "replace"))
    if re.match(rb"u[0-9A-F]{4,6}$", name):
        return 4
    return _LIGATURES.get(name, 1)


def _weight(text: str) -> int:
    return sum(1 if ord(letter) <= _LAST_OF_ALPHABETS else len(letter.encode()) for letter in text)
