"""PURE: who says to be calling: what headers and bodies of well-known clients tell, for a team's mapping to choose from.

None of it proves anything: whoever has the key may write it. It tells apart the people behind one shared key.

Sources: code.claude.com/docs, LLM gateway protocol (`X-Claude-Code-Session-Id`, `metadata.user_id`); the requests of Codex
(`session-id`, `thread-id`, `prompt_cache_key`) and opencode (`x-session-id`); the OpenAI API reference (`user`,
`safety_identifier`).
"""

import re
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import orjson

END_USER_SOURCES = ("user_id", "user", "safety_identifier", "prompt_cache_key")
SESSION_SOURCES = ("headers", "user_id", "prompt_cache_key")
_BY_RANK = (b"x-claude-code-session-id", b"session-id", b"x-session-id", b"thread-id")
_SESSION_HEADERS = frozenset(_BY_RANK)
_MEMBERS = ("user", "safety_identifier", "prompt_cache_key", "metadata")
_MAX_LENGTH = 200
_CLAUDE_CODE = re.compile(
    r"user_(?P<device>[0-9a-f]{16,})_account_(?P<account>[0-9a-f-]*)_session_(?P<session>[0-9a-f-]+)"
)


def identity_of(headers: Mapping[bytes, bytes], body: Any) -> dict[str, str]:
    """What is said of end user and session, by source: the keys are `end_user.<source>` and `session.<source>`.

    `body` is a struct of a request, which has some of the members that are looked for.
    """
    found: dict[str, str] = {}
    if not _SESSION_HEADERS.isdisjoint(headers):
        header = next(headers[name] for name in _BY_RANK if name in headers)
        found["session.headers"] = _text(text_of(header))
    kind: Any = type(body)
    members, read, nothing = _looked_at(kind)
    values = read(body)
    if values == nothing:
        return found
    said = dict(zip(members, values, strict=True))
    for member in ("user", "safety_identifier", "prompt_cache_key"):
        value = said.get(member)
        if isinstance(value, str) and value:
            found[f"end_user.{member}"] = _text(value)
            if member == "prompt_cache_key":
                found["session.prompt_cache_key"] = _text(value)
    metadata = said.get("metadata")
    user_id = metadata.get("user_id") if isinstance(metadata, dict) else None
    if isinstance(user_id, str) and user_id:
        end_user, session = _user_id(user_id)
        found["end_user.user_id"] = _text(end_user)
        if session:
            found["session.user_id"] = _text(session)
    return found


@cache
def _looked_at(
    body: Hashable,
) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]], tuple[None, ...]]:
    """Which of the members a request has, how to read them all at once, and what is read where it has none set."""
    members = tuple(name for name in _MEMBERS if name in getattr(body, "__struct_fields__", ()))
    if not members:
        return (), lambda _: (), ()
    if len(members) == 1:
        return members, lambda given: (getattr(given, members[0]),), (None,)
    return members, attrgetter(*members), (None,) * len(members)


def chosen(said: Mapping[str, str], what: str, sources: tuple[str, ...]) -> str:
    """The first of a team's sources that says something."""
    return next((value for source in sources if (value := said.get(f"{what}.{source}"))), "")


def _user_id(text: str) -> tuple[str, str]:
    """End user and session of a `metadata.user_id`: an id, or as Claude Code writes it, by device, account and session."""
    if text.startswith("{"):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return text, ""
        parts = [value.get(name) for name in ("account_uuid", "device_id", "session_id")]
        account, device, session = (part if isinstance(part, str) else "" for part in parts)
        return account or device or text, session
    if (match := _CLAUDE_CODE.fullmatch(text)) is not None:
        return match["account"] or match["device"], match["session"]
    return text, ""


def text_of(value: bytes) -> str:
    """A header's value. Where it is not UTF-8, it is Latin-1, as headers once were (RFC 9110, section 5.5)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _text(value: str) -> str:
    """Printable, and short: what is longer is told apart by its hash, since two may begin alike."""
    if len(value) > _MAX_LENGTH:
        return f"long-{blake2b(value.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"
    return "".join(sign for sign in value if sign.isprintable())
