"""Word documents (.docx): a ZIP archive of XML."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.table import Table
from docx.text.paragraph import Paragraph

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import links, problems

_MAX_PARTS = 5_000
_MAX_BYTES = 300 * 1024 * 1024
_HIGHEST_RATIO = 150
"""Real documents stay below 40, those of nothing but a huge table too."""
_MIN_SUSPECT_BYTES = 4 * 1024 * 1024
_STEP = 1024 * 1024
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_PARAGRAPHS = (_W + "p", _DRAWING + "p")
_TEXTS = (_W + "t", _W + "delText", _DRAWING + "t")
_PIECES = (*_TEXTS, _W + "tab", _W + "br")
_TAKEN_IN = "/aFChunk"
"""The relation to a document that is taken into this one (ECMA-376, part 1, 11.3.1)."""
_FORMS = re.compile(
    r"/(?:styles|settings|fontTable|webSettings|numbering|theme|stylesWithEffects)\w*\.xml$|/theme/"
)


def extract(content: bytes) -> list[TextBlock]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_archive(archive, len(content))
        document = docx.Document(io.BytesIO(content))
    except (
        zipfile.BadZipFile,
        zlib.error,
        OpcError,
        SyntaxError,
        KeyError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise problems.Unusable(problems.DAMAGED) from error
    return [_joined(list(blocks)) for _, blocks in groupby(_blocks(document), key=_group)]


def beside(content: bytes, blocks: list[TextBlock]) -> list[TextBlock]:
    """Every text that is not in the blocks: of headers, footers, notes, comments, text boxes, fields, charts and drawings, whom
    links write to, and what tracked changes took out. Unusable where another document is taken into this one."""
    seen = " ".join(" ".join(block.text for block in blocks).split())
    try:
        texts = [text for part in _parts(content) for text in _texts(part)]
    except (OpcError, SyntaxError, KeyError, ValueError) as error:
        raise problems.Unusable(problems.DAMAGED) from error
    fresh = dict.fromkeys(text for text in texts if text not in seen)
    return [TextBlock(BlockKind.PARAGRAPH, text) for text in fresh]


def _parts(content: bytes) -> Iterator[Part]:
    document = docx.Document(io.BytesIO(content))
    for part in document.part.package.iter_parts():
        if any(relation.reltype.endswith(_TAKEN_IN) for relation in part.rels.values()):
            raise problems.Unusable(problems.TAKEN_IN)
        name = str(part.partname)
        if name.startswith("/word/") and name.endswith(".xml") and _FORMS.search(name) is None:
            yield part


def _texts(part: Part) -> Iterator[str]:
    """The text of each paragraph of a part, whatever stands around its pieces; values of charts; whom links write to."""
    root = parse_xml(part.blob)
    for paragraph in root.iter(*_PARAGRAPHS):
        pieces = [_piece(each) for each in paragraph.iter(*_PIECES) if _paragraph_of(each) is paragraph]
        if text := " ".join("".join(pieces).split()):
            yield text
    for value in root.iter(_CHART + "v"):
        yield (value.text or "").strip()
    for code in root.iter(_W + "instrText"):
        yield from links.whom(code.text or "")
    for relation in part.rels.values():
        if relation.is_external:
            yield from links.whom(relation.target_ref)


def _piece(element: Any) -> str:
    return (element.text or "") if element.tag in _TEXTS else " "


def _paragraph_of(element: Any) -> Any:
    return next(element.iterancestors(*_PARAGRAPHS))


def check_archive(archive: zipfile.ZipFile, size: int) -> None:
    """Unusable for what is no Word document, is encrypted, or unpacks to too much, as declared and as it is."""
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise problems.Unusable(problems.ENCRYPTED)
    if "word/document.xml" not in archive.namelist():
        raise problems.Unusable(problems.ARCHIVE)
    if len(parts) > _MAX_PARTS or _is_bomb(sum(part.file_size for part in parts), size):
        raise problems.Unusable(problems.BOMB)
    unpacked = 0
    for part in parts:
        with archive.open(part) as file:
            while piece := file.read(_STEP):
                unpacked += len(piece)
                if _is_bomb(unpacked, size):
                    raise problems.Unusable(problems.BOMB)


def _is_bomb(unpacked: int, size: int) -> bool:
    return unpacked > _MAX_BYTES or (unpacked > _MIN_SUSPECT_BYTES and unpacked > _HIGHEST_RATIO * size)


def _blocks(document: Document) -> Iterator[TextBlock]:
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            rows = (" | ".join(" ".join(cell.text.split()) for cell in row.cells) for row in part.rows)
            yield TextBlock(BlockKind.TABLE, "\n".join(row for row in rows if row.strip(" |")))
        elif part.text.strip():
            yield _paragraph(part)


def _paragraph(paragraph: Paragraph) -> TextBlock:
    style = (paragraph.style.name if paragraph.style is not None else "") or ""
    text = " ".join(paragraph.text.split())
    kind, _, number = style.partition(" ")
    if kind == "Heading" and number.isdecimal():
        return TextBlock(BlockKind.HEADING, text, int(number))
    if style == "Title":
        return TextBlock(BlockKind.HEADING, text, 1)
    if style.startswith("List"):
        return TextBlock(BlockKind.LIST, f"- {text}")
    return TextBlock(BlockKind.PARAGRAPH, text)


def _group(block: TextBlock) -> object:
    """Items that follow each other are one list; everything else stands alone."""
    return BlockKind.LIST if block.kind is BlockKind.LIST else id(block)


def _joined(blocks: list[TextBlock]) -> TextBlock:
    return (
        blocks[0]
        if len(blocks) == 1
        else TextBlock(BlockKind.LIST, "\n".join(block.text for block in blocks))
    )
