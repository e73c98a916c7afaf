"""Plain text: paragraphs are parted by empty lines."""

import re

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import problems

_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_ITEM = re.compile(r"^\s*(?:[-*\u2022\u2023\u2013]|\d{1,3}[.)])\s+")


def decode_text(content: bytes) -> str:
    """The text of bytes: UTF-8, UTF-16 where a mark says so, else Windows-1252. Unusable where it is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in content:
        raise problems.Unusable(problems.NOT_TEXT)
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    raise problems.Unusable(problems.NOT_TEXT)


def extract(content: bytes) -> list[TextBlock]:
    return paragraphs(decode_text(content))


def paragraphs(text: str) -> list[TextBlock]:
    """Paragraphs, and lists where every line is an item."""
    found = []
    for part in _BLANK_LINE.split(text):
        lines = [line.rstrip() for line in part.split("\n") if line.strip()]
        if len(lines) > 1 and all(_ITEM.match(line) for line in lines):
            found.append(TextBlock(BlockKind.LIST, "\n".join(line.strip() for line in lines)))
        elif lines:
            found.append(TextBlock(BlockKind.PARAGRAPH, " ".join(line.strip() for line in lines)))
    return found
