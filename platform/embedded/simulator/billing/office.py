"""The text of documents that are a zip of XML: docx and xlsx. Source: ECMA-376 part 1, 17 and 18."""

import re
import zlib
from html import unescape
from io import BytesIO
from zipfile import BadZipFile, ZipFile

_INFLATED_BYTES = 16 * 1024 * 1024
_MOST_TEXT = 4 * 1024 * 1024
"""Characters: far more than any model's window."""
_WORD = re.compile(r"word/(?:document\d*|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_RELATIONS = "_rels/.rels"
_MAIN = re.compile(r'<Relationship\b[^<>]{0,999}/officeDocument"[^<>]*+>')
_TARGET = re.compile(r'\bTarget="/?([^"<>]{1,255}+)"')
_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")
_SHARED_PART = "xl/sharedStrings.xml"
_BREAK = re.compile(r"</w:p>|<w:(?:br|tab|cr)\b[^<>]*+>")
_TAG = re.compile(r"<[^<>]*+>")
_SHARED = re.compile(r"<si\b[^<>]*+>((?:[^<]++|<(?!/?si\b))*+)</si>")
_ROW_OR_CELL = re.compile(r"<(?:row\b|c\b([^<>]*+)>((?:[^<]++|<(?!/?c\b))*+)</c>)")
_VALUE = re.compile(r"<(?:v|t)\b[^<>]*+>([^<]*+)<")
_BROKEN = (BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)


def text_of(data: bytes) -> str | None:
    """The text, as long as it is read at most; None of what can't be read."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            parts = _parts(archive)
    except _BROKEN:
        return None
    if any(name.startswith("xl/") for name in parts):
        return _of_workbook(parts)
    return "\n".join(map(_plain, parts.values())) if parts else None


def _parts(archive: ZipFile) -> dict[str, str]:
    """What a zip says of its sizes isn't believed: parts are read up to a bound on all of them."""
    left = _INFLATED_BYTES
    parts = {}
    main = _main_part(archive)
    for name in archive.namelist():
        is_read = _WORD.fullmatch(name) or _SHEET.fullmatch(name) or name in (_SHARED_PART, main)
        if left > 0 and is_read and name != "xl/workbook.xml":
            with archive.open(name) as stream:
                content = stream.read(left)
            left -= len(content)
            parts[name] = content.decode("utf-8", "replace")
    return parts


def _main_part(archive: ZipFile) -> str | None:
    """The part that a document begins with, wherever it says that is."""
    if _RELATIONS not in archive.namelist():
        return None
    with archive.open(_RELATIONS) as stream:
        relations = stream.read(65_536).decode("utf-8", "replace")
    main = _MAIN.search(relations)
    target = _TARGET.search(main[0]) if main else None
    return target[1] if target else None


def _of_workbook(parts: dict[str, str]) -> str:
    """A line for each row: cells name the texts that they share by number."""
    strings = [_plain(each[1]) for each in _SHARED.finditer(parts.pop(_SHARED_PART, ""))]
    written: list[str] = []
    length = 0
    for sheet in parts.values():
        for found in _ROW_OR_CELL.finditer(sheet):
            piece = "\n" if found[1] is None else f"{_cell(found[1], found[2], strings)}\t"
            written.append(piece)
            length += len(piece)
            if length > _MOST_TEXT:
                break
    return "".join(written)


def _cell(attributes: str, content: str, strings: list[str]) -> str:
    value = unescape("".join(_VALUE.findall(content)))
    if 't="s"' not in attributes:
        return value
    return (
        strings[int(value)] if value.isascii() and value.isdigit() and int(value[:9]) < len(strings) else ""
    )


def _plain(xml: str) -> str:
    return unescape(_TAG.sub("", _BREAK.sub("\n", xml)))[:_MOST_TEXT]
