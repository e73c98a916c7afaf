"""PURE: each word of an English question in one spelling: case, contractions, British and American, synonyms, one and many."""

import re
from collections.abc import Sequence
from functools import lru_cache

from gateway.cache.policy import characters, numbers, words
from gateway.cache.policy.characters import Piece
from gateway.cache.policy.units import CASED, UNIT_OF


def spelled(
    pieces: Sequence[Piece], names: frozenset[str], *, is_literal: bool
) -> tuple[list[str], list[str]]:
    """Tokens in small letters, contractions taken apart; and what was written for each. Names keep their spelling, and where
    a question is about words (`is_literal`), all do."""
    has_letters = _tells_case(pieces)
    tokens: list[str] = []
    raw: list[str] = []
    for piece in pieces:
        made: Sequence[str]
        if piece.kind == characters.NUMBER:
            made = numbers.of_digits(piece.text)
        elif piece.kind == characters.WORD:
            lower = piece.text.casefold()
            respells = not is_literal and lower not in names
            made = (numbers.roman(piece.text),) if numbers.roman(piece.text) else _word(lower, respells)
            is_cased = len(made) == 1 and (made[0] in words.CASE_MATTERS or _is_element(piece.text))
            is_letter = piece.text == "A" and not piece.begins and has_letters
            if piece.text in CASED or is_letter or (is_cased and _is_name(piece, pieces)):
                made = (piece.text,)
        elif piece.kind == characters.SYMBOL:
            made = _symbol(piece.text)
        else:
            made = (piece.text,)
        tokens += made
        raw += [piece.text] if len(made) == 1 else [piece.text, *made[1:]]
    return tokens, raw


@lru_cache(maxsize=20_000)
def _word(word: str, respells: bool = True) -> tuple[str, ...]:
    """A word in small letters, its contraction taken apart."""
    if word in words.CONTRACTIONS:
        return tuple(words.CONTRACTIONS[word].split())
    if "'" not in word:
        return tuple(words.SPELLINGS.get(word, word).split()) if respells else (word,)
    base, _, ending = word.rpartition("'")
    if ending == "s":
        return (base, "is") if base in words.BEFORE_IS else (base, "'s")
    if ending == "t" and base.endswith("n"):
        return (base[:-1], "n't")
    if ending in words.CONTRACTED_ENDINGS:
        return (*_word(base, respells), words.CONTRACTED_ENDINGS[ending])
    return (word,)


def _is_element(text: str) -> bool:
    """Whether a word may be the sign of an element: Co isn't CO."""
    return len(text) == 2 and text[0].isupper() and text[1].islower()


def _symbol(text: str) -> tuple[str, ...]:
    """Case is free in `C++` and `.NET`; in paths, addresses, flags and names of code it isn't."""
    lower = text.casefold()
    if lower == "&":
        return ("and",)
    if lower in UNIT_OF:
        return (lower,)
    return (text if _CASED.search(text) else lower,)


_CASED = re.compile(r"[/\\_=$@:-]")


@lru_cache(maxsize=20_000)
def canonical(token: str, respells: bool = True) -> tuple[str, ...]:
    """A token in its one spelling; forms of "be" don't tell one from many."""
    if token in ("is", "are"):
        return ("be",)
    if token == "were":
        return ("was",)
    if token == "has":
        return ("have",)
    if token == "does":
        return ("do",)
    if not respells:
        return (token,)
    if len(token) > 6 and token.isascii() and token.isalpha():
        for ending, other in (("isation", "ization"), ("isations", "izations"), ("ising", "izing"), ("ised", "ized"), ("ises", "izes"), ("ise", "ize"), ("yse", "yze"), ("ysed", "yzed")):  # fmt: skip
            if token.endswith(ending):
                token = token[: -len(ending)] + other
                break
    return (words.SYNONYMS.get(token, token),)


