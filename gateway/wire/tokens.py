"""PURE: how many tokens a conversation has, before it is sent: an estimate that is corrected by what comes back."""

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.conversation import Block, Conversation
from kernel.tokenizer import count_tokens, warm_up

MARGIN = 1.15
"""Head-room of `upper_bound` over `expected`: what the estimate may fall short of the bill by (docs/performance.md)."""

_FLOOR = 24
"""Tokens of head-room whatever the length: what a vendor's chat template adds around short prompts."""

_PER_MESSAGE = 6
_TOKENS_PER_IMAGE = (
    1_600  # Anthropic's and Nova's figure for an image of the largest size they do not scale down
)
_BYTES_PER_DOCUMENT_TOKEN = 3

_FAMILY_FACTORS = {
    "anthropic": 1.25,
    "amazon": 1.15,
    "meta": 1.05,
    "mistral": 1.20,
    "cohere": 1.15,
    "deepseek": 1.10,
    "qwen": 1.10,
    "openai": 1.00,
    "google": 1.10,
}
_OTHER_FAMILY_FACTOR = 1.20
_LEARNING_RATE = 0.02
_MIN_SHARE_OF_USUAL = 0.95
_MIN_TOKENS_TO_LEARN_FROM = 64


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens of a prompt: what is expected, what it will not exceed, and what it surely has."""

    expected: int
    upper_bound: int

    @property
    def lower_bound(self) -> int:
        return int(self.expected / 1.6)


class Estimator:
    """Counts with one real tokenizer, times a factor per model family that follows the usage reported."""

    def __init__(self) -> None:
        self._factors: dict[str, float] = {}

    def estimate(self, conversation: Conversation, *, family: str) -> Estimate:
        """The estimate for a model of a vendor's family (`anthropic`, `amazon`, …)."""
        text, extra = _weigh(conversation)
        expected = count_text(text, factor=self.factor(family)) + extra
        return Estimate(expected, int(expected * MARGIN) + _digits(text) + _FLOOR)

    def warm_up(self) -> None:
        """Loads the vocabulary, so that no call waits for it."""
        warm_up()

    def factor(self, family: str) -> float:
        return self._factors.get(family) or _FAMILY_FACTORS.get(family, _OTHER_FAMILY_FACTOR)

    def learn(self, *, family: str, expected: int, actual: int) -> None:
        """Moves a family's factor towards what the provider counted; up at once, down slowly."""
        if expected < _MIN_TOKENS_TO_LEARN_FROM or actual <= 0:
            return
        factor = self.factor(family)
        usual = _FAMILY_FACTORS.get(family, _OTHER_FAMILY_FACTOR)
        # Not far below the usual: prose teaches a factor that code and other scripts would not fit.
        target = min(max(factor * actual / expected, usual * _MIN_SHARE_OF_USUAL), 3.0)
        rate = _LEARNING_RATE * 5 if target > factor else _LEARNING_RATE
        self._factors[family] = factor + (target - factor) * rate


def _digits(text: str) -> int:
    """What a vocabulary adds that takes digits one by one, beside ours, which takes up to three as a token."""
    return sum(map(text.count, "0123456789")) * 2 // 3


def count_text(text: str, *, factor: float) -> int:
    """Tokens of a piece of text for a family with this factor."""
    return int(count_tokens(text) * factor)


def _weigh(conversation: Conversation) -> tuple[str, int]:
    """All text of a conversation, and the tokens of what is not text."""
    texts: list[str] = []
    extra = _PER_MESSAGE * (len(conversation.messages) + 1)
    for system in conversation.system or ():
        if system.text:
            texts.append(system.text)
        elif system.guard_content:
            texts.append(_json_text(system.guard_content))
    for message in conversation.messages:
        for block in message.content:
            if block.text is not None:
                texts.append(block.text)
            else:
                extra += _weigh_block(block, texts)
    if conversation.tool_config is not None:
        for tool in conversation.tool_config.tools:
            if tool.tool_spec is not None:
                spec = tool.tool_spec
                texts += (spec.name, spec.description or "", _json_text(spec.input_schema.json))
                extra += 24
        extra += 350  # the instructions that vendors add when tools are given
    if conversation.is_json_wanted:
        texts.append(_json_text(conversation.output_config))
        extra += 200
    return "\n".join(texts), extra


def _weigh_block(block: Block, texts: list[str]) -> int:
    if block.tool_use is not None:
        texts += (block.tool_use.name, _json_text(block.tool_use.input))
        return 24
    if block.tool_result is not None:
        extra = 24
        for part in block.tool_result.content:
            if part.text is not None:
                texts.append(part.text)
            elif part.image is not None:
                extra += _TOKENS_PER_IMAGE
            elif part.document is not None or part.video is not None:
                extra += _document_tokens(part.document or part.video)
            else:
                texts.append(_json_text(part.search_result or part.json))
        return extra
    if block.image is not None:
        return _TOKENS_PER_IMAGE
    media = block.document or block.video or block.audio
    if media is not None:
        return _document_tokens(media)
    other = block.guard_content or block.reasoning_content or block.citations_content or block.search_result
    if other is not None:
        texts.append(_json_text(other))
    return 0


def _document_tokens(media: Any) -> int:
    return len(_json_text(media)) // _BYTES_PER_DOCUMENT_TOKEN


def _json_text(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
