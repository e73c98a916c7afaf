"""PDF documents: their text by pages. A page's number stands where other formats have a heading."""

import io
import logging
import re
from collections.abc import Iterator
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import LimitReachedError, PyPdfError

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import links, plain, problems

_MAX_PAGES = 20_000
_NO_LETTER = re.compile(
    "[\x01-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]|\\(cid:[0-9]+\\)|/g[0-9]{1,5}(?=/g|\\s)"
)
_MAX_NO_LETTERS = 0.05
_PARTED = re.compile(r"(?<=[a-zà-ÿ])-\n(?=[a-zà-ÿ])")
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every odd object


def extract(content: bytes) -> list[TextBlock]:
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise problems.Unusable(problems.ENCRYPTED)
        return _pages(reader)
    except LimitReachedError as error:
        raise problems.Unusable(problems.BOMB) from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        raise problems.Unusable(problems.DAMAGED) from error


def beside(content: bytes, blocks: list[TextBlock]) -> list[TextBlock]:
    """What stands beside the pages' own text: notes, values of a form's fields, whom links write to. Unusable where a page is a
    picture, or too much of the text is signs that no font gives a letter for."""
    text = "".join(block.text for block in blocks)
    if len(_NO_LETTER.findall(text)) > _MAX_NO_LETTERS * len(text):
        raise problems.Unusable(problems.NO_LETTERS)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            reader.decrypt("")
        told = {block.text for block in blocks if block.kind is BlockKind.HEADING}
        for number, page in enumerate(reader.pages, 1):
            if _heading(number) not in told and _has_pictures(page):
                raise problems.Unusable(problems.SCANNED)
        texts = [text for page in reader.pages for text in _notes(page)]
    except LimitReachedError as error:
        raise problems.Unusable(problems.BOMB) from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        raise problems.Unusable(problems.DAMAGED) from error
    return [TextBlock(BlockKind.PARAGRAPH, text) for text in dict.fromkeys(texts)]


def _heading(number: int) -> str:
    return f"Page {number}"


def _has_pictures(page: PageObject) -> bool:
    """Whether something is drawn on it, were it within a form (PDF 32000-1, 8.8 and 8.10), or within its content (8.9.7)."""
    resources = _of(page, "/Resources")
    content = page.get_contents()
    return bool(_of(resources, "/XObject")) or (content is not None and b"EI" in content.get_data())


def _notes(page: PageObject) -> Iterator[str]:
    """Source: PDF 32000-1, 12.5.2 (Contents), 12.6.4.7 (URI), 12.7.3 (a field's V, which its parent may hold)."""
    for each in page.annotations or ():
        note = each.get_object()
        for value in (note.get("/Contents"), note.get("/V"), _of(note.get("/Parent"), "/V")):
            found = value.get_object() if value is not None else None
            if isinstance(found, str) and (text := str(found).replace("\x00", "").strip()):
                yield text
        target = _of(note.get("/A"), "/URI")
        if target is not None:
            yield from links.whom(str(target.get_object()))


def _of(holder: Any, name: str) -> Any:
    found = holder.get_object() if holder is not None else None
    return found.get(name) if isinstance(found, dict) else None


def _pages(reader: PdfReader) -> list[TextBlock]:
    if len(reader.pages) > _MAX_PAGES:
        raise problems.Unusable(problems.TOO_MUCH_TEXT)
    found: list[TextBlock] = []
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text().replace("\x00", "")
        if blocks := plain.paragraphs(_without_hyphens(text)):
            found += [TextBlock(BlockKind.HEADING, _heading(number), 1), *blocks]
    if not found and len(reader.pages):
        raise problems.Unusable(problems.SCANNED)
    return found


def _without_hyphens(text: str) -> str:
    """Words that were parted at the end of a line, whole again."""
    return _PARTED.sub("", text.replace("\u00ad\n", ""))
