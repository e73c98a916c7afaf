"""PURE: what images and documents may cost in tokens: what is expected, and what they will not exceed.

A figure that has no source is a safe one. What can't be told is UNBOUNDED: the hold is then for the model's whole window, which no
prompt exceeds.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from gateway.wire.image_size import Size, size_of
from gateway.wire.office import UnknownPartsError, parts_of
from gateway.wire.pdf import Pages, UnknownPagesError, pages_of

UNBOUNDED = 10_000_000
"""More than any model's context window."""

_MIN_IMAGE = 100
"""Held for any image: what a model's template may put around it."""
_BYTES_PER_IMAGE_TOKEN = 500
"""A file of more bytes than its pixels would need is not believed to be as small as it says."""
_PAGE_TEXT = 3_000
"""Tokens of a page's text at most, as it is usually set; 330 are expected. Source: Anthropic's docs, PDF support; AWS's user guide
of Bedrock, DocumentBlock (3 pages: 1,000 tokens as text, 7,000 seen whole)."""
_PAGE_SEEN = 4_784
"""Tokens of a page that is looked at, too: no more than the largest image of the models that look at pages."""
_MIN_PAGE_SEEN = 2_500
"""And held for one at least, whatever the cap of a model's images. Source: AWS, as above: 7,000 tokens for three pages are 2,333
each, and a figure that is rounded to thousands may be 7,500."""
_PAGE_TEXT_EXPECTED = 330
_PAGE_SEEN_EXPECTED = 2_350
_PER_TEXT_BYTE = 1.0
"""Tokens of a byte of a PDF's strings, at most: a page that is set densely is more than usual."""
_BYTES_PER_UNKNOWN_TOKEN = 30
_MAX_UNKNOWN = 32_000
"""What is expected of a file that can't be read: no prompt is refused for a guess."""
_WRITTEN = frozenset({"txt", "md", "csv", "html"})
_ZIPPED = frozenset({"docx", "xlsx", "pptx"})


@dataclass(frozen=True, slots=True)
class Weight:
    """Tokens: expected, and at most. `text` is to be counted with the prompt's own, so many times."""

    expected: int = 0
    most: int = 0
    text: str = ""
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class Vision:
    """How a model's images are counted: by their pixels, up to a cap."""

    cap: int
    pixels_per_token: float = 750.0
    least: int = 0
    padding: int = 28

    def tokens(self, size: Size | None) -> tuple[int, int]:
        """Expected, and at most."""
        if size is None:
            return min(1_600, self.cap), self.cap
        width, height = size
        expected = max(self.least, int(width * height / self.pixels_per_token))
        padded = ceil(width / self.padding) * ceil(height / self.padding) * self.padding**2
        most = max(self.least, ceil(padded / self.pixels_per_token * 1.05))
        return min(expected, self.cap), min(most, self.cap)