@lru_cache(maxsize=20_000)
def stem(token: str, respells: bool = True) -> str:
    """A word without the -s of plural or of the third person; by inflection only, never derivation."""
    if token in words.PLURALS:
        return canonical(words.PLURALS[token], respells)[0]
    if len(token) < 4 or not token.isalpha() or not token.endswith("s") or token in words.NO_PLURALS:
        return token
    if token.endswith(("ss", "us", "is", "ics")) or not token.islower():
        return token
    if token.endswith("ies") and len(token) > 4:
        made = token[:-3] + ("ie" if len(token) == 5 else "y")
    elif token.endswith(("sses", "shes", "ches", "xes", "zzes")):
        made = token[:-2]
    else:
        made = token[:-1]
    return words.SYNONYMS.get(made, made) if respells else made


def in_place(tokens: Sequence[str]) -> list[str]:
    """Words that mean the same in some places only, there in one spelling: a difficult question, but no difficult drive."""
    made = list(tokens)
    for at, token in enumerate(tokens):
        if (place := words.IN_PLACE.get(token)) is None:
            continue
        other, before, after = place
        is_last = at + 1 == len(tokens)
        if (
            (at and tokens[at - 1] in before)
            or (not is_last and tokens[at + 1] in after)
            or (is_last and "" in after)
        ):
            made[at] = other
    return made


def names_of(pieces: Sequence[Piece]) -> frozenset[str]:
    """Words that are written as names, in small letters."""
    return frozenset(
        part for piece in pieces if piece.kind == characters.WORD and _is_name(piece, pieces) for part in (*_word(piece.text.casefold()), piece.text.casefold(), piece.text) if part != "'s"
    )  # fmt: skip


def written_small(pieces: Sequence[Piece]) -> frozenset[str]:
    """Of the words and letters that are a name in capitals, those that have small ones on purpose: other words have capitals."""
    if not any(
        piece.text[0].isupper() and piece.text != "I" for piece in pieces if piece.kind == characters.WORD
    ):
        return frozenset()
    found = set()
    for at, piece in enumerate(pieces):
        if piece.kind != characters.WORD or not piece.text.islower():
            continue
        is_letter = (
            len(piece.text) == 1
            and piece.text not in "ai"
            and (at == 0 or pieces[at - 1].text not in _BEFORE_LETTER)
        )
        if piece.text in words.NAMES_TOO or (is_letter and not _is_language(pieces, at)):
            found.add(piece.text)
    return frozenset(found)


_BEFORE_LETTER = frozenset({"in", "using", "with", "learn", "of"})
"""Words after which c and r are languages, whatever their case."""


_AFTER_LETTER = frozenset({"programming", "language", "code", "program", "compiler", "studio"})


def _is_language(pieces: Sequence[Piece], at: int) -> bool:
    """Whether a letter is a language's beyond doubt: c programming."""
    return at + 1 < len(pieces) and pieces[at + 1].text in _AFTER_LETTER


def names_that_stay(pieces: Sequence[Piece], names: frozenset[str]) -> frozenset[str]:
    """Names that are no synonym of anything: letters together, and those of the list."""
    if not names:
        return names
    return frozenset(
        lower
        for piece in pieces
        if piece.kind == characters.WORD and (lower := piece.text.casefold()) in names and (lower in words.NAMES_THAT_STAY or (piece.text.isupper() and len(piece.text) > 1))
    )  # fmt: skip


def _tells_case(pieces: Sequence[Piece]) -> bool:
    """Whether capitals say something: neither all words have them, nor only those that are small in titles have none."""
    written = [one.text for one in pieces if one.kind == characters.WORD]
    return any(word.islower() and word not in _SMALL_IN_TITLES for word in written)


def _is_name(piece: Piece, pieces: Sequence[Piece]) -> bool:
    """Whether capitals make a word a name: not where a sentence begins, and not where all words have them."""
    text = piece.text
    if text in ("I", "A") or text.islower():
        return False
    if piece.begins and text[1:].islower():
        return False
    written = [one.text for one in pieces if one.kind == characters.WORD]
    if text.isupper() and len(text) > 1:
        return not all(map(str.isupper, written))
    return len(written) < 3 or any(word.islower() and word not in _SMALL_IN_TITLES for word in written)


_SMALL_IN_TITLES = frozenset(
    {"a", "an", "the", "of", "in", "on", "at", "to", "and", "or", "for", "by", "with", "from", "as"}
)
