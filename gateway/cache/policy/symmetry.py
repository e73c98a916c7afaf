"""PURE: the few orders of words that say the same either way, brought into one."""

from collections.abc import Sequence

from gateway.cache.policy.words import (
    AUXILIARIES,
    CONJUNCTIONS,
    PREPOSITIONS,
    PRONOUNS,
    QUESTION_WORDS,
    words_of,
)

_BOUNDS = PREPOSITIONS | CONJUNCTIONS | AUXILIARIES | QUESTION_WORDS | PRONOUNS | {"not", "'s"}
_BEFORE_BETWEEN = frozenset(
    {
        "difference", "differences", "differ", "distance", "similarity", "similarities", "comparison", "choose", "choosing", "decide", "relationship", "relation",
        "connection", "link", "border", "meeting", "overlap", "conflict", "contrast",
    }
)  # fmt: skip
"""Words that make the two sides of a "between … and …" alike: a rate or a score between two does not."""
_ORDERED = words_of(
    "respectively first 1th then order former latter versus vs from to ratio minus divided divide division quotient subtract subtraction remainder mod power sequence rank"
)
_BEFORE_PAIRS = words_of("of for in with on about by against without among")
"""Prepositions behind which "A and B" are alike; of verbs the order may be that of time."""
_DONE = words_of(
    "picture pictures photo photos image portrait painting drawing sketch statue sculpture video film movie recording description account story report biography review reviews "
    "critique criticism analysis study examination assessment evaluation opinion view views understanding knowledge memory memories idea fear fears love hate hatred dislike "
    "envy respect admiration support treatment care loss search pursuit discovery murder killing killer assassination attack attacks invasion occupation conquest defeat "
    "acquisition takeover purchase sale rejection election destruction exploration investigation interview visit help sanctions boycott siege bombing colonization liberation "
    "siege persecution oppression protection defense surveillance observation perception judgment rejection betrayal abuse exploitation teaching training education questioning "
    "impression representation translation interpretation quotation imitation copy parody caricature tolerance trust distrust suspicion praise blame accusation punishment "
    "conviction trial arrest capture rescue adoption visit tour inspection audit test control use usage mention reading theory history biography song poem book"
)
"""What somebody does to something: "of" may say to whom, where "'s" says who."""
_MAX_SIDE = 4


def in_one_order(tokens: Sequence[str], before: Sequence[str]) -> tuple[list[str], list[str]]:
    """Whose things are in the words of "of", and the two sides of a symmetric head in the order of the alphabet."""
    found, stood = _possessives(list(tokens), list(before))
    if _ORDERED.isdisjoint(found) and not (
        "difference" in found and "of" in found and any(token[:1].isdigit() for token in found)
    ):
        found, stood = _listed(*_sides(found, stood))
        found, stood = _alternatives(found, stood)
    return found, stood


def _possessives(tokens: list[str], before: list[str]) -> tuple[list[str], list[str]]:
    """`France 's capital` as `capital of France`, where both sides are plain."""
    if tokens.count("'s") != 1:
        return tokens, before
    at = tokens.index("'s")
    start = at
    while start > 0 and tokens[start - 1] not in _BOUNDS and at - start < 3:
        start -= 1
    end = at + 2
    if start == at or end > len(tokens) or tokens[at + 1] in _BOUNDS:
        return tokens, before
    if tokens[0] in QUESTION_WORDS and start == 2 and tokens[1] in ("be", "was"):
        while end < len(tokens) and tokens[end] not in _BOUNDS and end - at <= _MAX_SIDE:
            end += 1
    if (start > 0 and tokens[start - 1] not in _BOUNDS) or (end < len(tokens) and tokens[end] not in _BOUNDS):
        return tokens, before
    owner, thing = tokens[start:at], tokens[at + 1 : end]
    if not _DONE.isdisjoint(thing):
        return tokens, before
    return (
        [*tokens[:start], *thing, "of", *owner, *tokens[end:]],
        [*before[:start], "the", *thing, *before[start:at], *before[end:]],
    )


def _sides(tokens: list[str], before: list[str]) -> tuple[list[str], list[str]]:
    for at, token in enumerate(tokens):
        if token != "and" or tokens.count("and") != 1:
            continue
        start, end = at, at + 1
        while start > 0 and tokens[start - 1] not in _BOUNDS and at - start < _MAX_SIDE:
            start -= 1
        while end < len(tokens) and tokens[end] not in _BOUNDS and end - at <= _MAX_SIDE:
            end += 1
        left, right = tokens[start:at], tokens[at + 1 : end]
        if not left or not right:
            break
        head = tokens[start - 1] if start else ""
        if left[0] == "compare" and start == 0:
            left, start, head = left[1:], 1, "compare"
        is_closed = end == len(tokens) and (
            head == "compare"
            or (head == "between" and tokens[start - 2 : start - 1] and tokens[start - 2] in _BEFORE_BETWEEN)
        )
        is_bounded = (
            len(left) == len(right) == 1
            and head in _BEFORE_PAIRS
            and head not in tokens[end:]
            and (end == len(tokens) or tokens[end] in _BOUNDS)
        )
        if left and (is_closed or is_bounded) and right < left:
            swapped = [*tokens[:start], *right, "and", *left, *tokens[end:]]
            stood = [*before[:start], *before[at + 1 : end], right[-1], *before[start:at], *before[end:]]
            return swapped, stood
    return tokens, before


def _listed(tokens: list[str], before: list[str]) -> tuple[list[str], list[str]]:
    """Three words or more behind a preposition at the end, in the order of the alphabet: symptoms of flu, measles and mumps."""
    at = len(tokens) - 2
    if at < 3 or tokens[at] != "and" or tokens.count("and") != 1 or tokens[-1] in _BOUNDS:
        return tokens, before
    start = at - 1
    while start > 0 and before[start] == "" and tokens[start - 1] not in _BOUNDS:
        start -= 1
    if start == at - 1 or before[start] == "" or tokens[start - 1] not in _BEFORE_PAIRS:
        return tokens, before
    items = sorted([*tokens[start:at], tokens[-1]])
    return [*tokens[:start], *items[:-1], "and", items[-1]], [
        *before[: start + 1],
        *[""] * (len(items) - 2),
        *before[at:],
    ]


def _alternatives(tokens: list[str], before: list[str]) -> tuple[list[str], list[str]]:
    """The two that a question chooses between at its end, in the order of the alphabet: which is better, tea or coffee?"""
    if tokens.count("or") != 1 or "not" in tokens or "and" in tokens:
        return tokens, before
    at = tokens.index("or")
    start = next((one for one in range(at - 1, max(0, at - _MAX_SIDE - 1), -1) if before[one] == ""), at - 1)
    left, right = tokens[start:at], tokens[at + 1 :]
    is_single = start == at - 1 and len(right) == 1 and tokens[0] in AUXILIARIES | {"what"}
    is_apart = before[start] == "" and start > 1 and tokens[0] in QUESTION_WORDS
    if not (is_single or is_apart) or not left or not 0 < len(right) <= _MAX_SIDE or right >= left:
        return tokens, before
    if not _BOUNDS.isdisjoint(left + right):
        return tokens, before
    swapped = [*tokens[:start], *right, "or", *left]
    return swapped, [*before[:start], "", *right, "or", *left[:-1]]
