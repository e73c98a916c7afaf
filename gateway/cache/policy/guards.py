"""PURE: whether an answer to one question may be served for another: a veto by any guard, and its name.

Two questions are compared word by word: whatever one has, the other must have, in the same place, in the same spelling but for
what `questions.read` knows to be free. So what no list knows stands against an answer. A veto is the same both ways.
"""

from collections import Counter
from collections.abc import Iterable

from gateway.cache.policy.questions import EQUALITY_GUARDS, Question, is_fit, read
from gateway.cache.policy.words import (
    DIRECTIONS,
    GENERIC,
    NEGATIONS,
    ONE_OR_MANY,
    PREPOSITIONS,
    REQUESTS,
    WHOSE,
)

__all__ = ("EMPTY", "NAMES", "ORDER", "PLURALS", "PREPOSITION", "WORDS", "Question", "is_fit", "read", "veto")

NAMES, ORDER, WORDS, PREPOSITION, PLURALS, EMPTY = (
    "names",
    "order",
    "words",
    "prepositions",
    "plurals",
    "empty",
)
_ONE = frozenset({"a", "an"})
_DETERMINERS = WHOSE | frozenset(
    [
        "the",
        "this",
        "that",
        "these",
        "those",
        "all",
        "every",
        "each",
        "both",
        "any",
        "some",
        "no",
        "many",
        "few",
        "several",
        "much",
        "other",
        "another",
        "only",
        "which",
        "'s",
    ]
)


def veto(asked: Question, known: Question) -> str:
    """ "" where the answer to `known` may be served for `asked`, else the name of the guard that stands against it."""
    if asked.key != known.key:
        return next(
            name
            for name, mine, theirs in zip(EQUALITY_GUARDS, asked.classes, known.classes, strict=True)
            if mine != theirs
        )
    if not asked.tokens:
        return EMPTY if known.tokens else ""
    if asked.tokens == known.tokens:
        return ""
    if asked.stems != known.stems:
        return _difference(asked, known)
    return "" if _plurals_agree(asked, known) else PLURALS


def _difference(asked: Question, known: Question) -> str:
    mine, theirs = Counter(asked.stems), Counter(known.stems)
    alone = [*(mine - theirs), *(theirs - mine)]
    if not alone:
        return ORDER
    names = asked.names | known.names
    if any(stem in names for stem in alone):
        return NAMES
    return PREPOSITION if all(stem in PREPOSITIONS for stem in alone) else WORDS


def _plurals_agree(asked: Question, known: Question) -> bool:
    """Whether one and many ask for the same, wherever the questions differ in that."""
    if asked.tokens[0] in REQUESTS:
        return False
    is_superlative = any(_is_superlative(token) for token in asked.stems)
    for at, (mine, theirs) in enumerate(zip(asked.tokens, known.tokens, strict=True)):
        if mine == theirs:
            continue
        stem = asked.stems[at]
        if mine in asked.names or theirs in known.names:
            return False
        if is_superlative and stem not in ONE_OR_MANY:
            return False
        if stem in GENERIC:
            continue
        one, many = (asked, known) if mine == stem else (known, asked)
        if one.before[at] in _DETERMINERS or many.before[at] in _DETERMINERS | _ONE:
            return False
    return True


def _is_superlative(token: str) -> bool:
    return token in ("best", "worst", "most", "least", "1st", "last") or (
        len(token) > 4 and token.endswith("est")
    )


def differing(names: Iterable[str]) -> frozenset[str]:
    """Words of these that change what a sentence says."""
    return frozenset(names) & (NEGATIONS | DIRECTIONS)
