"""PURE: OpenAI's moderations: the texts of a request, and results in its categories.

Source: the `openai` SDK's `ModerationCreateParams` and `Moderation`; for the guardrail's filters "Content filters" in the
Amazon Bedrock user guide.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.conversation import Json
from gateway.entrances.formats.entrance import decode_body
from gateway.refusals import Refusal
from governance.privacy.policy.engines import EngineBlock

MAX_TEXTS = 32
CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip
_FILTERS = {
    "HATE": "hate",
    "INSULTS": "harassment",
    "SEXUAL": "sexual",
    "VIOLENCE": "violence",
    "MISCONDUCT": "illicit",
    "PROMPT_ATTACK": "prompt_attack",
}
"""A guardrail's filters, as OpenAI's categories; the last is a category of our own, which its SDKs pass on."""


class _Request(msgspec.Struct):
    input: Any
    model: str | None = None


_decode = msgspec.json.Decoder(_Request).decode


def texts_of_request(body: bytes) -> tuple[list[str], str]:
    """The texts to be looked at, and the model that is named. Refusal invalid_request."""
    request: _Request = decode_body(_decode, body)
    given = [request.input] if isinstance(request.input, str) else request.input
    if not isinstance(given, list) or not given:
        raise _invalid("'input' is a text, or a list of texts.")
    if all(isinstance(each, dict) for each in given):
        given = ["\n".join(_text_of(part) for part in given)]  # of several parts, one input
    if not all(isinstance(each, str) for each in given):
        raise _invalid("'input' is a text, or a list of texts.")
    if len(given) > MAX_TEXTS:
        raise _invalid(f"'input' has more than {MAX_TEXTS} texts.")
    return given, request.model or "omni-moderation-latest"


def _text_of(part: Mapping[str, Any]) -> str:
    text = part.get("text")
    if part.get("type") == "text" and isinstance(text, str):
        return text
    raise _invalid("images are not looked at: send their texts.")


def guardrail_scores(blocks: Iterable[EngineBlock]) -> dict[str, float]:
    """The categories of what a guardrail would not let pass; what has no category of OpenAI's, by our own names."""
    scores: dict[str, float] = {}
    for block in blocks:
        name = _FILTERS.get(block.name) if block.kind == "content" else None
        scores[name or (f"{block.kind}:{block.name}" if block.kind == "topic" else block.kind)] = 1.0
    return scores


def moderation_result(scores: Mapping[str, float], flagged: Iterable[str]) -> Json:
    """One text's result."""
    names = [*CATEGORIES, *(name for name in scores if name not in CATEGORIES)]
    found = set(flagged)
    return {
        "flagged": bool(found),
        "categories": {name: name in found for name in names},
        "category_scores": {name: scores.get(name, 0.0) for name in names},
        "category_applied_input_types": {name: ["text"] for name in names},
    }


def _invalid(message: str) -> Refusal:
    return Refusal("invalid_request", message, param="input")
