"""PURE: whether an answer to one question may be served for another: a veto by any guard, and its name.

Two questions are compared word by word: whatever one has, the other must have, in the same place, in the same spelling but for
what `questions.read` knows to be free. So what no list knows stands against an answer. A veto is the same both ways.
"""

from collections import Counter

from gateway.cache.policy.questions import EQUALITY_GUARDS, Question, is_fit, read
from gateway.cache.policy.words import AUXILIARIES, GENERIC, ONE_OR_MANY, PREPOSITIONS, QUALITIES, WHOSE

__all__ = (
    "ARTICLE",
    "EMPTY",
    "NAMES",
    "ORDER",
    "PLURALS",
    "PREPOSITION",
    "WORDS",
    "Question",
    "is_fit",
    "read",
    "veto",
)

NAMES, ORDER, WORDS, PREPOSITION, PLURALS, ARTICLE, EMPTY = (
    "names",
    "order",
    "words",
    "prepositions",
    "plurals",
    "articles",
    "empty",
)
_THE = "the"
_ONE = frozenset({"a", "an"})
_GENERAL = AUXILIARIES | {"what", "how", "why", "do"}
"""What a question begins with that can ask in general: of who, which, where and when one and many are others."""
_PAST = frozenset({"was", "did", "had"})
_DETERMINERS = (
    WHOSE
    | {"which", "what", "whose"}
    | frozenset(
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
    if asked.stems != known.stems:
        return _difference(asked, known)
    if asked.before != known.before and not _articles_agree(asked, known):
        return ARTICLE
    return "" if asked.tokens == known.tokens or _plurals_agree(asked, known) else PLURALS


def _difference(asked: Question, known: Question) -> str:
    mine, theirs = Counter(asked.stems), Counter(known.stems)
    alone = [*(mine - theirs), *(theirs - mine)]
    if not alone:
        return ORDER
    names = asked.names | known.names
    if any(stem in names for stem in alone):
        return NAMES
    return PREPOSITION if all(stem in PREPOSITIONS for stem in alone) else WORDS


def _articles_agree(asked: Question, known: Question) -> bool:
    """Whether nowhere one has "the" and the other "a"; a missing one is free."""
    return not any(
        mine != theirs
        and ((mine == _THE and theirs in _ONE) or (theirs == _THE and mine in _ONE))
        and not _is_superlative(stem)
        for mine, theirs, stem in zip(asked.before, known.before, asked.stems, strict=True)
    )


def _plurals_agree(asked: Question, known: Question) -> bool:
    """Whether one and many ask for the same, wherever the questions differ in that: `a plane` and `planes` in general."""
    first = asked.stems[0]
    chosen = [token for token in asked.stems if token in QUALITIES or _is_superlative(token)]
    is_opinion = chosen == ["best"]  # who asks for the best one is told of several
    is_comparison = bool(chosen) and not is_opinion
    begins_general = first in _GENERAL or (is_opinion and first in ("who", "where"))
    is_general = begins_general and _PAST.isdisjoint(asked.stems)
    for at, (mine, theirs) in enumerate(zip(asked.tokens, known.tokens, strict=True)):
        stem = asked.stems[at]
        if mine == theirs or (mine != stem and theirs != stem):
            continue
        if (
            not is_general
            or mine in asked.names
            or theirs in known.names
            or (is_comparison and stem not in ONE_OR_MANY)
        ):
            return False
        if stem in GENERIC:
            continue
        one, many = (asked, known) if mine == stem else (known, asked)
        if one.before[at] in _DETERMINERS or many.before[at] in _DETERMINERS | _ONE:
            return False
    return True


def _is_superlative(token: str) -> bool:
    return token in ("best", "worst", "most", "the-most", "least", "1th") or (
        len(token) > 4 and token.endswith("est")
    )
