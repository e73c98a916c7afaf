"""Choices of a column that a PURE module names."""

from enum import StrEnum


def choices_of(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """Each member as people read it: `rolled_back` is “Rolled back”."""
    return [(each.value, each.value.replace("_", " ").capitalize()) for each in kind]
