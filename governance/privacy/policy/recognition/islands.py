"""PURE: the stretches of a text that hold digits, which are all that most recognizers need to see."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"(?<!\S)[^\s\d]*+\d\S*")
_SHORT_BEFORE = re.compile(r"(?:(?<![^\W\d_])[^\W\d_]{1,5}[ \-./]){1,2}$")
_SHORT_AFTER = re.compile(r"[ ][A-Z]{1,3}\b")
_MAX_TOKEN_LENGTH = 400
_DIGIT = re.compile(r"\d")


def islands(text: str, *, least_digits: int) -> Iterator[tuple[int, str]]:
    """Runs of words with digits, and the short words that may belong to them, as (offset, stretch)."""
    for start, end in _runs(text):
        if sum(map(str.isdecimal, text[start:end])) < least_digits:
            continue
        if (before := _SHORT_BEFORE.search(text, max(0, start - 12), start)) is not None:
            start = before.start()
        if (after := _SHORT_AFTER.match(text, end)) is not None:
            end = after.end()
        yield start, text[start:end]


def _runs(text: str) -> Iterator[tuple[int, int]]:
    begin = finish = -1
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if finish != -1 and (
            start - finish == 1 or (start - finish <= 5 and " " not in text[finish + 1 : start].strip())
        ):
            finish = min(end, start + _MAX_TOKEN_LENGTH)
            continue
        if finish != -1:
            yield begin, finish
        begin, finish = start, min(end, start + _MAX_TOKEN_LENGTH)
    if finish != -1:
        yield begin, finish


def around_digits(text: str, *, before: int, after: int) -> Iterator[tuple[int, str]]:
    """What stands within so many characters of a digit, as (offset, stretch), cut between words."""
    begin = finish = -1
    position = 0
    while (match := _DIGIT.search(text, position)) is not None:
        start, end = max(0, match.start() - before), min(len(text), match.end() + after)
        if finish == -1:
            begin = start
        elif start > finish:
            yield _between_words(text, begin, finish)
            begin = start
        finish = end
        position = match.end()
    if finish != -1:
        yield _between_words(text, begin, finish)


def _between_words(text: str, start: int, end: int) -> tuple[int, str]:
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, text[start:end]
