"""PURE: what is found in a region, what of it has changed, and the news that are made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Protocol

AHEAD_DAYS = 45
"""How long before its end a model is news: the shorter of AWS's two legacy periods. Source: AWS user guide, "Model lifecycle"."""
USED_DAYS = 30
"""Whose calls of so many days say whom it hits."""
_MAX_NAMED = 5
_WATCHED = ("status", "legacy_from", "extended_from", "ends_on", "takes", "gives", "streams", "ways")
"""Facts of a foundation model whose change is news."""
DATES = ("legacy_from", "extended_from", "ends_on")
"""Of a foundation model's life."""
_WORDS = {
    "takes": "takes", "gives": "gives", "ways": "is called by",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing of a region: its kind as `Discovered` names it, its ARN or ID, and what AWS says of it, as JSON."""

    kind: str
    identifier: str
    name: str
    state: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One list of a region: whole, or with what stood against it. What could not be read whole says nothing of what is gone."""

    operation: str
    kinds: tuple[str, ...]
    found: tuple[Found, ...] = ()
    problem: str = ""
    is_denied: bool = False
    """Whether the role lacks a permission."""


class Hit(Protocol):
    """Whom a model's change hits: so many calls of an application by a route, or of a prompt."""

    @property
    def name(self) -> str: ...
    @property
    def calls(self) -> int: ...


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """What is news in the facts of a foundation model, in words; nothing where nothing is."""
    differing = {name for name in _WATCHED if before.get(name) != after.get(name)}
    found: list[str] = []
    if "status" in differing and after.get("status") == "LEGACY":
        found.append("is legacy now")
    elif "status" in differing and before.get("status") == "LEGACY":
        found.append("is no longer legacy")
    if "ends_on" in differing:
        end = after.get("ends_on")
        found.append(f"ends on {end}" if end else "has no end any more")
    if "extended_from" in differing and after.get("extended_from"):
        found.append(f"may cost more from {after['extended_from']} on, when extended access begins")
    for name, words in _WORDS.items():
        if name in differing:
            found.append(f"{words} {', '.join(after.get(name) or ()) or 'nothing'}")
    if "streams" in differing:
        found.append("streams now" if after.get("streams") else "does not stream any more")
    return tuple(found)


def key_of(kind: str, model_id: str, words: Iterable[str] = ()) -> str:
    """What is told once: the same of a model in several regions is one piece of news."""
    said = "; ".join(words)
    return f"{kind}:{model_id}" + (f":{sha256(said.encode()).hexdigest()[:16]}" if said else "")


def days_left(end: date, today: date) -> int:
    """Until a model's end; below 0 where it is past."""
    return (end - today).days


def hits_text(applications: Iterable[Hit], prompts: Iterable[Hit]) -> str:
    """Whom it hits, in a sentence: those with most calls by name, the others by number."""
    named = [text for text in (_several("application", applications), _several("prompt", prompts)) if text]
    if not named:
        return f"Nobody called it in the last {USED_DAYS} days."
    return f"By the calls of the last {USED_DAYS} days it hits {' and '.join(named)}."


def _several(noun: str, hits: Iterable[Hit]) -> str:
    found = sorted(hits, key=lambda hit: (-hit.calls, hit.name))
    if not found:
        return ""
    names = ", ".join(
        f"{hit.name} ({hit.calls:,} {'call' if hit.calls == 1 else 'calls'})" for hit in found[:_MAX_NAMED]
    )
    more = f" and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
    return f"the {noun}{'s' if len(found) > 1 else ''} {names}{more}"
