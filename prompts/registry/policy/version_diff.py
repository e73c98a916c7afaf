"""PURE: what differs between two versions: texts word by word, everything else side by side."""

from dataclasses import dataclass
from typing import Any

from prompts.registry.policy.document import Document, encode_document
from prompts.registry.policy.files import dump
from prompts.registry.policy.text_diff import Span, text_diff

_PLAIN = {
    "model": "Model", "fallbacks": "Falls back to", "regions": "Regions", "weights": "Weights of scores", "parameters": "Parameters", "limits": "Token limits", "caches_prefix": "Prompt cache", "cache_key": "Key of the answer cache",
    "takes_messages": "Messages of callers", "tool_choice": "Tool choice", "context": "Context",
}  # fmt: skip
_BLOCKS = {
    "variables": "Variables", "examples": "Examples", "tools": "Tools", "output": "Output contract",
    "knowledge": "Knowledge", "privacy": "Privacy policy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A place where two versions differ: its name, and the spans that lead from one to the other."""

    title: str
    path: str
    spans: list[Span]


def version_diff(before: Document, after: Document) -> list[VersionChange]:
    """Every place that differs."""
    changes: list[VersionChange] = []
    for number in range(max(len(before.messages), len(after.messages))):
        one = before.messages[number] if number < len(before.messages) else None
        other = after.messages[number] if number < len(after.messages) else None
        if one != other:
            roles = dict.fromkeys(each.role for each in (one, other) if each)
            changes.append(
                VersionChange(
                    f"Message {number + 1} ({' → '.join(roles)})",
                    f"messages.{number}",
                    text_diff(one.text if one else "", other.text if other else ""),
                )
            )
    old, new = encode_document(before), encode_document(after)
    for name, title in (*_BLOCKS.items(), *_PLAIN.items()):
        if old.get(name) != new.get(name):
            changes.append(VersionChange(title, name, text_diff(_text(old.get(name)), _text(new.get(name)))))
    return changes


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float | bool):
        return str(value)
    return dump(value)
