"""PURE: whether a model says the same as the answer that was served: what a verification learns from. In doubt a person decides."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from gateway.cache.policy import characters, numbers, words
from gateway.cache.policy.spelling import stem

Comparison = Literal["same", "different", "unsure"]
SAME: Comparison = "same"
DIFFERENT: Comparison = "different"
UNSURE: Comparison = "unsure"

MAX_CHARACTERS = 20_000
"""Of an answer that is read; what is longer is compared as a whole, and in doubt left to a person."""
_OVERLAP_SAME = 0.85
_OVERLAP_ALONE = 0.95
_OVERLAP_DIFFERENT = 0.15
_COSINE_SAME = 0.95
_COSINE_DIFFERENT = 0.5
_SHORT = 12
"""Words: in short answers each number and name is the answer itself."""
_YES = frozenset({"yes", "yeah", "yep"})
_YES_ALONE = frozenset({"correct", "true", "right", "indeed", "absolutely", "certainly"})
_NO = frozenset({"no", "nope"})
_NO_ALONE = frozenset({"incorrect", "false", "wrong"})
"""Words that are a verdict where a pause is behind them: "right" isn't one in "right-click"."""
_FIRST = re.compile(r"\W*(\w+)(\s*(?:[.,;:!]|$)|)")
_BLANKS = re.compile(r"\s+")
_NEGATING = words.NEGATIONS - {
    "free",
    "stop",
    "fail",
    "instead",
    "avoid",
    "prevent",
    "refuse",
    "excluding",
    "minus",
    "except",
    "unless",
}


@dataclass(frozen=True, slots=True)
class _Read:
    """What is looked at of an answer."""

    content: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    negations: int
    verdict: str
    length: int


def compare(served: str, said: str, *, cosine: float | None = None) -> Comparison:
    """Whether two answers to what was taken for one question say the same; `cosine` of their vectors, where there is one.

    Two answers that were made apart differ in much that doesn't matter, so only what plainly contradicts is "different".
    """
    if _plain(served) == _plain(said):
        return SAME
    if max(len(served), len(said)) > MAX_CHARACTERS or not served.strip() or not said.strip():
        return UNSURE
    mine, theirs = _read(served), _read(said)
    if mine.verdict and theirs.verdict and mine.verdict != theirs.verdict:
        return DIFFERENT
    is_short = min(mine.length, theirs.length) <= _SHORT
    if is_short and (_contradict(mine.numbers, theirs.numbers) or _contradict(mine.names, theirs.names)):
        return DIFFERENT
    overlap = _overlap(mine.content, theirs.content)
    is_even = mine.negations % 2 == theirs.negations % 2
    if not is_even and overlap >= _OVERLAP_SAME:
        return DIFFERENT
    if not is_even or mine.numbers != theirs.numbers or mine.names != theirs.names:
        return _far(overlap, cosine)
    if overlap >= _OVERLAP_ALONE or (overlap >= _OVERLAP_SAME and (cosine or 0) >= _COSINE_SAME):
        return SAME
    return _far(overlap, cosine)


def _far(overlap: float, cosine: float | None) -> Comparison:
    is_far = overlap <= _OVERLAP_DIFFERENT and cosine is not None and cosine <= _COSINE_DIFFERENT
    return DIFFERENT if is_far else UNSURE


def _contradict(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether each has what the other lacks."""
    return bool(mine - theirs) and bool(theirs - mine)


def _overlap(mine: frozenset[str], theirs: frozenset[str]) -> float:
    both = mine | theirs
    return len(mine & theirs) / len(both) if both else 0.0


def _plain(text: str) -> str:
    """Without what only lays a text out: blanks, case, and the marks of Markdown around words."""
    text = unicodedata.normalize("NFC", text).casefold().replace("**", "").replace("\u2019", "'")
    return _BLANKS.sub(" ", text).strip().rstrip(".! ")


def _read(text: str) -> _Read:
    tokens: list[str] = []
    names: set[str] = set()
    for piece in characters.pieces_of(text):
        if piece.kind == characters.PAUSE:
            continue
        tokens += (
            numbers.of_digits(piece.text) if piece.kind == characters.NUMBER else (piece.text.casefold(),)
        )
        if piece.text[0].isupper() and not piece.begins and tokens[-1] not in words.FUNCTION_WORDS:
            names.add(stem(tokens[-1]))
    figures, _ = numbers.in_figures(tokens, tokens)
    negations = [token for token in figures if token in _NEGATING or token.endswith("n't")]
    content = {stem(token) for token in figures if token not in words.FUNCTION_WORDS} - _NEGATING
    found = frozenset(token for token in figures if numbers.is_number(token))
    return _Read(frozenset(content), found, frozenset(names), len(negations), _verdict(text), len(figures))


def _verdict(text: str) -> str:
    """Whether an answer begins with yes or no."""
    match = _FIRST.match(text)
    if match is None:
        return ""
    word, is_alone = match[1].casefold(), match[2] != ""
    if word in _YES or (is_alone and word in _YES_ALONE):
        return "yes"
    return "no" if word in _NO or (is_alone and word in _NO_ALONE) else ""
