"""What an answer's content shows: the kinds of its blocks, and some of what is in them."""

from collections.abc import Iterable
from typing import Any

Content = list[dict[str, Any]]


def marks_of(content: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """The kinds of blocks in order, each once; `signature` where reasoning is signed."""
    found: dict[str, None] = {}
    for block in content:
        for kind, value in block.items():
            if kind != "SDK_UNKNOWN_MEMBER":
                found[kind] = None
            if kind == "reasoningContent" and "signature" in (value.get("reasoningText") or {}):
                found["signature"] = None
    return tuple(found)


def streamed(events: Iterable[dict[str, Any]]) -> tuple[Content, str, dict[str, Any], tuple[str, ...]]:
    """Of a stream: blocks by their kinds, the reason to stop, the usage, and how the arguments of calls came."""
    kinds: dict[str, Any] = {}
    arguments: list[str] = []
    stop_reason = ""
    usage: dict[str, Any] = {}
    for event in events:
        start = event.get("contentBlockStart", {}).get("start", {})
        delta = event.get("contentBlockDelta", {}).get("delta", {})
        kinds |= dict.fromkeys((*start, *delta))
        if "toolUse" in delta:
            arguments.append(str(delta["toolUse"].get("input", "")))
        stop_reason = event.get("messageStop", {}).get("stopReason", stop_reason)
        usage = event.get("metadata", {}).get("usage", usage)
    said = "".join(arguments)
    how = (
        ("no arguments" if not said else "arguments {}" if said == "{}" else "arguments",)
        if "toolUse" in kinds
        else ()
    )
    return [{kind: {}} for kind in kinds], stop_reason, usage, how
