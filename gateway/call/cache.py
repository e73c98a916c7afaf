"""PURE: what a caller says of the cache, and what came of looking in it for a call.

    X-Gatehouse-Cache: no-cache, max-age=60
    X-Gatehouse-Cache-Key: account-17/{half_day}

Answered by `X-Gatehouse-Cache: hit; kind=exact; age=12`: hit, miss, bypass or shadow, and why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gateway.refusals import Refusal

if TYPE_CHECKING:
    from pgvector import HalfVector

    from gateway.catalogue.cache_rules import CacheRuleEntry
    from gateway.conversation import Conversation
    from gateway.events import Event
    from gateway.snapshot.state import Snapshot

HEADER = "X-Gatehouse-Cache"
KEY_HEADER = "X-Gatehouse-Cache-Key"
HIT, MISS, BYPASS, SHADOW = "hit", "miss", "bypass", "shadow"
_MAX_KEY_LENGTH = 500
_MAX_AGE_SECONDS = 366 * 86_400
_AGE = re.compile(r"0*([0-9]{1,8})", re.ASCII)
_SAID = "no-store, no-cache, only-if-cached or max-age=60"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheWishes:
    """Of one call."""

    no_store: bool = False
    """Nothing is looked up or kept."""
    no_cache: bool = False
    """Nothing is looked up; the new answer is kept."""
    only_if_cached: bool = False
    """No model is asked."""
    max_age: int | None = None
    """Seconds; older answers are none."""


def wishes_of(text: str) -> CacheWishes | None:
    """Refusal invalid_request, by name, for what is none; None where nothing is said."""
    found: dict[str, Any] = {}
    for part in text.replace(";", ",").split(","):
        name, mark, value = (each.strip() for each in part.partition("="))
        name = name.lower()
        if not (name or mark):
            continue
        if name in ("no-store", "no-cache", "only-if-cached") and not mark:
            found[name.replace("-", "_")] = True
        elif name == "max-age" and (age := _AGE.fullmatch(value)) and int(age[1]) <= _MAX_AGE_SECONDS:
            found["max_age"] = min(
                int(age[1]), found.get("max_age", _MAX_AGE_SECONDS)
            )  # the strictest of several
        else:
            raise Refusal(
                "invalid_request",
                f"The header {HEADER} takes {_SAID}, separated by commas; max-age in seconds, at most a year.",
                param=HEADER,
            )
    if found.get("only_if_cached") and (found.get("no_cache") or found.get("no_store")):
        raise Refusal(
            "invalid_request",
            f"The header {HEADER} says only-if-cached and that nothing is to be looked up: leave one of them out.",
            param=HEADER,
        )
    return CacheWishes(**found) if found else None


def check_key(text: str) -> None:
    """Refusal invalid_request for a key that can't be taken."""
    if not text.strip() or len(text) > _MAX_KEY_LENGTH or not text.isprintable():
        raise Refusal(
            "invalid_request",
            f"The header {KEY_HEADER} takes 1 to {_MAX_KEY_LENGTH} visible characters.",
            param=KEY_HEADER,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """An answer to a similar question that passes all guards."""

    entry_id: int
    question: str
    similarity: float
    answer: bytes
    end_user: str
    """Who asked that question; empty: nobody who is known."""

    def askers(self, end_user: str) -> list[str]:
        """Whose questions a pair of it and another's would hold."""
        return [each for each in dict.fromkeys((end_user, self.end_user)) if each]


@dataclass(slots=True, kw_only=True)
class CacheRun:
    """Of one call."""

    rule: CacheRuleEntry | None
    wishes: CacheWishes
    outcome: str = ""
    reason: str = ""
    """Of a miss or a bypass, where there is one to tell."""
    kind: str = ""
    age: int = 0
    """Seconds."""
    is_stale: bool = False
    similarity: float | None = None
    entry_id: int = 0
    call_id: UUID | None = None
    """Whose answer it is."""
    saved_nanos: int = 0
    events: list[Event] | None = None
    """The answer, masked, where there is one."""
    asked: Conversation | None = None
    """What the caller said, as it came, where an answer was found in a slot."""
    request_key: bytes = b""
    """What the request is known by before it is looked through; empty where it has to be."""
    snapshot: Snapshot | None = None
    """Under which it is known so."""
    digest: bytes = b""
    """Under which the answer will be kept; empty: it is not."""
    digest_kind: str = "exact"
    seen_xact: int | None = None
    """The first transaction that was not seen when the answer was looked for."""
    scope: bytes = b""
    guard: bytes = b""
    vector: HalfVector | None = None
    question: str = ""
    alike: Alike | None = None
    """What would have been served."""
    is_leading: bool = False
    """Whether others wait for this call's answer."""
    seen: list[Event] = field(default_factory=list)
    """The answer as the model gives it, for what is kept."""

    @property
    def is_found(self) -> bool:
        return self.events is not None

    def counts(self, *, is_refused: bool) -> bool:
        """Whether there is something to count: who was refused an answer got nothing, and nothing was saved; and checks of answers
        are Gatehouse's own calls."""
        return bool(self.outcome) and self.reason != "inner" and not (self.is_found and is_refused)

    def bypass(self, reason: str) -> None:
        self.outcome, self.reason, self.digest = BYPASS, reason, b""

    def header(self) -> str:
        """One line: the word first."""
        if self.outcome == HIT:
            told = f"hit; kind={self.kind}; age={self.age}"
            if self.similarity is not None:
                told += f"; similarity={self.similarity:.3f}"
            return told + "; stale" if self.is_stale else told
        if self.outcome == SHADOW:
            return f"shadow; similarity={self.similarity:.3f}" if self.similarity is not None else SHADOW
        return f"{self.outcome}; reason={self.reason}" if self.reason else self.outcome

    def as_json(self, *, is_refused: bool = False) -> dict[str, Any]:
        """For the record: never a key, a question or an answer."""
        said: dict[str, Any] = {"outcome": self.outcome}
        for name in ("reason", "kind", "saved_nanos", "entry_id"):
            if is_refused and name == "saved_nanos":
                continue
            if found := getattr(self, name):
                said[name] = found
        if self.call_id is not None:
            said["call"] = str(self.call_id)
            said["age"] = self.age
        if self.similarity is not None:
            said["similarity"] = round(self.similarity, 4)
        if self.is_stale:
            said["stale"] = True
        return said
