"""What a program is told at an address where nothing is: in its own format, and where it may have meant to go."""

import re
from functools import cache

from gateway.entrances.formats.incoming import Scope, headers_of
from gateway.entrances.table import ADDRESSES, CONVERSE_PREFIX
from gateway.refusals import Refusal

_BASES = (
    (re.compile(r"/model/"), "AWS's SDKs take the address with /bedrock at its end as their endpoint"),
    (re.compile(r"/messages"), "Anthropic's SDKs take the address without /v1 as their base URL"),
    (re.compile(r""), "OpenAI's SDKs take the address with /v1 at its end as their base URL"),
)
_MCP = re.compile(r"/(mcp|sse)(/|$)")


def nothing_at(path: str) -> Refusal:
    """Refusal not_found, with the address that was meant where one ends like this."""
    text = f"There is nothing at {path[:200]}."
    meant = _meant(path)
    if meant is not None:
        base = next(words for pattern, words in _BASES if pattern.search(meant))
        text += f" Did you mean {meant}? {base}."
    elif _MCP.search(path):
        text += " There is no MCP server here."
    return Refusal("not_found", text, may_retry=False)


def speaks_anthropic(scope: Scope) -> bool:
    """Whether whoever asks reads errors in Anthropic's shape: by the address, or by the header that its SDKs send."""
    path: str = scope["path"]
    return "/messages" in path or "/anthropic/" in path or b"anthropic-version" in headers_of(scope)


def speaks_bedrock(scope: Scope) -> bool:
    """The same for AWS's SDKs."""
    path: str = scope["path"]
    return path.startswith((CONVERSE_PREFIX, "/model/"))


def _meant(path: str) -> str | None:
    found = [(len(match[0]), address) for pattern, address in _endings() if (match := pattern.search(path))]
    return max(found)[1] if found else None


@cache
def _endings() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each address by what stays of it where its base is left out or doubled."""
    found = []
    for address in ADDRESSES:
        tail = address.path.removeprefix("/v1").removeprefix("/bedrock")
        parts = re.split(r"\{\w+\*?\}", tail)
        pattern = "[^/]+".join(map(re.escape, parts))
        found.append((re.compile(f"{pattern}/?$"), address.path.replace("*}", "}")))
    return tuple(found)
