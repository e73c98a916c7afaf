"""PURE: how many tokens a conversation has, before it is sent: an estimate that is corrected by what comes back."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson

from gateway.conversation import Block, Conversation, ToolResultBlock
from gateway.wire.media import Vision, Weight, vision_of, weigh_document, weigh_image, weigh_recording
from kernel.tokenizer import count_tokens, warm_up

MARGIN = 1.15
"""Head-room of `upper_bound` over `expected`: what the estimate may fall short of the bill by (docs/performance.md)."""

_FLOOR = 24
"""Tokens of head-room whatever the length: what a vendor's chat template adds around short prompts."""

_PER_MESSAGE = 6

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
    """Tokens of a prompt: what is expected, what it will not exceed, and what it surely has.

    A bound above the model's context window says that a document can't be measured: the window is the bound then.
    """

    expected: int
    upper_bound: int

    @property
    def lower_bound(self) -> int:
        return int(self.expected / 1.6)


class Estimator:
    """Counts with one real tokenizer, times a factor per model family that follows the usage reported."""

    def __init__(self) -> None:
        self._factors: dict[str, float] = {}

    def estimate(self, conversation: Conversation, *, family: str, model_id: str = "") -> Estimate:
        """The estimate for a model of a vendor's family (`anthropic`, `amazon`, …), or for all of that vendor's."""
        scale = _weigh(conversation, vision_of(model_id, family))
        text, factor = "\n".join(scale.texts), self.factor(family)
        expected = count_text(text, factor=factor) + scale.around
        upper_bound = int(expected * MARGIN) + _digits(text) + _FLOOR
        for weight in scale.media:
            of_text = int(count_text(weight.text, factor=factor) * weight.times) if weight.text else 0
            expected += weight.expected + of_text
            upper_bound += weight.most + int(of_text * MARGIN) + int(_digits(weight.text) * weight.times)
        return Estimate(expected, upper_bound)

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


def has_media(conversation: Conversation) -> bool:
    """Whether there are images, documents or recordings, whose estimate says nothing of a model's tokenizer."""
    return any(
        part.image is not None or part.document is not None or part.video is not None
        for message in conversation.messages
        for block in message.content
        if block.text is None
        for part in (block, *(block.tool_result.content if block.tool_result is not None else ()))
    )


def image_bound(conversation: Conversation, family: str) -> int:
    """The most tokens that images may have for any of a vendor's models."""
    if not has_media(conversation):
        return 0
    vision = vision_of("", family)
    return sum(
        weigh_image(part.image, vision).most
        for message in conversation.messages
        for block in message.content
        for part in (block, *(block.tool_result.content if block.tool_result is not None else ()))
        if part.image is not None
    )


def count_text(text: str, *, factor: float) -> int:
    """Tokens of a piece of text for a family with this factor."""
    return int(count_tokens(text) * factor)


_OUTPUT_MARGIN = 1.3


def bound_of_text(text: str, *, factor: float) -> int:
    """The most tokens that a text an answer consists of is taken to have."""
    return int(count_tokens(text) * factor * _OUTPUT_MARGIN) + _digits(text) + _FLOOR


@dataclass(slots=True)
class _Scale:
    """What a conversation weighs, added up: texts, tokens around them, and what images and documents may have."""

    vision: Vision
    texts: list[str] = field(default_factory=list)
    around: int = 0
    media: list[Weight] = field(default_factory=list)


def _weigh(conversation: Conversation, vision: Vision) -> _Scale:
    scale = _Scale(vision)
    texts = scale.texts
    scale.around = _PER_MESSAGE * (len(conversation.messages) + 1)
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
                _weigh_block(block, scale)
    if conversation.tool_config is not None:
        for tool in conversation.tool_config.tools:
            if tool.tool_spec is not None:
                spec = tool.tool_spec
                texts += (spec.name, spec.description or "", _json_text(spec.input_schema.json))
                scale.around += 24
        scale.around += 350  # the instructions that vendors add when tools are given
    if conversation.is_json_wanted:
        texts.append(_json_text(conversation.output_config))
        scale.around += 200
    return scale


def _weigh_block(block: Block, scale: _Scale) -> None:
    if block.tool_use is not None:
        scale.texts += (block.tool_use.name, _json_text(block.tool_use.input))
        scale.around += 24
    elif block.tool_result is not None:
        scale.around += 24
        for part in block.tool_result.content:
            if part.text is not None:
                scale.texts.append(part.text)
            elif not _weigh_media(part, scale):
                scale.texts.append(_json_text(part.search_result or part.json))
    elif block.audio is not None:
        scale.media.append(weigh_recording(block.audio))
    elif not _weigh_media(block, scale):
        other = (
            block.guard_content or block.reasoning_content or block.citations_content or block.search_result
        )
        if other is not None:
            scale.texts.append(_json_text(other))


def _weigh_media(block: Block | ToolResultBlock, scale: _Scale) -> bool:
    """Adds an image, a document or a video; whether it is one."""
    if block.image is not None:
        scale.media.append(weigh_image(block.image, scale.vision))
    elif block.document is not None:
        scale.media.append(weigh_document(block.document, scale.vision))
    elif block.video is not None:
        scale.media.append(weigh_recording(block.video))
    else:
        return False
    return True


def _json_text(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError as error:
        if "ecursion" in str(error):  # as deep as that, Bedrock takes nothing
            raise RecursionError from error
        return msgspec.json.encode(value).decode()  # which has integers of any length
