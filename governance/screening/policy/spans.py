"""PURE: which parts of a text to take out so that what is left is clean: sentences and lines, never half of one."""

import re
from collections.abc import Callable

Span = tuple[int, int]

MAX_BLOCKS = 32
"""Parts that a long text is first looked at in."""
MAX_CLOSE_LOOKS = 6
"""Parts that are looked at sentence by sentence; where more are hit, they go as a whole."""
_SENTENCE = re.compile(r"[^\n.!?。！？]*[\n.!?。！？]*")
_MAX_SENTENCE_LENGTH = 1_000


def to_remove(text: str, score: Callable[[str], float], *, above: float) -> tuple[Span, ...]:
    """Spans in order, apart from each other; the whole text where nothing less makes it clean."""
    whole = ((0, len(text)),)
    sentences = _sentences(text)
    blocks = _blocks(sentences)
    hit = [block for block in blocks if _hit(text, block, score, above)]
    found: list[Span] = []
    for block in hit:
        parts = [part for part in sentences if block[0] <= part[0] and part[1] <= block[1]]
        close = (
            [part for part in parts if _hit(text, part, score, above)] if len(hit) <= MAX_CLOSE_LOOKS else []
        )
        found += close or [block]
    spans = _merged(found)
    if not spans or spans == whole or score(without(text, spans)) >= above:
        return whole
    return spans


def without(text: str, spans: tuple[Span, ...]) -> str:
    """The text without these spans."""
    kept = []
    position = 0
    for start, end in spans:
        kept.append(text[position:start])
        position = end
    return "".join([*kept, text[position:]])


def _hit(text: str, span: Span, score: Callable[[str], float], above: float) -> bool:
    return score(text[span[0] : span[1]]) >= above


def _sentences(text: str) -> list[Span]:
    found: list[Span] = []
    for match in _SENTENCE.finditer(text):
        found += [
            (at, min(at + _MAX_SENTENCE_LENGTH, match.end()))
            for at in range(match.start(), match.end(), _MAX_SENTENCE_LENGTH)
        ]
    return found


def _blocks(sentences: list[Span]) -> list[Span]:
    """Sentences put together into a few parts of about the same length."""
    if not sentences:
        return []
    length = max(400, sentences[-1][1] // MAX_BLOCKS)
    found = [sentences[0]]
    for start, end in sentences[1:]:
        if end - found[-1][0] <= length:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)
