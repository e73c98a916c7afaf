"""PURE: a response and the items it answers as they are stored, placeholders in place, and as they were."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.conversation import Json
from gateway.outbound.unmask import Unmasker
from gateway.wire.sealed_reasoning import changed_reasoning
from governance.privacy.policy.masking import Mask

Change = Callable[[str], str]
_KEPT = frozenset(
    {
        "id",
        "type",
        "object",
        "role",
        "status",
        "call_id",
        "model",
        "image_url",
        "file_data",
        "previous_response_id",
    }
)
"""Members whose values are no text: words of the protocol, ids, and media."""


def texts_in(value: Any) -> list[str]:
    """All texts that are masked before the value is stored."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    _walk(value, note)
    return found


def masked(value: Any, mask: Mask) -> Any:
    """The value with placeholders; `mask.values` are what they stand for."""
    return _walk(value, mask.hide)


def restored(value: Any, values: Mapping[str, str], entities: frozenset[str]) -> Any:
    """The value as it was before it was masked, but for what was hidden for good."""

    def unmasked(text: str) -> str:
        unmasker = Unmasker(values, entities)
        return unmasker.feed(text) + unmasker.close()

    return _walk(value, unmasked) if values else value


def _walk(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(member, change) for member in value]
    if not isinstance(value, dict):
        return value
    found: Json = {}
    for name, member in value.items():
        if name == "encrypted_content" and isinstance(member, str):
            found[name] = changed_reasoning(member, change)
        elif name in _KEPT and isinstance(member, str):
            found[name] = member
        else:
            found[name if name in _KEPT else change(name)] = _walk(member, change)
    return found
