"""The names of people beside the placeholders that stand for them, told by whoever keeps them to those who may know."""

from collections.abc import Callable, Iterable
from typing import Any

Wanted = tuple[int | None, str]
"""A team's id and a tag of its calls. None: whichever team's it is."""
_sources: list[Callable[[Any, Iterable[Wanted]], dict[Wanted, str]]] = []


def register_people(source: Callable[[Any, Iterable[Wanted]], dict[Wanted, str]]) -> None:
    """Adds what knows people."""
    _sources.append(source)


def known_names(who: Any, wanted: Iterable[Wanted]) -> dict[Wanted, str]:
    """The names that somebody may know of these tags, in one query for all of a page."""
    asked = list(wanted)
    return {each: name for source in _sources for each, name in source(who, asked).items()}


def named(tag: str, name: str | None) -> str:
    """A tag with the name of whom it stands for, where that is known."""
    return f"{tag} · {name}" if name else tag


def attach(who: Any, rows: Iterable[Any]) -> None:
    """Sets `people` of rows with a team and an end user (and a session, some): what `named_of` needs, in one query for all."""
    rows = list(rows)
    names = known_names(who, ((row.team_id, tag) for row in rows for tag in _tags(row)))
    for row in rows:
        row.people = names


def named_of(row: Any, tag: str) -> str:
    """A tag of a row with the name of whom it stands for, where that was attached and is known."""
    return named(tag, getattr(row, "people", {}).get((row.team_id, tag)))


def _tags(row: Any) -> Iterable[str]:
    return [tag for tag in (row.end_user, getattr(row, "session", "")) if tag]
