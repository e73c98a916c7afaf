"""PURE: the parts that a long text is scored in: an order of one sentence counts as much in a long document as alone."""

WHOLE_UP_TO = 600
"""Characters up to which a text is scored as one."""
WINDOW = 400
STRIDE = 200


def windows(length: int) -> list[tuple[int, int]]:
    """Ranges to score: the whole text first, then, where it is long, windows that overlap by half."""
    whole = [(0, length)]
    if length <= WHOLE_UP_TO:
        return whole
    starts = range(0, length - WINDOW + STRIDE, STRIDE)
    return whole + [(start, min(start + WINDOW, length)) for start in starts]
