"""PURE: the text of a document that is a zip of XML (docx, xlsx), and how many pictures are in it.

What a zip says of its sizes is not believed: its parts are inflated, up to a bound, and one that is not what it says it is makes
the whole document unknown. Source: ECMA-376, parts 1 and 2; .ZIP application note.
"""

import re
import zlib
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile, ZipInfo

_MIN_BUDGET = 4 * 1024 * 1024
_BUDGET_FACTOR = 16
_MAX_PARTS = 5000
_PICTURES = re.compile(r"(?:word|xl|ppt)/(?:media|embeddings|charts)/")
_FORMS = re.compile(
    r"(?:^|/)(?:styles|settings|fontTable|webSettings|numbering|theme\d*|stylesWithEffects)\.xml$|/theme/"
    r"|^\[Content_Types\]\.xml$|^docProps/|^customXml/"
)
_RELATION = re.compile(r"<(?:\w{1,32}:)?Relationship\b([^<>]*+)>")
_ANY_RELATION = re.compile(r"(?<!/)\bRelationship[\s/>]")
_TYPE = re.compile(r"""\bType\s{0,9}=\s{0,9}["']([^"']*+)["']""")
_TARGET = re.compile(r"""\bTarget\s{0,9}=\s{0,9}["']([^"']*+)["']""")
_QUIET = frozenset(
    {"image", "styles", "settings", "fontTable", "webSettings", "numbering", "theme", "stylesWithEffects", "hyperlink",
     "core-properties", "extended-properties", "custom-properties", "thumbnail", "customXml", "customXmlProps",
     "printerSettings", "oleObject", "package", "font", "video", "audio", "media"}
)  # fmt: skip
"""Kinds of relations whose target has no text of the document's own."""
_WHOLE = "aFChunk"
"""The relation to a document that is taken into this one, as often as it names it."""
_LISTED = re.compile(
    r"""<(?:\w{1,32}:)?(?:sheet|sldId)\b[^<>]*?\b\w{1,32}:id\s{0,9}=\s{0,9}["']([^"']*+)["']"""
)
_TAG = re.compile(r"<[^<>]*+>")
_SHARED_PART = re.compile(r"<(?:\w{1,32}:)?sst\b")
_SHARED_BEGIN = re.compile(r"<(?:\w{1,32}:)?si\b[^<>]*+>")
_SHARED_END = re.compile(r"</(?:\w{1,32}:)?si\s{0,9}>")
_CELL = re.compile(
    r"<(?:\w{1,32}:)?c\b([^<>]*+)>(?:\s{0,9}<(?:\w{1,32}:)?v\b[^<>]*+>\s{0,9}(\d{1,9})(?!\d))?"
)
_IS_SHARED = re.compile(r"""\bt\s{0,9}=\s{0,9}["']s["']""")


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
    try:
        with ZipFile(BytesIO(data)) as archive:
            texts, pictures = _read(archive, max(_MIN_BUDGET, _BUDGET_FACTOR * len(data)))
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


def _read(archive: ZipFile, budget: int) -> tuple[dict[str, str], int]:
    """Texts of parts by their name, and how many pictures there are."""
    parts = archive.infolist()
    if len(parts) > _MAX_PARTS or len({part.filename for part in parts}) < len(parts):
        raise UnknownPartsError
    named: set[str] = set()
    texts: dict[str, str] = {}
    pictures = 0
    for part in sorted(parts, key=lambda each: not each.filename.lower().endswith(".rels")):
        name = part.filename
        # Names of parts are the same whatever the case of their letters.
        is_relation, is_named = name.lower().endswith(".rels"), _last_of(name).lower() in named
        pictures += bool(_PICTURES.match(name))
        is_text = name.lower().endswith(".xml") and not _FORMS.search(name) and not _PICTURES.match(name)
        if not (is_relation or is_named or is_text):
            continue
        inflated = _inflated(archive, part, budget)
        budget -= len(inflated)
        if is_relation:
            named |= _named(inflated)
        else:
            texts[name] = _decoded(inflated)
    return texts, pictures


def _named(relations: bytes) -> set[str]:
    """Parts that have text, wherever they stand: last names only, which are more parts rather than fewer."""
    text = _decoded(relations)
    found = _RELATION.findall(text)
    if len(found) < len(_ANY_RELATION.findall(text)):
        raise UnknownPartsError
    named = set()
    for attributes in found:
        kind, target = _TYPE.search(attributes), _TARGET.search(attributes)
        last = _last_of(kind[1]) if kind else _WHOLE
        if target is None or last == _WHOLE:
            raise UnknownPartsError
        if last not in _QUIET:
            named.add(_last_of(unquote(unescape(target[1]))).lower())
    return named


def _last_of(path: str) -> str:
    return path.rpartition("/")[2]


def _decoded(part: bytes) -> str:
    """Raises UnknownPartsError of what names texts of its own, which it may repeat."""
    is_wide = part.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = part.decode("utf-16" if is_wide else "utf-8", "replace")
    if "<!ENTITY" in text:
        raise UnknownPartsError
    return text


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
    if any(len(set(found)) < len(found) for found in map(_LISTED.findall, texts.values())):
        raise UnknownPartsError
    tables = [name for name, text in texts.items() if _SHARED_PART.search(text)]
    strings = _strings(texts.pop(tables[0])) if len(tables) == 1 else []
    plain = "\n".join(map(_plain, texts.values()))
    cells = [
        number
        for text in texts.values()
        for attributes, number in _CELL.findall(text)
        if _IS_SHARED.search(attributes)
    ]
    named = [int(number) for number in cells if number]
    if len(tables) > 1 or len(named) < len(cells) or max(named, default=-1) >= len(strings):
        raise UnknownPartsError
    own = sum(map(len, strings)) + len(plain) or 1
    written = sum(len(strings[number]) for number in named) + len(plain)
    return Parts("\n".join((*strings, plain)), max(1.0, written / own), pictures)


def _strings(table: str) -> list[str]:
    pieces = _SHARED_END.split(table)
    begins = [_SHARED_BEGIN.search(piece) for piece in pieces[:-1]]
    if len(_SHARED_BEGIN.findall(table)) > len(begins):
        raise UnknownPartsError
    return [
        _plain(piece[begin.end() :]) if begin else "" for piece, begin in zip(pieces, begins, strict=False)
    ]


def _plain(xml: str) -> str:
    return unescape(_TAG.sub(" ", xml.replace("<![CDATA[", "").replace("]]>", "")))
