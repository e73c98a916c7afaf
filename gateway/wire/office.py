"""PURE: the text of a document that is a zip of XML (docx, xlsx), and how many pictures are in it.

What a zip says of its sizes is not believed: its parts are inflated, up to a bound, and one that is not what it says it is makes
the whole document unknown. Source: ECMA-376, parts 1 and 2; .ZIP application note.
"""

import re
import zlib
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

_MIN_BUDGET = 4 * 1024 * 1024
_BUDGET_FACTOR = 16
_MAX_PARTS = 5000
_PICTURES = re.compile(r"(?:word|xl|ppt)/(?:media|embeddings|charts)/")
_TEXTS = re.compile(r"(?:word|xl|ppt)/.*\.xml$")
_FORMS = re.compile(
    r"/(?:styles|settings|fontTable|webSettings|numbering|theme\d*|stylesWithEffects)\.xml$|/theme/"
)
_TAG = re.compile(r"<[^>]*>")
_SHARED = re.compile(r"<si>(.*?)</si>", re.DOTALL)
_SHARED_CELL = re.compile(r'<c\b[^>]*\bt="s"[^>]*>\s*<v>(\d+)</v>')
_ANY_SHARED = re.compile(r'\bt="s"')


@dataclass(frozen=True, slots=True)
class Parts:
    """A document's text; how many times its length must be counted, for a text that is named in many places; and pictures."""

    text: str
    times: float
    pictures: int


class UnknownPartsError(Exception):
    """This file is not a zip whose parts can be read within the bound."""


def parts_of(data: bytes) -> Parts:
    """Raises UnknownPartsError. Inflates up to 4 MiB, or 16 times the file."""
    budget = max(_MIN_BUDGET, _BUDGET_FACTOR * len(data))
    texts: dict[str, str] = {}
    pictures = 0
    try:
        with ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _MAX_PARTS or len({part.filename for part in parts}) < len(parts):
                raise UnknownPartsError
            for part in parts:
                if _PICTURES.match(part.filename):
                    pictures += 1
                elif _TEXTS.match(part.filename) and not _FORMS.search(part.filename):
                    text = _inflated(archive, part, budget)
                    budget -= len(text)
                    texts[part.filename] = text.decode("utf-8", "replace")
    except (
        BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
        OSError,
    ) as error:
        raise UnknownPartsError from error
    if not texts:
        raise UnknownPartsError
    return _shared(texts, pictures)


def _inflated(archive: ZipFile, part: ZipInfo, budget: int) -> bytes:
    if part.file_size > budget:
        raise UnknownPartsError
    with archive.open(part) as stream:
        found = stream.read(
            budget + 1
        )  # a part that is longer, or other, than the zip says, is none that zipfile reads
    if len(found) > budget:
        raise UnknownPartsError
    return found


def _shared(texts: dict[str, str], pictures: int) -> Parts:
    """Cells name the texts of a workbook by their number: one may be long, and named often."""
    strings = [_plain(found) for found in _SHARED.findall(texts.pop("xl/sharedStrings.xml", ""))]
    plain = "\n".join(map(_plain, texts.values()))
    if not strings:
        return Parts(plain, 1.0, pictures)
    named = [int(number) for text in texts.values() for number in _SHARED_CELL.findall(text)]
    cells = sum(len(_ANY_SHARED.findall(text)) for text in texts.values())
    if len(named) < cells or max(named, default=0) >= len(strings):
        raise UnknownPartsError
    own = sum(map(len, strings)) + len(plain) or 1
    written = sum(len(strings[number]) for number in named) + len(plain)
    return Parts("\n".join((*strings, plain)), max(1.0, written / own), pictures)


def _plain(xml: str) -> str:
    return unescape(_TAG.sub(" ", xml))
