"""PURE: a document's text as blocks, whatever its format was."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class BlockKind(StrEnum):
    """What a block is. Lists and tables have one item or row a line; a table's first row is its header."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class TextBlock:
    """One heading, paragraph, list, table or piece of code. `level` is of headings, from 1."""

    kind: BlockKind
    text: str
    level: int = 0


def to_json(blocks: list[TextBlock]) -> list[list[Any]]:
    """As JSON values."""
    return [[block.kind.value, block.text, block.level] for block in blocks]


def from_json(values: list[list[Any]]) -> list[TextBlock]:
    """From what `to_json` made."""
    return [TextBlock(BlockKind(kind), text, level) for kind, text, level in values]
