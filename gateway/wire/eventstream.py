"""PURE: Amazon's event-stream framing, both ways. The decoder checks both checksums of every frame.

Frame: total length, headers length, CRC of those eight bytes, headers, payload, CRC of all before; big-endian.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html, checked against botocore's.
"""

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import NamedTuple
from zlib import crc32

_PRELUDE = Struct(">III")
_WORD = Struct(">I")
_OVERHEAD = 16
_MAX_SIZE = 24 * 1024 * 1024
_STRING = 7


class CorruptStreamError(Exception):
    """A frame that can't be: a checksum is wrong, or a length."""


class Frame(NamedTuple):
    """One frame: what kind it is (`event` or `exception`), of which type, and its JSON."""

    message_type: str
    event_type: str
    payload: bytes


class Decoder:
    """Incremental: `feed` bytes cut anywhere, get the frames that are whole."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Raises CorruptStreamError."""
        buffer = self._buffer + data if self._buffer else data
        position, size = 0, len(buffer)
        while size - position >= _OVERHEAD:
            total, headers_length, prelude_crc = _PRELUDE.unpack_from(buffer, position)
            if crc32(buffer[position : position + 8]) != prelude_crc:
                raise CorruptStreamError("wrong checksum of a prelude")
            if not _OVERHEAD + headers_length <= total <= _MAX_SIZE:
                raise CorruptStreamError("impossible length of a frame")
            end = position + total
            if end > size:
                break
            if crc32(buffer[position : end - 4]) != _WORD.unpack_from(buffer, end - 4)[0]:
                raise CorruptStreamError("wrong checksum of a frame")
            headers_end = position + 12 + headers_length
            message_type, event_type = _kind(buffer[position + 12 : headers_end])
            yield Frame(message_type, event_type, buffer[headers_end : end - 4])
            position = end
        self._buffer = buffer[position:]

    @property
    def is_between_frames(self) -> bool:
        """Whether the stream may end here."""
        return not self._buffer


@lru_cache(maxsize=256)  # a stream repeats the same few header blocks from frame to frame
def _kind(headers: bytes) -> tuple[str, str]:
    values = dict(_headers(headers))
    message_type = values.get(":message-type", "")
    return message_type, values.get(":exception-type" if message_type == "exception" else ":event-type", "")


def _headers(data: bytes) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(data):
        name_end = position + 1 + data[position]
        if data[name_end : name_end + 1] != bytes((_STRING,)):
            raise CorruptStreamError("a header that is not a string")
        value_start = name_end + 3
        value_end = value_start + int.from_bytes(data[name_end + 1 : value_start], "big")
        if value_end > len(data):
            raise CorruptStreamError("a header that is cut short")
        yield data[position + 1 : name_end].decode(), data[value_start:value_end].decode()
        position = value_end


@lru_cache(maxsize=64)
def _encoded_headers(message_type: str, event_type: str) -> bytes:
    kind = ":exception-type" if message_type == "exception" else ":event-type"
    pairs = ((kind, event_type), (":content-type", "application/json"), (":message-type", message_type))
    return b"".join(
        bytes((len(name),))
        + name.encode()
        + bytes((_STRING,))
        + len(value).to_bytes(2, "big")
        + value.encode()
        for name, value in pairs
    )


def encode(frame: Frame) -> bytes:
    """A frame's bytes."""
    headers = _encoded_headers(frame.message_type, frame.event_type)
    lengths = (_OVERHEAD + len(headers) + len(frame.payload)).to_bytes(4, "big") + len(headers).to_bytes(
        4, "big"
    )
    message = lengths + _WORD.pack(crc32(lengths)) + headers + frame.payload
    return message + _WORD.pack(crc32(message))
