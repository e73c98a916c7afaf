"""Word documents (.docx): a ZIP archive of XML."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import groupby

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.oxml import parse_xml
from docx.table import Table
from docx.text.paragraph import Paragraph

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import problems

_MAX_PARTS = 5_000
_MAX_BYTES = 300 * 1024 * 1024
_HIGHEST_RATIO = 150
"""Real documents stay below 40, those of nothing but a huge table too."""
_MIN_SUSPECT_BYTES = 4 * 1024 * 1024
_STEP = 1024 * 1024
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXTS = (_W + "t", _W + "delText")
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
    """Every paragraph that is not in the blocks: of headers, footers, notes, comments, text boxes and fields of forms, and
    what tracked changes took out."""
    seen = " ".join(" ".join(block.text for block in blocks).split())
    try:
        document = docx.Document(io.BytesIO(content))
        parts = [part.blob for part in document.part.package.iter_parts() if _has_text(str(part.partname))]
        texts = [text for part in parts for text in _paragraphs(part)]
    except (OpcError, SyntaxError, KeyError, ValueError) as error:
        raise problems.Unusable(problems.DAMAGED) from error
    fresh = dict.fromkeys(text for text in texts if text not in seen)
    return [TextBlock(BlockKind.PARAGRAPH, text) for text in fresh]


def _has_text(name: str) -> bool:
    return name.startswith("/word/") and name.endswith(".xml") and _FORMS.search(name) is None


def _paragraphs(part: bytes) -> Iterator[str]:
    """The text of each paragraph of a part, whatever stands around its pieces."""
    for paragraph in parse_xml(part).iter(_W + "p"):
        pieces: list[str] = []
        for each in paragraph.iter(_W + "t", _W + "delText", _W + "tab", _W + "br"):
            if next(each.iterancestors(_W + "p")) is paragraph:
                pieces.append((each.text or "") if each.tag in _TEXTS else " ")
        if text := " ".join("".join(pieces).split()):
            yield text


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
