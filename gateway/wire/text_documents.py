"""PURE: documents that are sent as bytes and are texts all the same, read and written back in the encoding that they came in.

Formats of text among those of a Converse document: botocore's service model of `bedrock-runtime`, shape `DocumentFormat`.
"""

import binascii
import codecs
from base64 import b64decode, b64encode
from collections.abc import Callable

FORMATS = frozenset(("txt", "csv", "html", "md"))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def changed(encoded: str, change: Callable[[str], str]) -> str:
    """Base64 of a text with `change` of the text; itself where nothing changes, or where it is no base64, which Bedrock refuses."""
    try:
        data = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return encoded
    mark, encoding = _encoding(data)
    text = data[len(mark) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
    shown = change(text)
    if shown == text:
        return encoded
    return b64encode(
        mark + shown.encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
    ).decode()


def _encoding(data: bytes) -> tuple[bytes, str]:
    """The mark at its head and its encoding. Bytes that are no UTF-8 stand for themselves: their ASCII is read, and they stay."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return mark, encoding
    if data[:400].count(0) * 3 > len(data[:400]):  # half of all bytes of plain words in UTF-16
        return b"", "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    return b"", "utf-8"
