"""Images and documents: what their bytes say they are."""

from base64 import b64decode
from binascii import Error as Base64Error
from struct import error as StructError  # noqa: N812
from struct import unpack_from
from typing import Any

_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def decoded(encoded: Any) -> bytes:
    """What a base64 text stands for; empty for what is none."""
    try:
        return b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except (Base64Error, ValueError):
        return b""


def image_format(data: bytes) -> str:
    """png, jpeg, gif or webp by the first bytes; empty for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels; zeros where the bytes don't say."""
    kind = image_format(data)
    try:
        if kind == "png":
            return unpack_from(">II", data, 16)
        if kind == "gif":
            return unpack_from("<HH", data, 6)
        if kind == "webp":
            return _webp_size(data)
        return _jpeg_size(data) if kind else (0, 0)
    except (IndexError, StructError):
        return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 < len(data):
        if data[place] != 0xFF:
            return 0, 0
        if data[place + 1] == 0xFF:  # padding
            place += 1
            continue
        if data[place + 1] in _WITHOUT_LENGTH:
            place += 2
            continue
        if data[place + 1] in _JPEG_SIZES:
            height, width = unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + unpack_from(">H", data, place + 2)[0]
    return 0, 0