_SAFE = Vision(cap=16_384, least=1_600)
_VISION: tuple[tuple[str, Vision], ...] = (
    # Anthropic's docs, Vision: width x height / 750, scaled down to about 1,600 tokens (1,568 pixels); from Opus 4.7 on, 2,576
    # pixels, 28 x 28 each token, 4,784 at most. Measured: claudecodecamp.com, images-cost-3x-more-tokens-in-claude-opus-4-7.
    ("anthropic.claude-3", Vision(cap=1_600)),
    ("anthropic.claude-haiku-4-5", Vision(cap=1_600)),
    ("anthropic.claude-opus-4-1", Vision(cap=1_600)),
    ("anthropic.claude-opus-4-5", Vision(cap=1_600)),
    ("anthropic.claude-opus-4-6", Vision(cap=1_600)),
    ("anthropic.claude-sonnet-4", Vision(cap=1_600)),
    ("anthropic.", Vision(cap=4_784)),
    # AWS, Nova user guide, Image understanding: 900 x 900 about 1,300 tokens, 1.3K x 1.3K about 2,600; up to 8,000 x 8,000, never
    # scaled down. Nova 2 is billed 230 an image, and less than this anyhow.
    ("amazon.", Vision(cap=8_000 * 8_000 // 450, pixels_per_token=450.0, least=2_600)),
    # Meta, Llama 4: 336-pixel tiles of 144 tokens, 16 and one of the whole. Llama 3.2: 4 tiles of 1,601 (transformers, MllamaVisionConfig).
    ("meta.llama4", Vision(cap=2_600, least=2_600)),
    ("meta.", Vision(cap=6_404, least=6_404)),
    # Mistral, Vision: 16-pixel patches and a break for each row of an image of 1,024 pixels (Pixtral); later ones take 14 x 2 of 1,540.
    ("mistral.", Vision(cap=4_160, pixels_per_token=240.0)),
    # Google, Gemma 3 technical report 2.1: 256 an image, and up to four crops more.
    ("google.gemma", Vision(cap=1_290, least=1_290)),
    # Qwen-VL, qwen_vl_utils.smart_resize: 28 x 28 each token, 16,384 at most.
    ("qwen.", Vision(cap=16_384, least=256)),
)


@cache
def vision_of(model_id: str, family: str = "") -> Vision:
    """How images are counted by a model; of one that is not named, by the dearest of its vendor's."""
    name = model_id or f"{family}."
    return next((vision for prefix, vision in _VISION if name.startswith(prefix)), _SAFE)


def weigh_image(image: Any, vision: Vision) -> Weight:
    """An image block, by the size that its first bytes say."""
    source = image.get("source") if isinstance(image, dict) else None
    encoded = source.get("bytes") if isinstance(source, dict) else None
    if not isinstance(encoded, str):
        return Weight(*vision.tokens(None))
    expected, most = vision.tokens(size_of(_head(encoded)))
    of_bytes = len(encoded) * 3 // 4 // _BYTES_PER_IMAGE_TOKEN
    return Weight(expected, max(most, min(vision.cap, max(_MIN_IMAGE, of_bytes))))


def weigh_document(document: Any, vision: Vision) -> Weight:
    """A document block: its text where that can be read, its pages or its window else."""
    source = document.get("source") if isinstance(document, dict) else None
    if not isinstance(source, dict):
        return Weight(0, UNBOUNDED)
    name = str(document.get("name", ""))
    written = [source.get("text"), *_texts(source.get("content"))]
    if any(isinstance(text, str) for text in written):
        return Weight(text="\n".join((name, *(text for text in written if isinstance(text, str)))))
    encoded = source.get("bytes")
    if not isinstance(encoded, str):
        return Weight(_MAX_UNKNOWN, UNBOUNDED)
    try:
        data = a2b_base64(encoded)
    except (Base64Error, ValueError):
        return _unknown(len(encoded))
    kind = document.get("format")
    if kind in _WRITTEN:
        return Weight(text=f"{name}\n{data.decode('utf-8', 'replace')}")
    if kind == "pdf":
        return _weigh_pdf(data, vision, sees=bool(document.get("citations")))
    return _weigh_zip(data, vision) if kind in _ZIPPED else _unknown(len(data))


def weigh_recording(media: Any) -> Weight:
    """Video or audio: how long it is, its bytes do not say."""
    source = media.get("source") if isinstance(media, dict) else None
    encoded = source.get("bytes") if isinstance(source, dict) else None
    return _unknown(len(encoded) * 3 // 4 if isinstance(encoded, str) else 0)


def _weigh_pdf(data: bytes, vision: Vision, *, sees: bool) -> Weight:
    try:
        pages = pages_of(data)
    except UnknownPagesError:
        return _unknown(len(data))
    drawn = min(pages.most_bytes // 3, _MAX_UNKNOWN)
    expected = max(_PAGE_TEXT_EXPECTED * pages.number, pages.text_bytes // 3, drawn)
    if sees:
        expected += _PAGE_SEEN_EXPECTED * pages.number
    return Weight(min(expected, _most_of(pages, vision)), _most_of(pages, vision))


def _most_of(pages: Pages, vision: Vision) -> int:
    """Each page may show the most of all, and be looked at, too."""
    text = max(_PAGE_TEXT, int(pages.most_bytes * _PER_TEXT_BYTE))
    seen = min(max(vision.cap, _MIN_PAGE_SEEN), _PAGE_SEEN)
    return min(UNBOUNDED, pages.number * (text + seen) + int(pages.beside_bytes * _PER_TEXT_BYTE))


def _weigh_zip(data: bytes, vision: Vision) -> Weight:
    try:
        parts = parts_of(data)
    except UnknownPartsError:
        return _unknown(len(data))
    pictures = min(vision.cap, _SAFE.cap) * parts.pictures
    return Weight(min(1_600, vision.cap) * parts.pictures, pictures, parts.text, parts.times)


def _unknown(size: int) -> Weight:
    return Weight(min(size // _BYTES_PER_UNKNOWN_TOKEN, _MAX_UNKNOWN), UNBOUNDED)


def _texts(content: Any) -> list[Any]:
    return (
        [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    )


def _head(encoded: str) -> Callable[[int], bytes]:
    def head(most: int) -> bytes:
        piece = "".join(encoded[: most * 4 // 3].split())
        try:
            return a2b_base64(piece[: len(piece) // 4 * 4])
        except (Base64Error, ValueError):
            return b""

    return head
