"""PURE: the words of a stored conversation, which it can be searched by."""

import json
from collections.abc import Iterator
from typing import Any

MAX_CHARACTERS = 100_000
"""Of a longer conversation only so much can be found; Postgres takes no more than 1 MB of words."""

_NO_WORDS = frozenset({"role", "toolUseId", "bytes", "format", "signature", "data", "type", "status"})
_BRACKETS = str.maketrans(
    "<>\x00", "   "
)  # Postgres takes <EMAIL_ADDRESS_3f2a9c> for a tag, and leaves tags out


def words_of(request: str, answer: str) -> str:
    """What was said, from the JSON of request and answer in Converse's shape, without the words of the protocol."""
    asked = _load(request)
    said = [asked.get("system"), asked.get("messages")] if isinstance(asked, dict) else []
    parts: list[str] = []
    length = 0
    for text in _texts([*said, _load(answer)]):
        parts.append(text)
        length += len(text) + 1
        if length > MAX_CHARACTERS:
            break
    return plain("\n".join(parts)[:MAX_CHARACTERS])


def plain(text: str) -> str:
    """Text as Postgres takes it, placeholders as words like any other."""
    return text.translate(_BRACKETS).encode("utf-8", "replace").decode()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name not in _NO_WORDS:
                yield from _texts(member)


def _load(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
