"""PURE: what a client's set-up is made of, and how its lines are filled in."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MARK = re.compile("«(URL|KEY|MODEL|SMALL_MODEL)»")
_PREFERRED = ("claude-sonnet-4-5", "claude-haiku-4-5")
_SMALL = ("claude-haiku-4-5", "nova-micro", "nova-lite")


@dataclass(frozen=True, slots=True)
class Lines:
    """One block to copy: where it goes, in which language, and its text with marks in guillemets."""

    where: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Client:
    """One client: its lines in order, and what it tells of whom and what a call is for."""

    slug: str
    name: str
    lines: tuple[Lines, ...]
    tags: str
    """What becomes of its sessions and end users."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Values:
    """What lines are filled with."""

    url: str
    key: str
    model: str
    small_model: str

    def of(self, mark: str) -> str:
        return {"URL": self.url, "KEY": self.key, "MODEL": self.model, "SMALL_MODEL": self.small_model}[mark]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: `mark` is what it was filled from, "" for what stands in the template."""

    text: str
    mark: str = ""


def pieces(template: str, values: Values) -> list[Piece]:
    """A template in parts, so that a page can show another model without asking again."""
    parts = _MARK.split(template)  # text and marks by turns
    found = [Piece(values.of(part), part) if place % 2 else Piece(part) for place, part in enumerate(parts)]
    return [piece for piece in found if piece.text]


def filled(template: str, values: Values) -> str:
    """A template as it is copied."""
    return "".join(piece.text for piece in pieces(template, values))


def usual_model(names: Sequence[str]) -> str:
    """The model to begin with, of those that may be called."""
    return _first(names, _PREFERRED) or next((name for name in names if "claude" in name), names[0])


def usual_small_model(names: Sequence[str]) -> str:
    """The one for an agent's small tasks: a small model where there is one, else the usual one."""
    return (
        _first(names, _SMALL) or next((name for name in names if "haiku" in name), "") or usual_model(names)
    )


def _first(names: Sequence[str], wanted: Iterable[str]) -> str:
    return next((name for name in wanted if name in names), "")
