"""PDF documents: their text by pages. A page's number stands where other formats have a heading."""

import io
import logging
import re

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import plain, problems

_MAX_PAGES = 20_000
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


def _pages(reader: PdfReader) -> list[TextBlock]:
    if len(reader.pages) > _MAX_PAGES:
        raise problems.Unusable(problems.TOO_MUCH_TEXT)
    found: list[TextBlock] = []
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text().replace("\x00", "")
        if blocks := plain.paragraphs(_without_hyphens(text)):
            found += [TextBlock(BlockKind.HEADING, f"Page {number}", 1), *blocks]
    if not found and len(reader.pages):
        raise problems.Unusable(problems.SCANNED)
    return found


def _without_hyphens(text: str) -> str:
    """Words that were parted at the end of a line, whole again."""
    return _PARTED.sub("", text.replace("\u00ad\n", ""))
