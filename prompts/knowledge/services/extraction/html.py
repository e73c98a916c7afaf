"""HTML pages: what a reader would see of them, without scripts, styles and navigation."""

from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import plain

_UNSEEN = (
    "script",
    "style",
    "noscript",
    "template",
    "nav",
    "svg",
    "iframe",
    "object",
    "form",
    "head",
    "dialog",
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "kbd",
        "label",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)


def extract(content: bytes) -> list[TextBlock]:
    return blocks_of(plain.decode_text(content))


def blocks_of(markup: str) -> list[TextBlock]:
    """The blocks of a page or a part of one."""
    page = LexborHTMLParser(markup)
    page.strip_tags(list(_UNSEEN))
    for node in page.css("[hidden], [aria-hidden=true]"):
        node.decompose()
    reader = _Reader()
    if page.body is not None:
        reader.read(page.body)
    reader.flush()
    return reader.blocks


@dataclass
class _Reader:
    """Walks a page without recursion: pages can be nested deeper than any stack."""

    blocks: list[TextBlock] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)

    def flush(self) -> None:
        """Ends a paragraph."""
        text = " ".join("".join(self._words).split())
        self._words.clear()
        if text:
            self.blocks.append(TextBlock(BlockKind.PARAGRAPH, text))

    def read(self, root: LexborNode) -> None:
        todo: list[LexborNode | None] = [root]  # None: the end of a block
        while todo:
            node = todo.pop()
            if node is None:
                self.flush()
                continue
            tag = node.tag or ""
            if tag == "-text":
                self._words.append(node.text_content or "")
            elif tag == "br":
                self._words.append(" ")
            elif (block := _whole(node, tag)) is not None:
                self.flush()
                if block.text.strip():
                    self.blocks.append(block)
            elif not tag.startswith(("-", "_", "!")):
                is_block = tag not in _INLINE
                if is_block:
                    self.flush()
                    todo.append(None)
                todo += reversed(list(node.iter(include_text=True)))


def _whole(node: LexborNode, tag: str) -> TextBlock | None:
    """A block of what is read as one: a heading, a list, a table or code."""
    if tag in _HEADINGS:
        return TextBlock(BlockKind.HEADING, _text(node), _HEADINGS[tag])
    if tag == "pre":
        return TextBlock(BlockKind.CODE, node.text().strip("\n"))
    if tag in ("ul", "ol"):
        return TextBlock(
            BlockKind.LIST, "\n".join(f"- {text}" for item in node.css("li") if (text := _own_text(item)))
        )
    if tag == "table":
        rows = (" | ".join(_text(cell) for cell in row.css("th, td")) for row in node.css("tr"))
        return TextBlock(BlockKind.TABLE, "\n".join(row for row in rows if row.strip(" |")))
    return None


def _text(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())


def _own_text(item: LexborNode) -> str:
    """An item's text without that of the lists within it."""
    parts = []
    todo = list(reversed(list(item.iter(include_text=True))))
    while todo:
        node = todo.pop()
        if node.tag in ("ul", "ol"):
            continue
        if node.tag == "-text":
            parts.append(node.text_content or "")
        else:
            todo += reversed(list(node.iter(include_text=True)))
    return " ".join(" ".join(parts).split())
