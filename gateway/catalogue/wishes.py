"""PURE: what a caller wishes of the choice of a model: the header `X-Gatehouse-Prefer`, or the member `gatehouse.prefer`.

    X-Gatehouse-Prefer: compliance=bedrock; latency=800; cost=low; newest; model=claude-haiku-4-5; region=eu
    {"gatehouse": {"prefer": {"compliance": "bedrock", "latency": 800, "cost": "low", "newest": true}}}

A wish chooses among what a key may be answered by anyway; it opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from gateway.refusals import Refusal

HEADER = "X-Gatehouse-Prefer"
MEMBER = "gatehouse.prefer"
NAMES = ("compliance", "latency", "cost", "newest", "model", "region")
COSTS = ("low", "normal", "high")
_MAX_LENGTH, _MAX_LATENCY_MS = 200, 600_000
_PLACE = re.compile(r"[a-z][a-z0-9-]{1,30}")
_YES = (True, "", "true", "1", "yes")
_NO = (False, "false", "0", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Of one call; each may be left out."""

    compliance: bool = False
    """Answered by Bedrock alone."""
    latency: int | None = None
    """Milliseconds within which the answer begins, as deployments have lately begun."""
    cost: str = ""
    """low, normal or high: how much it may cost for being good or quick."""
    newest: bool = False
    model: str = ""
    """Preferred, where it is a candidate."""
    region: str = ""
    """A region or a geography: eu-central-1, eu."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are set."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name) not in ("", None, False))

    def as_json(self) -> dict[str, Any]:
        """For the record. Of a preferred model only that there was one: its name is the caller's own words."""
        return {name: True if name == "model" else getattr(self, name) for name in self.names}

    @classmethod
    def from_record(cls, value: Any) -> Wishes:
        """What a record says; that a model was preferred says nothing there."""
        found = value if isinstance(value, dict) else {}
        return cls(**{name: each for name, each in found.items() if name in NAMES and name != "model"})

    def overlaid(self, others: Wishes) -> Wishes:
        """These, and over them what others say."""
        return replace(self, **{name: getattr(others, name) for name in others.names})


NOTHING = Wishes()


def from_header(text: str) -> Wishes | None:
    """Refusal invalid_request, by name, for what it does not know; None where nothing is wished."""
    found: dict[str, Any] = {}
    for part in text.split(";"):
        name, mark, value = (each.strip() for each in part.partition("="))
        if name and name.lower() in found:
            raise _wrong(HEADER, f"has {_shown(name.lower())} twice")
        if name:
            found[name.lower()] = value if mark else True
    return _wishes(found, HEADER) if found else None


def from_member(value: Any) -> Wishes | None:
    """The same of `{"prefer": {…}}`."""
    if not isinstance(value, Mapping) or set(value) - {"prefer"}:
        raise Refusal(
            "invalid_request", "'gatehouse' takes one member: 'prefer', with wishes.", param="gatehouse"
        )
    prefer = value.get("prefer")
    if prefer is None:
        return None
    if not isinstance(prefer, Mapping):
        raise _wrong(MEMBER, 'must be an object, such as {"cost": "low"}')
    return _wishes({name: each for name, each in prefer.items() if each is not None}, MEMBER)


def _wishes(found: Mapping[str, Any], where: str) -> Wishes | None:
    unknown = [name for name in found if name not in NAMES]
    if unknown:
        raise _wrong(
            where, f"has {_shown(unknown[0])}, which Gatehouse does not know. Wishes are {', '.join(NAMES)}"
        )
    wishes = Wishes(
        compliance=_compliance(found.get("compliance", False), where),
        latency=_latency(found.get("latency"), where),
        cost=_one_of("cost", found.get("cost", ""), COSTS, where),
        newest=_flag("newest", found.get("newest", False), where),
        model=_text("model", found.get("model", ""), where),
        region=_region(found.get("region", ""), where),
    )
    return None if wishes == NOTHING else wishes


def _shown(name: str) -> str:
    """A name as an answer may repeat it."""
    return f"'{name}'" if _PLACE.fullmatch(name) else "a name"


def _compliance(value: Any, where: str) -> bool:
    if isinstance(value, str) and value.lower() in ("bedrock", "aws"):
        return True
    return _flag("compliance", value, where, or_else="bedrock")


def _flag(name: str, value: Any, where: str, *, or_else: str = "true") -> bool:
    plain = value.lower() if isinstance(value, str) else value
    if isinstance(plain, (bool, str)):
        if plain in _YES:
            return True
        if plain in _NO:
            return False
    raise _wrong(where, f"has '{name}' with a value that it does not take: leave it out, or send {or_else}")


def _latency(value: Any, where: str) -> int | None:
    if value is None:
        return None
    try:
        milliseconds = int(value) if not isinstance(value, (bool, float)) else -1
    except (TypeError, ValueError):
        milliseconds = -1
    if not 0 < milliseconds <= _MAX_LATENCY_MS:
        raise _wrong(where, f"has 'latency', which must be milliseconds from 1 to {_MAX_LATENCY_MS}")
    return milliseconds


def _one_of(name: str, value: Any, known: tuple[str, ...], where: str) -> str:
    if value == "" or (isinstance(value, str) and value.lower() in known):
        return str(value).lower()
    raise _wrong(where, f"has '{name}', which must be {', '.join(known[:-1])} or {known[-1]}")


def _text(name: str, value: Any, where: str) -> str:
    if isinstance(value, str) and len(value) <= _MAX_LENGTH:
        return value
    raise _wrong(where, f"has '{name}', which must be the name of a model")


def _region(value: Any, where: str) -> str:
    if value == "" or (isinstance(value, str) and _PLACE.fullmatch(value.lower())):
        return str(value).lower()
    raise _wrong(where, "has 'region', which must be a region or a geography, such as eu-central-1 or eu")


def _wrong(where: str, what: str) -> Refusal:
    return Refusal("invalid_request", f"'{where}' {what}.", param=where)
