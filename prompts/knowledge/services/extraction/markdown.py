"""Markdown, as CommonMark with tables."""

from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import html, plain

_PARSER = MarkdownIt("commonmark").enable("table")
_LISTS = ("bullet_list", "ordered_list")


def extract(content: bytes) -> list[TextBlock]:
    reader = _Reader()
    for token in _PARSER.parse(_without_front_matter(plain.decode_text(content))):
        reader.read(token)
    return reader.blocks


def _without_front_matter(text: str) -> str:
    """The text without the settings that some tools put before it, between lines of dashes."""
    if text.startswith("---\n") and (end := text.find("\n---\n", 4)) > 0:
        return text[end + 5 :]
    return text


@dataclass
class _Reader:
    """Blocks of a stream of tokens. A list with the lists within it is one block, and so is a table."""

    blocks: list[TextBlock] = field(default_factory=list)
    _level: int = 0
    _depth: int = 0
    _items: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _in_row: bool = False

    def read(self, token: Token) -> None:
        name, _, end = token.type.rpartition("_")
        if token.type == "inline":
            self._inline(_said(token))
        elif token.type in ("fence", "code_block"):
            self._code(token.content.rstrip())
        elif token.type == "html_block":
            self.blocks += html.blocks_of(token.content)
        elif name == "heading":
            self._level = int(token.tag[1:]) if end == "open" else 0
        elif name in _LISTS:
            self._list(token.nesting)
        elif name == "tr":
            self._in_row = end == "open"
            self._rows += [[]] if self._in_row else []
        elif token.type == "table_close":
            self.blocks.append(TextBlock(BlockKind.TABLE, "\n".join(map(" | ".join, self._rows))))
            self._rows = []

    def _list(self, nesting: int) -> None:
        self._depth += nesting
        if not self._depth:
            self.blocks.append(TextBlock(BlockKind.LIST, "\n".join(self._items)))
            self._items = []

    def _inline(self, said: str) -> None:
        if self._level:
            self.blocks.append(TextBlock(BlockKind.HEADING, said, self._level))
        elif self._in_row:
            self._rows[-1].append(said)
        elif self._depth:
            self._items.append(f"{'  ' * (self._depth - 1)}- {said}")
        else:
            self.blocks.append(TextBlock(BlockKind.PARAGRAPH, said))

    def _code(self, text: str) -> None:
        if self._depth:
            self._items.append(text)
        else:
            self.blocks.append(TextBlock(BlockKind.CODE, text))


def _said(token: Token) -> str:
    """The words of an inline token, without marks; of a picture what it shows."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts).strip()
