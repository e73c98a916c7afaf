"""PURE: whether an answer to one question may be served for another: a veto by any guard, and its name.

Two questions are compared word by word: whatever one has, the other must have, in the same place, in the same spelling but for
what `questions.read` knows to be free. So what no list knows stands against an answer. A veto is the same both ways.
"""

from collections import Counter

from gateway.cache.policy.questions import EQUALITY_GUARDS, Question, is_fit, read
from gateway.cache.policy.units import UNITS
from gateway.cache.policy.words import (
    ARTICLE_MATTERS,
    ARTICLES,
    AUXILIARIES,
    CASE_MATTERS,
    CONJUNCTIONS,
    GENERIC,
    NAMES_TOO,
    ONE_OR_MANY,
    PREPOSITIONS,
    QUALITIES,
    THE_MATTERS_AFTER_PREPOSITION,
    WHOSE,
)

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
_PERSONS = frozenset({"i", "you", "he", "she", "we", "they", "it"})
_BEFORE_BARE = PREPOSITIONS | AUXILIARIES | CONJUNCTIONS | {"be"}
"""Words after which a noun stands without an article only where it is no single thing."""
_ALSO_NAMES = NAMES_TOO | CASE_MATTERS | {"python"}
_RELATIVE = frozenset({"who", "which", "whose"})
_COMPARED = frozenset({"difference", "similarity"})
"""Words beside which two things are meant in general, with articles or without."""
_KINDS = (("type", "of"), ("kind", "of"))
_CALLED = frozenset({"you", "me", "him", "her", "it", "them", "us", "called", "call"})
_DEFINING = frozenset({"of", "in", "at", "from", "for", "on", "that", "i"})
"""Words behind a noun that say which it is, so that "the" adds nothing."""
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
    if not (asked.names.isdisjoint(known.small) and known.names.isdisjoint(asked.small)):
        return NAMES
    if asked.before != known.before and not (_articles_agree(asked, known) and _pauses_agree(asked, known)):
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
    """Whether nowhere one has "the" and the other "a"; a missing one is free where it is only left out."""
    return all(
        mine == theirs or _is_free(asked, known, at, {mine, theirs} & ARTICLES)
        for at, (mine, theirs) in enumerate(zip(asked.before, known.before, strict=True))
    )


def _is_free(asked: Question, known: Question, at: int, articles: set[str]) -> bool:
    """Whether what stands before a token may be another: no article may, or one on one side alone."""
    token, stem = asked.tokens[at], asked.stems[at]
    if len(articles) == 2:
        return {"a", "an"} == articles or _is_superlative(stem)
    if not articles:
        return True
    following = asked.stems[at + 1] if at + 1 < len(asked.stems) else ""
    is_alone = following == "" or following in _BEFORE_BARE
    is_subject = at == 1 or (at == 2 and asked.stems[1] in ("be", "do", "was"))
    if stem in UNITS or (
        token in asked.names ^ known.names and (token in _ALSO_NAMES or (is_subject and len(asked.stems) < 5))
    ):
        return False
    if (
        _THE in articles
        and (is_alone or is_subject)
        and token.casefold() in _ALSO_NAMES
        and token in asked.names & known.names
    ):
        return False  # Amazon, the Amazon
    is_defined = following == "of" or (_THE in articles and following in _DEFINING)
    if (
        stem in ARTICLE_MATTERS
        and not is_defined
        and _COMPARED.isdisjoint(asked.stems)
        and (is_alone or is_subject)
    ):
        return False
    if _THE not in articles or at == 0 or token in asked.names:
        return True
    first, last = asked.stems[0], asked.stems[at - 1]
    if at == 1 and first in AUXILIARIES | {"be", "do"} and stem != token and stem != known.tokens[at]:
        return is_defined or _is_superlative(stem)  # do the dogs bark, do dogs bark
    if (
        (is_alone or is_subject)
        and not is_defined
        and _COMPARED.isdisjoint(asked.stems)
        and stem != token
        and stem != known.tokens[at]
    ):
        return False  # who has the children, who has children
    if at == 2 and len(asked.stems) == 3 and last in ("be", "was"):
        return False  # what is the time, what is time
    return not (last in PREPOSITIONS and stem in THE_MATTERS_AFTER_PREPOSITION)


def _pauses_agree(asked: Question, known: Question) -> bool:
    """Whether a comma that only one has is free: not before whom a question calls, nor before "who", nor between numbers."""
    for at, (mine, theirs) in enumerate(zip(asked.before, known.before, strict=True)):
        if at == 0 or (mine == "") == (theirs == ""):
            continue
        token, last = asked.tokens[at], asked.tokens[at - 1]
        is_called = at + 1 == len(asked.tokens) and last in _CALLED
        is_listed = (token[:1].isdigit() and last[-1:].isdigit()) or len(token) == len(last) == 1
        if is_called or is_listed or token in ("who", "where") or not _RELATIVE.isdisjoint(asked.stems[1:at]):
            return False
    return True


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
        is_bare = (
            one.before[at] in _BEFORE_BARE
            and _COMPARED.isdisjoint(asked.stems)
            and asked.stems[max(0, at - 2) : at] not in _KINDS
        )
        if is_bare or (first in AUXILIARIES and not _PERSONS.isdisjoint(asked.stems[:at])):
            return False
        if one.before[at] in _DETERMINERS or many.before[at] in _DETERMINERS | _ONE:
            return False
    return True


def _is_superlative(token: str) -> bool:
    return token in ("best", "worst", "most", "the-most", "least", "1th") or (
        len(token) > 4 and token.endswith("est")
    )
