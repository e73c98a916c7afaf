"""PURE: how much like an attack a text is, and what speaks for it."""

import re
from dataclasses import dataclass

from governance.screening.policy import classifier, rules
from governance.screening.policy.grams import grams
from governance.screening.policy.guards import Guards
from governance.screening.policy.normalise import Normalised, normalise
from governance.screening.policy.signals import Signals, signals

MAX_DECODED = 12_000
"""Characters of hidden texts that are scored by themselves."""
READS_LIKE_ATTACK = 0.5
_LETTERS = re.compile(r"(?:[^\W\d_][\W\d_]*){3}")
"""Three letters: a text without says nothing."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """`score` from 0 to 1; `read_alike` is what the classifier alone makes of it; `hidden` that of decoded texts."""

    score: float
    read_alike: float
    hidden: float
    signals: Signals
    normalised: Normalised


def score(text: str, *, role: str, guards: Guards | None = None) -> Scoring:
    """The score of a text that comes from such a source, beside a system prompt with such guards. Takes any str, in linear time."""
    normalised = normalise(text)
    found = signals(raw=text, normalised=normalised, guards=guards)
    whole, alone = _of(normalised, found, role=role)
    hidden = max((_hidden(inner, role=role) for inner in _first(normalised.decoded)), default=0.0)
    return Scoring(max(whole, hidden), alone, hidden, found, normalised)


def grow(text: str) -> None:
    """Lets the rules' automata make the states, and the tables take up the words, that such a text needs: the first that is
    screened finds them there."""
    rules.grow(text)
    grams(text.casefold())


def _of(normalised: Normalised, found: Signals, *, role: str) -> tuple[float, float]:
    """The score, and the part of it that is the classifier's. A text without words says nothing."""
    if not found.rules and not _LETTERS.search(normalised.text, 0, 2_000):
        return 0.0, 0.0
    weights = classifier.shipped()[classifier.SOURCES[role]]
    parts = classifier.margins(normalised, found, weights, role=role)
    highest = max(part.margin for part in parts)
    alone = max(part.margin - part.evidence for part in parts)
    return classifier.score_of(highest, weights), classifier.score_of(alone, weights)


def _hidden(text: str, *, role: str) -> float:
    """The score of a decoded text. Nobody encodes what may be read, so it counts as if it stood in a document."""
    normalised = normalise(text)
    source = rules.DOCUMENT if role == rules.USER else role
    return _of(normalised, signals(raw=text, normalised=normalised), role=source)[0]


def _first(texts: tuple[str, ...]) -> list[str]:
    left = MAX_DECODED
    taken = []
    for text in texts:
        if left <= 0:
            break
        taken.append(text[:left])
        left -= len(text)
    return taken
