"""PURE: the parts that a text is scored in: an order of one sentence counts as much in a long document as alone."""

import math

WHOLE_UP_TO = 600
"""Characters up to which a text is scored as one and not in windows too."""
WINDOW = 400
WIDE = 4_000
"""The longest part that is looked at as one: in a longer one every rule holds somewhere."""

Range = tuple[int, int]


def windows(length: int) -> list[Range]:
    """Ranges to score, each overlapping the next by half: the widest first."""
    wide = _cut(length, WIDE)
    return wide if length <= WHOLE_UP_TO else wide + _cut(length, WINDOW)


def doublings(length: int, ranges: list[Range]) -> list[float]:
    """For each range how often the number of its like doubles: the more there are, the higher the highest by chance."""
    wide = len(_cut(length, WIDE))
    small = len(ranges) - wide
    return [math.log2(wide)] * wide + ([math.log2(small)] * small if small else [])


def _cut(length: int, width: int) -> list[Range]:
    if length <= width:
        return [(0, length)]
    starts = range(0, length - width // 2, width // 2)
    return [(start, min(start + width, length)) for start in starts]
