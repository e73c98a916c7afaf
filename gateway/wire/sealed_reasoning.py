"""PURE: a model's reasoning as `encrypted_content` carries it to the caller and back: its text, signature or opaque data.

What the model's maker signed comes back as it was, which Claude wants where it thinks and calls tools.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

import msgspec
import orjson

from gateway.conversation import Json

_MARK = "gh1."


def sealed_reasoning(*, text: str, signature: str, data: str) -> str | None:
    """The content of one block; None for what no model would take back: text that nobody signed."""
    if not signature and not data:
        return None
    content = {"d": data} if data else {"t": text, "s": signature}
    return _encoded(content)


def opened_reasoning(content: str) -> Json | None:
    """The block in Converse's shape; None for what Gatehouse did not write, such as OpenAI's own."""
    if not content.startswith(_MARK):
        return None
    try:
        found = orjson.loads(urlsafe_b64decode(content[len(_MARK) :]))
        found = msgspec.convert(found, dict[str, str])
    except (ValueError, msgspec.ValidationError):
        return None
    if data := found.get("d"):
        return {"redactedContent": data}
    if "t" in found and (signature := found.get("s")):
        return {"reasoningText": {"text": found["t"], "signature": signature}}
    return None


def changed_reasoning(content: str, change: Callable[[str], str]) -> str:
    """The same with `change` of its text; what holds none that can be read stays as it is."""
    found = opened_reasoning(content)
    shown = found.get("reasoningText") if found is not None else None
    if shown is None:
        return content
    text = change(shown["text"])
    return content if text == shown["text"] else _encoded({"t": text, "s": shown["signature"]})


def _encoded(content: dict[str, str]) -> str:
    return _MARK + urlsafe_b64encode(orjson.dumps(content)).decode()
