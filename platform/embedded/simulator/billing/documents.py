"""Tokens of documents and recordings."""

from dataclasses import dataclass

from embedded.simulator import tokens
from embedded.simulator.billing.images import sight_of
from embedded.simulator.billing.office import text_of
from embedded.simulator.billing.pdf import Page, pages_of

PAGE_TEXT = 330
"""Of a page whose text can't be read. Source: AWS API reference, DocumentBlock (3 pages: 1,000 tokens as text)."""
RECORDING = 2_880
"""Of a video or a sound, whose length isn't read. Source: Amazon Nova user guide, Video understanding (10 seconds)."""
_GLYPHS_PER_TOKEN = 3
_LEGACY_BYTES_PER_TOKEN = 20
_COUNTED = 400_000
"""Letters of a page that are counted; more are taken for more of the same."""
_WRITTEN = ("txt", "md", "csv", "html")


@dataclass(frozen=True, slots=True)
class Billed:
    """A document as a model reads it: its text where it is one, and tokens that are billed beside that."""

    text: str = ""
    tokens: int = 0


def bill(data: bytes, kind: str, model_id: str, *, seen: bool) -> Billed:
    """A document of a format. `seen`: whether the model looks at pages, beside their text."""
    if kind in _WRITTEN:
        return Billed(data.decode("utf-8", "replace"))
    if kind == "pdf":
        pages = pages_of(data) or [Page(None)]
        of_images = sight_of(model_id).page * len(pages) if seen else 0
        return Billed(tokens=of_images + sum(map(_of_page, pages)))
    text = text_of(data) if kind in ("docx", "xlsx") else None
    if text is None:
        return Billed(tokens=max(PAGE_TEXT, len(data) // _LEGACY_BYTES_PER_TOKEN))
    return Billed(text)


def _of_page(page: Page) -> int:
    if page.text is None:
        return PAGE_TEXT
    text = page.text.text
    counted = tokens.count(text[:_COUNTED]) * max(1.0, len(text) / _COUNTED)
    return int(counted) + page.text.glyphs // _GLYPHS_PER_TOKEN
