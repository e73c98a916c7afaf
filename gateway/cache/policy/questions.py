"""PURE: a question as it is compared: its words in order, each in one spelling, without what doesn't change it."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from gateway.cache.policy import characters, numbers, units, words
from gateway.cache.policy.characters import Piece
from gateway.cache.policy.frames import unframed, without_articles
from gateway.cache.policy.spelling import (
    canonical,
    in_place,
    names_of,
    names_that_stay,
    spelled,
    stem,
    written_small,
)
from gateway.cache.policy.symmetry import in_one_order
from governance.privacy.policy.languages import language_of

VERSION = 3
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
    units.UNITS, UNITS
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
    small: frozenset[str]
    """Words that would be names in capitals, and have small letters on purpose."""
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
        and "\x00" not in text  # which Postgres keeps in no text
        and any(map(str.isalnum, text))
    )


def read(text: str) -> Question:
    """The question of a text that `is_fit`."""
    pieces = characters.pieces_of(text)
    if not _is_english(text, pieces):
        return _foreign(text, pieces)
    names = names_of(pieces)
    said = {piece.text.casefold() for piece in pieces}
    is_spelling = not words.OF_SPELLING.isdisjoint(said)
    is_literal = is_spelling or not words.OF_WORDS.isdisjoint(said)
    stay = names_that_stay(pieces, names)
    tokens, raw = spelled(pieces, stay, is_literal=is_literal)
    if not is_spelling:
        tokens, raw = numbers.in_figures(tokens, raw)
    tokens = unframed(tokens)
    if not is_literal:
        tokens = in_place(tokens)
    tokens = [one for token in tokens for one in canonical(token, not is_literal and _is_free(token, stay))]
    tokens, before = without_articles(tokens, _STOPS)
    tokens, before = in_one_order(tokens, before)
    if not tokens:
        return _foreign(text, pieces)
    stems = (
        tokens if is_spelling else [stem(token, not is_literal and _is_free(token, stay)) for token in tokens]
    )
    return _made(
        tuple(tokens), tuple(stems), tuple(before), names=names, small=written_small(pieces), language="en"
    )


def _is_free(token: str, names: frozenset[str]) -> bool:
    """Whether a word may be taken for a synonym: no name is one."""
    return token not in names or not token.islower()


_STOPS = words.PREPOSITIONS | words.AUXILIARIES | words.CONJUNCTIONS | {"is", "are", "were", ","}


def _made(
    tokens: tuple[str, ...],
    stems: tuple[str, ...],
    before: tuple[str, ...],
    *,
    names: frozenset[str],
    small: frozenset[str],
    language: str,
) -> Question:
    classes = _classes(tokens, language)
    digest = blake2b(bytes([VERSION]), digest_size=_KEY_BYTES)
    for name, members in zip(EQUALITY_GUARDS, classes, strict=True):
        for part in (name, *members):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(struct.pack("<I", len(encoded)) + encoded)
        digest.update(b"\xff\xff\xff\xff")
    return Question(digest.digest(), tokens, stems, before, names, small, classes, language == "en", language)


def _foreign(text: str, pieces: Sequence[Piece]) -> Question:
    """Of a text whose language has no lists: every word counts as it is written."""
    tokens = tuple(piece.text for piece in pieces if piece.kind != characters.PAUSE)
    language = language_of(text)
    return _made(
        tokens,
        tokens,
        ("", *tokens[:-1]),
        names=frozenset(),
        small=frozenset(),
        language=f"?{language}" if language == "en" else language,
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


_ENGLISH = words.words_of(
    "what how why which where who when the is are of does do can should could would please and this that your with have it my about from did were has had there they than after "
    "before between been whats hows you for not must may whom able any some get want need them much many because will"
)
_NOT_ENGLISH = words.words_of(
    "der die das und ist nicht ein eine mit auf wie was-ist le la les des est et que pour une vous je el los las por para del qué cómo cuál il gli che "
    "di per sono come della não uma você het een van niet voor zijn och att är jak czy co jest nie på og hvad wie wer wo warum quel quelle comment "
    "pourquoi où quién dónde cuándo cosa perché dove quando quanto wat hoe waar waarom qui quoi combien cual como donde quien porque"
)

_IN_BOTH = frozenset({"die", "per", "come", "van"})


def _is_english(text: str, pieces: Sequence[Piece]) -> bool:
    """Whether the lists of English words may be used: English words are there, and none of another language."""
    known = [piece.text.casefold().partition("'")[0] for piece in pieces if piece.kind == characters.WORD]
    found = _NOT_ENGLISH.intersection(known)
    foreign = len(found) if found - _IN_BOTH else 0
    english = len(_ENGLISH.intersection(known)) + (known[:1] != [] and known[0] in words.REQUESTS)
    if foreign >= 2 or not english or (foreign and english < 2):
        return False
    if text.isascii():
        return True
    letters = sum(map(str.isalpha, text))
    plain = sum(character.isascii() and character.isalpha() for character in text)
    return plain * 10 >= letters * 9
