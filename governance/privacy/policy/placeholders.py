r"""PURE: what stands in for a value, and every way in which it is still known again.

A placeholder is `<ENTITY_hash>`: the kind, and six or more hexadecimal digits of a keyed hash. Models do not always write
it back as it was. It is known again, within these limits: in any case; with up to two spaces inside the brackets; with a
space or a hyphen for an underscore inside brackets; without one or both brackets; with Markdown's, HTML's or JSON's escapes
of the brackets and the underscore. Digits are never guessed.
"""

from collections.abc import Iterable
from functools import lru_cache

import regex

from kernel.placeholders import placeholder

MIN_LENGTH = 6
LITERAL = "LITERAL"
"""The kind of a text that looks like a placeholder and was written by a caller: hidden too, so that nobody can ask for a
value by writing its placeholder."""

_ESCAPE = r"\\(?<=(?<!\\)(?:\\\\){0,8}\\)\\?"
"""A backslash, or two where an escape is inside JSON; not the second half of an escaped backslash."""
_OPEN = rf"(?:<|&lt;|{_ESCAPE}u003c|{_ESCAPE}<)[ ]{{0,2}}"
_CLOSE = r"[ ]{0,2}(?:\\{0,2}>|&gt;|\\{1,2}u003e)"
_UNDERSCORE = r"\\{0,2}_"
CLOSING = regex.compile(_CLOSE, regex.IGNORECASE)
"""What may stand behind the digits."""
_SPARE = 64
"""How many characters more than the placeholder itself its longest spelling has."""


@lru_cache(maxsize=256)
def spelling(entities: frozenset[str]) -> "regex.Pattern[str]":
    """Matches every spelling of a placeholder of these kinds; groups `name` and `digits`, or `bare` and `bare_digits`."""
    inside, bare = _forms(entities)
    outside = rf"(?:{_OPEN}|(?<![^\W_])){bare}(?:{_CLOSE}|(?![^\W_]))"
    return regex.compile(f"{inside}|{outside}", regex.IGNORECASE)


@lru_cache(maxsize=256)
def ends_of_names(entities: frozenset[str]) -> tuple[str, ...]:
    """The last words of the kinds' names, casefolded: what stands before the digits."""
    return tuple(sorted({name.rpartition("_")[2].casefold() for name in (*entities, LITERAL)}))


@lru_cache(maxsize=256)
def lookalike(entities: frozenset[str]) -> "regex.Pattern[str]":
    """Matches what is a spelling, or is one once something else stands beside it: a word ends where a value is hidden."""
    inside, bare = _forms(entities)
    return regex.compile(f"{inside}|(?:{_OPEN})?{bare}(?:{_CLOSE})?", regex.IGNORECASE)


def _forms(entities: frozenset[str]) -> tuple[str, str]:
    """A placeholder in its brackets, and its name and digits alone, where underscores must be underscores."""
    names = sorted(entities | {LITERAL}, key=len, reverse=True)
    loose = "|".join(f"(?:{_UNDERSCORE}|[ -])".join(map(regex.escape, name.split("_"))) for name in names)
    strict = "|".join(_UNDERSCORE.join(map(regex.escape, name.split("_"))) for name in names)
    digits = f"[0-9a-f]{{{MIN_LENGTH},64}}"
    return (
        rf"{_OPEN}(?P<name>{loose})(?:{_UNDERSCORE}|[ -])(?P<digits>{digits}){_CLOSE}",
        rf"(?P<bare>{strict}){_UNDERSCORE}(?P<bare_digits>{digits})",
    )


def token_of(match: "regex.Match[str]") -> str:
    """The placeholder that a match of `spelling` is a spelling of."""
    name = match["name"] or match["bare"]
    digits = match["digits"] or match["bare_digits"]
    words = name.replace("\\", "").replace(" ", "_").replace("-", "_")
    return placeholder(words.upper(), digits.lower())


def backslashes_before(match: "regex.Match[str]") -> str:
    """What a match of `spelling` begins with and is not of the placeholder: the end of a path, as in `D:\\<…>`.

    Backslashes escape the bracket only where something else of the placeholder is escaped, too.
    """
    backslashes, bracket, rest = match.group().partition("<")
    return backslashes if bracket and not backslashes.strip("\\") and "\\" not in rest else ""


def longest_spelling(tokens: Iterable[str]) -> int:
    """How many characters a spelling of one of these can have."""
    return max(map(len, tokens), default=0) + _SPARE
