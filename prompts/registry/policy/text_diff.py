"""PURE: how one text differs from another, word by word, in time that their likeness bounds and nothing else can blow up.

Lines are compared first, then the words of those lines that differ, by Myers' algorithm: its time grows with the number
of changes. Where there are too many to be worth reading, a block is shown as taken away and put in whole.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

MAX_CHARACTERS = 200_000
"""Of either text: longer ones that differ are shown whole."""
MAX_CHANGES = 600
"""Of one block, in lines or in words."""

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


class SpanKind(StrEnum):
    """What became of a piece of text."""

    EQUAL = "equal"
    REMOVED = "removed"
    ADDED = "added"


class Span(msgspec.Struct, frozen=True):
    """A piece of text, and whether it is in both texts, in the first alone, or in the second alone."""

    kind: SpanKind
    text: str


def text_diff(before: str, after: str) -> list[Span]:
    """The spans that lead from one text to the other: without the added ones they are the first, without the removed the second."""
    if before == after:
        return [Span(SpanKind.EQUAL, before)] if before else []
    if max(len(before), len(after)) > MAX_CHARACTERS:
        return _joined(_whole(before, after))
    return _joined(_by_lines(_LINES.findall(before), _LINES.findall(after)))


def has_changes(spans: Sequence[Span]) -> bool:
    """Whether the two texts differ."""
    return any(span.kind is not SpanKind.EQUAL for span in spans)


def _by_lines(before: list[str], after: list[str]) -> Iterator[Span]:
    for kind, one, other in _blocks(before, after):
        if kind is SpanKind.EQUAL:
            yield Span(kind, "".join(one))
            continue
        yield from _by_words("".join(one), "".join(other))


def _by_words(before: str, after: str) -> Iterator[Span]:
    if not before or not after:
        yield from _whole(before, after)
        return
    for kind, one, other in _readable(list(_blocks(_WORDS.findall(before), _WORDS.findall(after)))):
        if kind is SpanKind.EQUAL:
            yield Span(kind, "".join(one))
        else:
            yield from _whole("".join(one), "".join(other))


def _whole(before: str, after: str) -> Iterator[Span]:
    yield Span(SpanKind.REMOVED, before)
    yield Span(SpanKind.ADDED, after)


Block = tuple[SpanKind, list[str], list[str]]
"""A run of tokens that are equal (then both lists are), or what stands for what (then the kind is REMOVED)."""


def _blocks(before: list[str], after: list[str]) -> Iterator[Block]:
    """Equal and differing runs in order. One differing block where there are too many changes."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    one, other = before[head : len(before) - tail], after[head : len(after) - tail]
    if head:
        yield SpanKind.EQUAL, before[:head], after[:head]
    if one and other:
        matches = _matches(one, other)
        yield from _between(one, other, matches if matches is not None else [])
    elif one or other:
        yield SpanKind.REMOVED, one, other
    if tail:
        yield SpanKind.EQUAL, before[len(before) - tail :], after[len(after) - tail :]


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _between(one: list[str], other: list[str], matches: list[tuple[int, int, int]]) -> Iterator[Block]:
    x = y = 0
    for start, opposite, length in [*matches, (len(one), len(other), 0)]:
        if start > x or opposite > y:
            yield SpanKind.REMOVED, one[x:start], other[y:opposite]
        if length:
            yield SpanKind.EQUAL, one[start : start + length], other[opposite : opposite + length]
        x, y = start + length, opposite + length


def _matches(one: list[str], other: list[str]) -> list[tuple[int, int, int]] | None:
    """Runs in common (where in each, how long), most of them there can be; None beyond MAX_CHANGES changes."""
    n, m = len(one), len(other)
    reach = {1: 0}
    trace: list[dict[int, int]] = []
    for changes in range(min(n + m, MAX_CHANGES) + 1):
        trace.append(dict(reach))
        for k in range(-changes, changes + 1, 2):
            down = k == -changes or (k != changes and reach.get(k - 1, -1) < reach.get(k + 1, -1))
            x = reach.get(k + 1, 0) if down else reach.get(k - 1, 0) + 1
            y = x - k
            while x < n and y < m and one[x] == other[y]:
                x, y = x + 1, y + 1
            reach[k] = x
            if x >= n and y >= m:
                return _walked_back(trace, n, m)
    return None


def _walked_back(trace: list[dict[int, int]], n: int, m: int) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    x, y = n, m
    for changes in range(len(trace) - 1, -1, -1):
        reach, k = trace[changes], x - y
        down = k == -changes or (k != changes and reach.get(k - 1, -1) < reach.get(k + 1, -1))
        before_k = k + 1 if down else k - 1
        before_x = reach.get(before_k, 0)
        start = (before_x if down else before_x + 1) if changes else 0
        if x > start:
            found.append((start, start - k, x - start))
        x, y = before_x, before_x - before_k
    return found[::-1]


def _readable(blocks: list[Block]) -> Iterator[Block]:
    """Blocks between which only spaces or marks are equal become one: words that flicker can't be read."""
    held: Block | None = None
    for place, (kind, one, other) in enumerate(blocks):
        is_last = place == len(blocks) - 1
        is_slight = kind is SpanKind.EQUAL and not is_last and not any(each.strip().isalnum() for each in one)
        if held is not None and (kind is not SpanKind.EQUAL or is_slight):
            held = (SpanKind.REMOVED, held[1] + one, held[2] + other)
        elif kind is not SpanKind.EQUAL:
            held = (kind, one, other)
        else:
            if held is not None:
                yield held
                held = None
            yield kind, one, other
    if held is not None:
        yield held


def _joined(spans: Iterator[Span]) -> list[Span]:
    """Without empty spans; neighbours of one kind are one."""
    found: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if found and found[-1].kind is span.kind:
            found[-1] = Span(span.kind, found[-1].text + span.text)
        else:
            found.append(span)
    return found
