"""The text that a stream of a PDF's page shows. Source: ISO 32000-1, 7.3.4 and 9.4.3."""

import re
from dataclasses import dataclass

_LETTERS = rb"[^()\\]*+(?:\\.[^()\\]*+)*+"
# A string may have parentheses of its own, one level deep here; arrays of strings are read as the strings in them.
_TOKEN = re.compile(
    rb"(?P<string>\([^()\\]*+(?:(?:\\.|\(" + _LETTERS + rb"\))[^()\\]*+)*+\))|<(?P<hex>[0-9a-fA-F\s]++)>"
    rb"|(?P<draw>/[^\s/<>\[\]()]{1,127}+)\s{1,4}Do\b|(?P<moves>\bT[dDm*](?=[\s\[(<]|$))",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|\r?\n|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_UNREADABLE = bytes({*range(0x20), *range(0x7F, 0xA0)} - {*b"\n\r\t"})
_PLAIN_SHARE = 0.7
_MOST_DRAWN = 10_000


@dataclass(slots=True)
class Shown:
    """Text that can be read, and glyphs whose letters only their font knows."""

    text: str = ""
    glyphs: int = 0

    def __iadd__(self, other: "Shown") -> "Shown":
        return Shown(f"{self.text}\n{other.text}" if self.text and other.text else self.text or other.text,
                     self.glyphs + other.glyphs)  # fmt: skip


def shown_by(content: bytes) -> tuple[Shown, list[bytes]]:
    """What a stream shows, and the names of what it draws."""
    pieces: list[str] = []
    drawn: list[bytes] = []
    glyphs = 0
    for found in _TOKEN.finditer(content):
        if found["string"] is not None:
            plain = _ESCAPE.sub(_letter, found["string"][1:-1])
            if _is_plain(plain):
                pieces.append(plain.decode("latin-1"))
            else:
                glyphs += (len(plain) + 1) // 2
        elif found["hex"] is not None:
            glyphs += (len(b"".join(found["hex"].split())) + 3) // 4
        elif found["draw"] is not None and len(drawn) < _MOST_DRAWN:
            drawn.append(found["draw"])
        elif found["moves"] is not None and pieces and len(pieces[-1]) > 1:
            pieces.append(
                " "
            )  # a word ends where the next one is placed, but letters may be placed one by one
    return Shown("".join(pieces).strip(), glyphs), drawn


def _letter(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes([int(found[1], 8) & 0xFF])
    return b"" if found[2] is None else _NAMED.get(found[2], found[2])


def _is_plain(letters: bytes) -> bool:
    """Whether these are letters and not the numbers of glyphs, of two bytes each."""
    return len(letters.translate(None, _UNREADABLE)) >= _PLAIN_SHARE * len(letters)
