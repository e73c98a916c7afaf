"""Tokens of an image, by its pixels and the model that looks at it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

UNREAD = 1_600
"""For an image whose size can't be read: what an ordinary photograph is, where a model has so many for one at all."""
_LARGE = (4_000, 4_000)


@dataclass(frozen=True, slots=True)
class Sight:
    """How a family of models counts images, and what a page costs that it looks at."""

    models: str  # the beginning of their ids
    source: str
    tokens: Callable[[int, int], int]
    page: int = UNREAD


def image_tokens(model_id: str, size: tuple[int, int]) -> int:
    """Tokens of an image of so many pixels; zeros stand for a size that can't be read."""
    counted = sight_of(model_id).tokens
    return counted(*size) if min(size) > 0 else min(UNREAD, counted(*_LARGE))


def sight_of(model_id: str) -> Sight:
    """How a model looks; a written figure for one of which nothing is published."""
    return next((sight for sight in _SIGHTS if model_id.startswith(sight.models)), _OTHER)


def _scaled(width: int, height: int, edge: int) -> tuple[int, int]:
    """No longer than an edge, in the same shape."""
    scale = min(1.0, edge / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _claude(width: int, height: int) -> int:
    width, height = _scaled(width, height, 1_568)
    return min(1_600, max(1, width * height // 750))


def _later_claude(width: int, height: int) -> int:
    width, height = _scaled(width, height, 2_576)
    return min(4_784, ceil(width / 28) * ceil(height / 28))


def _nova(width: int, height: int) -> int:
    return 200 + width * height // 700


def _llama_4(width: int, height: int) -> int:
    tiles = min(16, ceil(width / 336) * ceil(height / 336))
    return 144 * (tiles + (tiles > 1))


def _llama_3(width: int, height: int) -> int:
    return 1_601 * min(4, ceil(width / 560) * ceil(height / 560))


def _pixtral(width: int, height: int) -> int:
    width, height = _scaled(width, height, 1_024)
    return (ceil(width / 16) + 1) * ceil(height / 16)


def _mistral(width: int, height: int) -> int:
    width, height = _scaled(width, height, 1_540)
    return (ceil(width / 28) + 1) * ceil(height / 28)


def _qwen(width: int, height: int) -> int:
    return min(16_384, max(4, ceil(width / 32) * ceil(height / 32)))


def _gpt(width: int, height: int) -> int:
    width, height = _scaled(width, height, 2_048)
    scale = min(1.0, 768 / min(width, height))
    return 85 + 170 * ceil(width * scale / 512) * ceil(height * scale / 512)


_EARLIER = (
    "anthropic.claude-3", "anthropic.claude-haiku-4-5", "anthropic.claude-opus-4-1", "anthropic.claude-opus-4-5",
    "anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4",
)  # fmt: skip
_VISION = "Anthropic API docs: Vision (width x height / 750; 1,568 pixels and some 1,600 tokens at most)"
_PAGES = "; AWS API reference: DocumentBlock (3 pages: 1,000 tokens as text, 7,000 seen whole)"
_SIGHTS = (
    *(Sight(beginning, _VISION + _PAGES, _claude, page=2_000) for beginning in _EARLIER),
    Sight(
        "anthropic.",
        "Anthropic API docs: Vision (from Opus 4.7 on 2,576 pixels, 28 x 28 each token, 4,784 at most)",
        _later_claude,
        page=4_784,
    ),
    Sight(
        "amazon.",
        "AWS, Amazon Nova user guide: Image understanding (900 x 450: 800 tokens, 900 x 900: 1,300, 1,300 x 1,300: 2,600)",
        _nova,
    ),
    Sight("meta.llama4", "Meta, Llama 4: 336 pixels a tile, 144 tokens each, 16 and the whole", _llama_4),
    Sight("meta.", "huggingface/transformers, MllamaVisionConfig: 4 tiles of 1,601 tokens", _llama_3),
    Sight("mistral.pixtral", "Mistral docs: Vision (16 pixels a patch, 1,024 at most)", _pixtral),
    Sight("mistral.", "mistralai/mistral-common, ImageEncoder (28 pixels, 1,540 at most)", _mistral),
    Sight("google.gemma", "Gemma 3 technical report, 2.1 (256 tokens)", lambda width, height: 256),
    Sight("qwen.", "QwenLM/Qwen3-VL, smart_resize (32 x 32 each token, 16,384 at most)", _qwen),
    Sight("openai.", "OpenAI docs: Images and vision (85, and 170 for each tile of 512)", _gpt),
)
_OTHER = Sight("", "none published", lambda width, height: UNREAD)
