"""What saves money besides providers' prompt caches, told by whoever knows of it: figures for the pages of usage."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Saving:
    """One way in which calls were made for less. `url` is the page that says more."""

    title: str
    nanos: int
    note: str
    url: str = ""


Source = Callable[[Any, datetime, datetime, int | None], list[Saving]]
"""Of the teams that somebody sees, or one of them, from a moment up to another."""
_sources: list[Source] = []


def register_savings(source: Source) -> None:
    """Adds what knows of savings."""
    if source not in _sources:
        _sources.append(source)


def savings_of(who: Any, *, since: datetime, until: datetime, team: int | None) -> list[Saving]:
    """All of them."""
    return [each for source in _sources for each in source(who, since, until, team)]
