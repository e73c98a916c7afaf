"""PURE: a text as a model may read it, without the tricks that hide it from a filter. Takes any str, in linear time."""

import re
import unicodedata
from dataclasses import dataclass

import re2

from governance.screening.policy import encodings
from governance.screening.policy.gate import Gate
from governance.screening.policy.lookalikes import straighten, unleet

MAX_GROWTH = 2
"""A text may get at most so many times longer: a few characters stand for up to eighteen."""

ZERO_WIDTH = "zero-width characters"
BIDI = "bidirectional overrides"
TAGS = "hidden tag characters"
STYLED = "styled letters"
STACKED = "stacked combining marks"
LOOKALIKES = "look-alike letters"
LEET = "digits for letters"
SPACED = "letters spaced apart"
SPLIT = "words split apart"
BROKEN = "broken characters"
TRICKS = (ZERO_WIDTH, BIDI, TAGS, STYLED, STACKED, LOOKALIKES, LEET, SPACED, SPLIT, BROKEN)

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_WITHIN_WORD = re.compile("[A-Za-z][\u200b-\u200d\u2060-\u2064\ufeff\u00ad]+[A-Za-z]")
_OVERRIDES = re.compile("[\u202d\u202e]")
_TAG_RUN = re.compile("[\U000e0020-\U000e007e]{8,}|[\U000e0100-\U000e01ef]{4,}")
_STYLED = re.compile(
    "[\U0001d400-\U0001d7ff\uff21-\uff5a\u24b6-\u24e9\U0001f130-\U0001f189\U0001f1e6-\U0001f1ff]"
)
_QUOTES = str.maketrans("‘’‚‛′“”„‟″‐‑‒–—―−…", "'''''\"\"\"\"\"-------.")
_LATIN_MARKS = re.compile("[\u0300-\u036f]+")
_MARKS = re2.compile(r"(\p{M}{3})\p{M}+")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LONE = re.compile("[\ud800-\udfff]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_IN_ASCII = str.maketrans({code: " " for code in range(0x80) if _CONTROL.match(chr(code))})
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*\n\s*")
_REPEATED = re.compile(r"([^\w\s])\1{3,}")
_REPEATED_IN_ASCII = Gate(
    *(re.escape(mark) + "{4}" for mark in map(chr, range(0x21, 0x7F)) if not re.match(r"\w", mark))
)
_SPACED = re.compile(r"(?<!\w)\w(?:[ .\-_*|,]{1,3}\w){5,}(?!\w)")
_MAYBE_SPACED = Gate(
    r"[ .\-_*|,][^\s.\-_*|,][ .\-_*|,]{1,3}[^\s.\-_*|,][ .\-_*|,]{1,3}[^\s.\-_*|,][ .\-_*|,]"
)
_GAP = re.compile(r"[ .\-_*|,]{2,}")
_SINGLE_GAP = re.compile(r"[ .\-_*|,]")
_NOT_LETTER = re.compile(r"[\W\d_]+")
_NOT_LETTER_IN_ASCII = str.maketrans({code: None for code in range(0x80) if _NOT_LETTER.match(chr(code))})

# What attacks say, without the blanks: found there and not in the text, the words had been pulled apart.
_SQUEEZED = re2.compile(
    r"(?:ignor|disregard|forget|override)(?:e|ing)?(?:all|any|the|your|my|every)*(?:previous|prior|above|earlier|preceding|system)"
    r"(?:instruction|prompt|rule|direction|message|guideline)"
    r"|(?:reveal|print|repeat|show|output|leak)(?:me|us)?(?:the|your|all)*(?:system|hidden|initial|secret)(?:prompt|instruction|password)"
    r"|donothaveanyrestrictions|doanythingnow|developermode(?:enabled|output)"
)
_MAYBE_SQUEEZED = Gate(_SQUEEZED.pattern)


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text` clean and without case, the `tricks` that were undone, and the texts that were `decoded` from it."""

    text: str
    tricks: tuple[str, ...] = ()
    decoded: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()


def normalise(text: str) -> Normalised:
    """The plain form of a text. What is decoded from it is not normalised itself."""
    tricks: list[str] = []
    whole = _mended(text, tricks)
    found = encodings.hidden(whole)
    clean = whole if whole.isascii() else _plain(whole, tricks)
    clean = clean.casefold()
    clean = clean.translate(_CONTROL_IN_ASCII) if clean.isascii() else _CONTROL.sub(" ", clean)
    if not clean.isascii() or _REPEATED_IN_ASCII.lets_by(clean):
        clean = _REPEATED.sub(r"\1\1\1", clean)
    clean, joined = _joined(clean)
    if "  " in clean or "\t" in clean or not clean.isascii():
        clean = _BLANKS.sub(" ", clean)
    if "\n\n" in clean or "\n \n" in clean or not clean.isascii():
        clean = _LINES.sub("\n\n", clean)
    clean, straightened = straighten(clean)
    clean, unleeted = unleet(clean)
    tricks += [
        name for name, seen in ((LOOKALIKES, straightened), (LEET, unleeted), (SPACED, joined)) if seen
    ]
    clean = _rejoined(clean, tricks)
    return Normalised(
        text=clean.strip(),
        tricks=tuple(tricks),
        decoded=tuple(inner for _, inner in found),
        encodings=tuple(dict.fromkeys(how for how, _ in found)),
    )


def _mended(text: str, tricks: list[str]) -> str:
    """Surrogates in pairs become the character they stand for, lone ones U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        paired = _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)
        mended = _LONE.sub("\ufffd", paired)
        if "\ufffd" in mended:
            tricks.append(BROKEN)
        return mended
    return text


def _plain(text: str, tricks: list[str]) -> str:
    if _WITHIN_WORD.search(text):
        tricks.append(ZERO_WIDTH)
    if _OVERRIDES.search(text):
        tricks.append(BIDI)
    if _TAG_RUN.search(text):
        tricks.append(TAGS)
    if len(_STYLED.findall(text, 0, 4_000)) > 7:
        tricks.append(STYLED)
    visible = _INVISIBLE.sub("", text)
    # Runs of marks are cut first: putting them in order takes the square of their number.
    thinned = _MARKS.sub(r"\1", visible)
    if len(visible) - len(thinned) > 8:
        tricks.append(STACKED)
    apart = unicodedata.normalize("NFKD", thinned)[: MAX_GROWTH * len(text) + 64]
    return unicodedata.normalize("NFC", _LATIN_MARKS.sub("", apart)).translate(_QUOTES)


def _joined(text: str) -> tuple[str, bool]:
    """`i g n o r e` as one word; two blanks or more part the words."""
    if not _MAYBE_SPACED.lets_by(text):
        return text, False
    changed = False

    def run(match: re.Match[str]) -> str:
        nonlocal changed
        found = match.group()
        if sum(map(str.isdigit, found)) * 2 > len(_SINGLE_GAP.sub("", found)):
            return found  # a row of numbers
        changed = True
        return " ".join(_SINGLE_GAP.sub("", part) for part in _GAP.split(found))

    return _SPACED.sub(run, text), changed


def _rejoined(text: str, tricks: list[str]) -> str:
    """The text, and behind it the phrases that were only found by leaving out what stands between the letters."""
    squeezed = text.translate(_NOT_LETTER_IN_ASCII) if text.isascii() else _NOT_LETTER.sub("", text)
    if not _MAYBE_SQUEEZED.lets_by(squeezed):
        return text
    found = {match.group() for match in _SQUEEZED.finditer(squeezed)}
    if not found:
        return text
    apart = sorted(phrase for phrase in found if not _within(phrase, text))
    if not apart:
        return text
    tricks.append(SPLIT)
    return text + "\n" + "\n".join(spelled_letters(phrase) for phrase in apart)


def _within(phrase: str, text: str) -> bool:
    """Whether the phrase stands in the text as whole words."""
    return " ".join(_PARTS.findall(phrase)) in _NOT_LETTER.sub(" ", text)


_PARTS = re.compile(
    "ignoring|ignore|ignor|disregarding|disregard|forgetting|forget|overriding|override|anything|all|any|the|your|my|every|previous|prior|above|"
    "earlier|preceding|system|instruction|prompt|rule|direction|message|guideline|reveal|print|repeat|show|output|leak|me|us|"
    "hidden|initial|secret|password|do|not|have|restrictions|now|developer|mode|enabled"
)


def spelled_letters(phrase: str) -> str:
    """A squeezed phrase with blanks between its words."""
    return " ".join(_PARTS.findall(phrase)) or phrase
