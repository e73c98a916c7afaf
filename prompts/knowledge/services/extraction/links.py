"""Whom the links of a document write to or call: their addresses stand in no text of it."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

_WHOM = re.compile(r"""(?i)\b(?:mailto|tel|sms):([^\s"'<>]+)""")


def whom(target: str) -> Iterator[str]:
    """The addresses and numbers in the target of a link."""
    for found in _WHOM.findall(target):
        yield unquote(found)
