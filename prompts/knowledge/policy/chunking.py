"""PURE: a document cut into passages, along its structure.

Passages end at headings. Within a section, whole paragraphs, lists, tables and pieces of code are put together up to the
length wanted. What alone is longer is cut where its kind allows: prose between sentences, lists between items, tables
between rows (each part gets the header), code between lines. Only where that is not enough, words are parted, and only a
word that is too long itself is cut. The end of prose is said again at the start of the next passage of the section.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from kernel.tokenizer import count_tokens
from prompts.knowledge.policy.blocks import BlockKind, TextBlock

_DEEPEST = 6
_UNDER = " \u203a "
_MAX_HEADINGS_LENGTH = 300
_SENTENCE_END = re.compile(
    r"(?<=[.!?\u2026\u3002\uff01\uff1f])[\"'\u201d\u2019)\]]*\s+|(?<=[\u3002\uff01\uff1f])|\n{2,}"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Dr|Mr|Mrs|Ms|St|No|Nr|vs|etc|cf|ca|bzw|approx|e\.g|i\.e|z\.B|Fig|Art|Sec))\.\s*$"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage: the headings above it, its text and its estimated tokens."""

    headings: str
    text: str
    tokens: int

    @property
    def digest(self) -> str:
        """What tells whether it was embedded before."""
        return sha256(f"{self.headings}\x00{self.text}".encode()).hexdigest()

    @property
    def embedded_text(self) -> str:
        """What is embedded: the passage under its headings."""
        return f"{self.headings}\n\n{self.text}" if self.headings else self.text


def chunk(blocks: Iterable[TextBlock], *, most_tokens: int, overlap_tokens: int) -> list[Piece]:
    """The passages of a document, in order."""
    pieces: list[Piece] = []
    for headings, section in _sections(blocks):
        texts = _packed(section, most_tokens, min(overlap_tokens, most_tokens // 2))
        pieces += [Piece(headings, text, count_tokens(text)) for text in texts]
    return pieces


def _sections(blocks: Iterable[TextBlock]) -> Iterator[tuple[str, list[TextBlock]]]:
    """Runs of blocks under the same headings. A heading with nothing under it is in the path of what follows deeper."""
    path: list[tuple[int, str]] = []
    section: list[TextBlock] = []
    for block in blocks:
        if block.kind is not BlockKind.HEADING:
            if block.text.strip():
                section.append(block)
            continue
        if section:
            yield _joined(path), section
            section = []
        level = min(max(block.level, 1), _DEEPEST)
        path = [each for each in path if each[0] < level]
        path.append((level, " ".join(block.text.split())))
    if section:
        yield _joined(path), section


def _joined(path: list[tuple[int, str]]) -> str:
    return _UNDER.join(text for _, text in path if text)[:_MAX_HEADINGS_LENGTH]


def _packed(section: list[TextBlock], most: int, overlap: int) -> list[str]:
    """Parts put together greedily; a passage that begins with prose repeats the end of the prose before it."""
    texts: list[str] = []
    current: list[str] = []
    size = 0
    tail = ""
    for text, is_prose in _parts(section, most, overlap):
        tokens = count_tokens(text)
        if current and size + tokens > most:
            texts.append(_together(current))
            kept = _ending(tail, min(overlap, most - tokens)) if is_prose else ""
            current, size = ([f"{kept} {text}".strip()], count_tokens(kept) + tokens)
        else:
            current.append(text)
            size += tokens
        tail = text if is_prose else ""
    if current:
        texts.append(_together(current))
    return texts


def _together(parts: list[str]) -> str:
    return "\n\n".join(parts)


def _parts(section: list[TextBlock], most: int, overlap: int) -> Iterator[tuple[str, bool]]:
    """Texts of at most `most` tokens, each with whether it is prose. Prose that is cut leaves room for what is repeated."""
    for block in section:
        is_prose = block.kind is BlockKind.PARAGRAPH
        if count_tokens(block.text) <= most:
            yield block.text.strip("\n") if block.kind is BlockKind.CODE else block.text.strip(), is_prose
            continue
        for text in _CUTTERS[block.kind](block.text, most - overlap if is_prose else most):
            yield text, is_prose


def _ending(text: str, most: int) -> str:
    """The last whole sentences of a text, up to a number of tokens."""
    kept: list[str] = []
    left = most
    for sentence in reversed(sentences(text)):
        left -= count_tokens(sentence)
        if left < 0:
            break
        kept.insert(0, sentence)
    return " ".join(kept)


def sentences(text: str) -> list[str]:
    """A text's sentences. A full stop after an initial or a usual abbreviation ends none."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if _ABBREVIATION.search(text[max(start, end.start() - 12) : end.start()]):
            continue
        if sentence := text[start : end.end()].strip():
            found.append(sentence)
        start = end.end()
    if rest := text[start:].strip():
        found.append(rest)
    return found


def _prose(text: str, most: int) -> Iterator[str]:
    return _grouped(sentences(text), most, " ")


def _lines(text: str, most: int) -> Iterator[str]:
    return _grouped([line for line in text.split("\n") if line.strip()], most, "\n")


def _table(text: str, most: int) -> Iterator[str]:
    header, _, rows = text.strip().partition("\n")
    room = most - count_tokens(header) - 1
    if room < most // 2:
        yield from _lines(text, most)
        return
    for part in _grouped([row for row in rows.split("\n") if row.strip()], room, "\n"):
        yield f"{header}\n{part}"


def _grouped(units: list[str], most: int, joint: str) -> Iterator[str]:
    """Units put together up to a number of tokens; a unit that is longer is cut between its words."""
    current: list[str] = []
    size = 0
    for part in (part for unit in units for part in _cut(unit, most)):
        tokens = count_tokens(part) + 1
        if current and size + tokens > most:
            yield joint.join(current)
            current, size = [], 0
        current.append(part)
        size += tokens
    if current:
        yield joint.join(current)


def _cut(unit: str, most: int) -> Iterator[str]:
    """The unit itself where it is short enough, else its words in groups; a word that is too long by characters."""
    if count_tokens(unit) <= most:
        yield unit
        return
    words = unit.split()
    if len(words) > 1:
        yield from _grouped(words, most, " ")
        return
    # A token is at least a byte, and a character at most four: this many characters are never too many tokens.
    step = max(most // 4, 1)
    for start in range(0, len(unit), step):
        yield unit[start : start + step]


_CUTTERS: dict[BlockKind, Callable[[str, int], Iterator[str]]] = {
    BlockKind.PARAGRAPH: _prose,
    BlockKind.LIST: _lines,
    BlockKind.TABLE: _table,
    BlockKind.CODE: _lines,
}
