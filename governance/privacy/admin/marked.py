"""PURE: a text with its findings marked."""

from collections.abc import Iterable
from dataclasses import dataclass

from governance.privacy.policy.kinds import title
from governance.privacy.policy.ruleset import Hit


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of text; `label` says what was found in it, and is empty where nothing was."""

    text: str
    label: str = ""
    action: str = ""


def marked(text: str, hits: Iterable[Hit]) -> list[Stretch]:
    """The text cut at its findings."""
    pieces: list[Stretch] = []
    position = 0
    for hit in hits:
        if hit.start > position:
            pieces.append(Stretch(text[position : hit.start]))
        pieces.append(Stretch(text[hit.start : hit.end], title(hit.entity), hit.action))
        position = hit.end
    if position < len(text):
        pieces.append(Stretch(text[position:]))
    return pieces
