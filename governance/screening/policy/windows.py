"""PURE: the parts that a text is scored in: an order of one sentence counts as much in a long document as alone."""

import math
import re

WHOLE_UP_TO = 600
"""Characters up to which a user's text is scored as one and not in windows too."""
WINDOW = 400
WIDE = 4_000
"""The longest part that is looked at as one: in a longer one every rule holds somewhere."""
MIN_SENTENCE = 24
"""Sentences and lines of fewer characters are looked at with what follows."""
MAX_SENTENCE = 300

Range = tuple[int, int]
_SENTENCE = re.compile(r"[^\n.!?。！？।]*(?:[\n.!?。！？।]+|\Z)\s*")


def windows(text: str, *, by_sentence: bool) -> tuple[list[Range], list[float]]:
    """Ranges of the padded text to score, and for each how often the number of its like doubles.

    The widest come first. `by_sentence` is for material: each sentence and line by itself, too.
    """
    length = len(text) + 2
    wide = _cut(length, WIDE)
    small = _cut(length, WINDOW) if length > WHOLE_UP_TO else []
    fine = sentences(text) if by_sentence else []
    ranges, doublings = [], []
    for kind in (wide, small, fine if len(fine) > 1 else []):
        ranges += kind
        # The more there are, the higher the highest by chance.
        doublings += [math.log2(len(kind))] * len(kind) if kind else []
    return ranges, doublings


def wide_ones(length: int) -> int:
    """How many of the ranges, the first, are the whole text or wide parts of it."""
    return len(_cut(length, WIDE))


def sentences(text: str) -> list[Range]:
    """Of the padded text: sentences and lines, short ones with what follows, long ones cut."""
    found: list[Range] = []
    begin = 0
    for match in _SENTENCE.finditer(text):
        end = match.end()
        if end - begin < MIN_SENTENCE and end < len(text):
            continue
        while end - begin > MAX_SENTENCE:
            found.append((begin, begin + MAX_SENTENCE))
            begin += MAX_SENTENCE // 2
        if end > begin:
            found.append((begin, end))
        begin = end
        if end == len(text):
            break
    # One more at each end: n-grams count the blanks that pad the text.
    return [(start, end + 2) for start, end in found]


def _cut(length: int, width: int) -> list[Range]:
    if length <= width:
        return [(0, length)]
    starts = range(0, length - width // 2, width // 2)
    return [(start, min(start + width, length)) for start in starts]
