"""What is stored of answers, as people read it: masked."""

from typing import Any

import msgspec

_MOST = 20_000


def answer_text(answer: bytes | memoryview | None) -> str:
    """The words of a stored answer, or of the passages that a question found; "" where none can be read."""
    try:
        found = msgspec.msgpack.decode(bytes(answer or b""))
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            found = msgspec.json.decode(bytes(answer or b""))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""
    return "".join(_texts(found))[:_MOST]


def _texts(found: Any) -> list[str]:
    """Texts within, in their order: what events, whatever they are encoded as, call `text` or `arguments`."""
    if isinstance(found, list):
        return [text for each in found for text in _texts(each)]
    if not isinstance(found, dict):
        return []
    own = [value for name in ("text", "arguments") if isinstance(value := found.get(name), str)]
    return own + [
        text for name, value in found.items() if name not in ("text", "arguments") for text in _texts(value)
    ]
