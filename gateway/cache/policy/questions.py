"""PURE: a question as it is compared: its words in order, each in one spelling, without what doesn't change it."""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from gateway.cache.policy import characters, numbers, words
from gateway.cache.policy.characters import Piece
from gateway.cache.policy.frames import unframed, without_articles
from gateway.cache.policy.symmetry import in_one_order
from governance.privacy.policy.languages import language_of

VERSION = 1
"""Goes up with every change of what is compared, so that entries of older guards are not met any more."""
MAX_CHARACTERS = 300
"""Of a question that is judged at all: in longer ones one free word always slips."""
_KEY_BYTES = 16
_FENCES = ("```", "~~~")

NUMBERS, UNITS, NEGATION, PLACEHOLDERS, SYMBOLS = "numbers", "units", "negation", "placeholders", "symbols"
ASKS, COMPARISON, MODALS, TIMES, WHOSE, FORMAT = (
    "question word",
    "comparison",
    "modals",
    "time",
    "whose",
    "format",
)
LANGUAGE = "language"
EQUALITY_GUARDS = (
    LANGUAGE, NUMBERS, UNITS, NEGATION, PLACEHOLDERS, SYMBOLS, ASKS, COMPARISON, MODALS, TIMES, WHOSE, FORMAT,
)  # fmt: skip
"""What has to be equal, in the order in which a difference is named."""
_CLASSES = (
    (NEGATION, words.NEGATIONS),
    (WHOSE, words.WHOSE),
    (MODALS, words.MODALS),
    (TIMES, words.TIMES),
    (COMPARISON, words.DIRECTIONS),
    (FORMAT, words.LANGUAGES_AND_FORMATS),
)
_CLASS_OF = {word: name for name, known in reversed(_CLASSES) for word in known} | dict.fromkeys(
    numbers.UNITS, UNITS
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question read once. What is compared of it stands in `tokens`, `stems` and `classes`."""

    key: bytes
    """Equal for two questions where all equality guards agree. 16 bytes."""
    tokens: tuple[str, ...]
    stems: tuple[str, ...]
    before: tuple[str, ...]
    """What stood before each token: an article, or the token before."""
    names: frozenset[str]
    classes: tuple[tuple[str, ...], ...]
    """The tokens of each equality guard, sorted."""
    is_english: bool
    language: str

    @property
    def core(self) -> str:
        """What is worth a vector: the question without its frame."""
        return " ".join(self.stems)


def is_fit(text: str) -> bool:
    """Whether a question may be judged at all: short, without blocks of code, and with a word in it."""
    return (
        0 < len(text) <= MAX_CHARACTERS
        and not any(fence in text for fence in _FENCES)
        and any(map(str.isalnum, text))
    )


def read(text: str) -> Question:
    """The question of a text that `is_fit`."""
    pieces = characters.pieces_of(text)
    if not _is_english(text, pieces):
        return _foreign(text, pieces)
    tokens, raw = _spelled(pieces)
    names = _names(pieces)
    tokens, raw = numbers.in_figures(tokens, raw)
    tokens = unframed(tokens)
    tokens, before = without_articles([one for token in tokens for one in _canonical(token)], _STOPS)
    tokens, before = in_one_order(tokens, before)
    if not tokens:
        return _foreign(text, pieces)
    stems = tuple(map(stem, tokens))
    return _made(tuple(tokens), stems, tuple(before), names=names, language="en")


_STOPS = words.PREPOSITIONS | words.AUXILIARIES | words.CONJUNCTIONS | {"is", "are", "were", ","}


def _made(
    tokens: tuple[str, ...],
    stems: tuple[str, ...],
    before: tuple[str, ...],
    *,
    names: frozenset[str],
    language: str,
) -> Question:
    classes = _classes(tokens, language)
    digest = blake2b(bytes([VERSION]), digest_size=_KEY_BYTES)
    for name, members in zip(EQUALITY_GUARDS, classes, strict=True):
        for part in (name, *members):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(struct.pack("<I", len(encoded)) + encoded)
        digest.update(b"\xff\xff\xff\xff")
    return Question(digest.digest(), tokens, stems, before, names, classes, language == "en", language)


def _foreign(text: str, pieces: Sequence[Piece]) -> Question:
    """Of a text whose language has no lists: every word counts as it is written."""
    tokens = tuple(piece.text for piece in pieces if piece.kind != characters.PAUSE)
    language = language_of(text)
    return _made(
        tokens,
        tokens,
        ("", *tokens[:-1]),
        names=frozenset(),
        language=f"?{language}" if language == "en" else language,
    )


def _spelled(pieces: Sequence[Piece]) -> tuple[list[str], list[str]]:
    """Tokens in small letters, contractions taken apart; and what was written for each."""
    tokens: list[str] = []
    raw: list[str] = []
    for piece in pieces:
        made: Sequence[str]
        if piece.kind == characters.NUMBER:
            made = numbers.of_digits(piece.text)
        elif piece.kind == characters.WORD:
            made = (numbers.roman(piece.text),) if numbers.roman(piece.text) else _word(piece.text.casefold())
            is_cased = len(made) == 1 and (made[0] in words.CASE_MATTERS or _is_element(piece.text))
            if is_cased and _is_name(piece, pieces):
                made = (piece.text,)
        elif piece.kind == characters.SYMBOL:
            made = _symbol(piece.text)
        else:
            made = (piece.text,)
        tokens += made
        raw += [piece.text] if len(made) == 1 else [piece.text, *made[1:]]
    return tokens, raw


@lru_cache(maxsize=20_000)
def _word(word: str) -> tuple[str, ...]:
    """A word in small letters, its contraction taken apart."""
    if word in words.CONTRACTIONS:
        return tuple(words.CONTRACTIONS[word].split())
    if "'" not in word:
        return tuple(words.SPELLINGS.get(word, word).split())
    base, _, ending = word.rpartition("'")
    if ending == "s":
        return (base, "is") if base in words.BEFORE_IS else (base, "'s")
    if ending == "t" and base.endswith("n"):
        return (base[:-1], "n't")
    if ending in words.CONTRACTED_ENDINGS:
        return (*_word(base), words.CONTRACTED_ENDINGS[ending])
    return (word,)


def _is_element(text: str) -> bool:
    """Whether a word may be the sign of an element: Co isn't CO."""
    return len(text) == 2 and text[0].isupper() and text[1].islower()


def _symbol(text: str) -> tuple[str, ...]:
    """Case is free in `C++` and `.NET`; in paths, addresses, flags and names of code it isn't."""
    lower = text.casefold()
    if lower == "&":
        return ("and",)
    if lower in numbers.UNIT_OF:
        return (lower,)
    return (text if _CASED.search(text) else lower,)


_CASED = re.compile(r"[/\\_=$@:-]")


@lru_cache(maxsize=20_000)
def _canonical(token: str) -> tuple[str, ...]:
    """A token in its one spelling; forms of "be" don't tell one from many."""
    if token in ("is", "are"):
        return ("be",)
    if token == "were":
        return ("was",)
    if token == "has":
        return ("have",)
    if token == "does":
        return ("do",)
    if len(token) > 6 and token.isascii() and token.isalpha():
        for ending, other in (("isation", "ization"), ("isations", "izations"), ("ising", "izing"), ("ised", "ized"), ("ises", "izes"), ("ise", "ize"), ("yse", "yze"), ("ysed", "yzed")):  # fmt: skip
            if token.endswith(ending):
                token = token[: -len(ending)] + other
                break
    return (words.SYNONYMS.get(token, token),)


@lru_cache(maxsize=20_000)
def stem(token: str) -> str:
    """A word without the -s of plural or of the third person; by inflection only, never derivation."""
    if token in words.PLURALS:
        return _canonical(words.PLURALS[token])[0]
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
    return words.SYNONYMS.get(made, made)


def _names(pieces: Sequence[Piece]) -> frozenset[str]:
    """Words that are written as names, in small letters."""
    return frozenset(
        part for piece in pieces if piece.kind == characters.WORD and _is_name(piece, pieces) for part in (*_word(piece.text.casefold()), piece.text) if part != "'s"
    )  # fmt: skip


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


def _classes(tokens: Sequence[str], language: str) -> tuple[tuple[str, ...], ...]:
    found: dict[str, list[str]] = {name: [] for name in EQUALITY_GUARDS}
    found[LANGUAGE].append(language)
    for token in tokens:
        if token.startswith("<") and token.endswith(">"):
            found[PLACEHOLDERS].append(token)
        elif numbers.is_number(token):
            found[NUMBERS].append(token)
        elif (name := _CLASS_OF.get(token.casefold())) is not None:
            found[name].append(token.casefold())
        elif len(token) > 5 and token.startswith(("un", "non")) and token.isalpha():
            found[NEGATION].append(token)
        elif not token.isalpha() and token != "'s" and not token.replace("-", "").replace("'", "").isalpha():
            found[SYMBOLS].append(token)
    found[ASKS].append(_kind(tokens))
    return tuple(tuple(sorted(found[name])) for name in EQUALITY_GUARDS)


def _kind(tokens: Sequence[str]) -> str:
    """What kind of question it is: its question word, "yes or no", the verb of a request, or a statement."""
    first = tokens[0] if tokens else ""
    if first not in words.QUESTION_WORDS and first in words.AUXILIARIES | {"do"}:
        return "yes or no"
    if first in words.REQUESTS:
        return first
    for at, token in enumerate(tokens):
        if token in words.QUESTION_WORDS:
            following = tokens[at + 1] if at + 1 < len(tokens) else ""
            return f"{token} {following}" if token == "how" and following in words.OF_HOW else token
    return "statement"


_ENGLISH = (
    words.words_of("what how why which where who when the is are of does do can should could would please explain list translate summarize and this that your with have it my about from did were has had there they than after before between been")
    | words.REQUESTS
) - {"plan", "set", "design", "format", "list", "rank"}  # fmt: skip
_NOT_ENGLISH = words.words_of(
    "der die das und ist nicht ein eine mit auf wie was-ist le la les des est et que pour une vous je el los las por para del qué cómo cuál il gli che "
    "di per sono come della não uma você het een van niet voor zijn och att är jak czy co jest nie på og hvad wie wer wo warum quel quelle comment "
    "pourquoi où quién dónde cuándo cosa perché dove quando quanto wat hoe waar waarom qui quoi combien cual como donde quien porque"
)


def _is_english(text: str, pieces: Sequence[Piece]) -> bool:
    """Whether the lists of English words may be used: English words are there, and none of another language."""
    known = {piece.text.casefold().partition("'")[0] for piece in pieces if piece.kind == characters.WORD}
    foreign = len(known & _NOT_ENGLISH)
    if foreign >= 2 or not known & _ENGLISH or (foreign and len(known & _ENGLISH) < 2):
        return False
    letters = sum(map(str.isalpha, text))
    plain = sum(character.isascii() and character.isalpha() for character in text)
    return plain * 10 >= letters * 9
