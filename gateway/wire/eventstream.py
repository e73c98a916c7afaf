"""PURE: Amazon's event-stream framing, both ways. The decoder checks both checksums of every frame.

Frame: total length, headers length, CRC of those eight bytes, headers, payload, CRC of all before; big-endian.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html, checked against botocore's.
"""

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import orjson

_PRELUDE = Struct(">III")
_WORD = Struct(">I")
_OVERHEAD = 16
_MAX_SIZE = 24 * 1024 * 1024
_BYTES, _STRING = 6, 7
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type, but for bytes and strings, which say how many they are. Source: botocore/eventstream.py,
`DecodeUtils`."""


class CorruptStreamError(Exception):
    """A frame that can't be: a checksum is wrong, or a length."""


class Frame(NamedTuple):
    """One frame: what kind it is (`event` or `exception`), of which type, and its JSON. An error that has its code and words in
    headers, as the framing allows beside the exceptions of a service, is an exception, too."""

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
            message_type, event_type, words = _kind(buffer[position + 12 : headers_end])
            payload = buffer[headers_end : end - 4] if words is None else orjson.dumps({"message": words})
            yield Frame(message_type, event_type, payload)
            position = end
        self._buffer = buffer[position:]

    @property
    def is_between_frames(self) -> bool:
        """Whether the stream may end here."""
        return not self._buffer


@lru_cache(maxsize=256)  # a stream repeats the same few header blocks from frame to frame
def _kind(headers: bytes) -> tuple[str, str, str | None]:
    """What kind a frame is and of which type; and its words, where a header has them (botocore/parsers.py,
    `BaseEventStreamParser._do_error_parse`)."""
    values = dict(_headers(headers))
    message_type = values.get(":message-type", "")
    if message_type == "error":
        return "exception", values.get(":error-code", ""), values.get(":error-message", "")
    kind = ":exception-type" if message_type == "exception" else ":event-type"
    return message_type, values.get(kind, ""), None


def _headers(data: bytes) -> Iterator[tuple[str, str]]:
    """Those that are strings; all that counts is."""
    position = 0
    while position < len(data):
        name_end = position + 1 + data[position]
        kind = data[name_end] if name_end < len(data) else -1
        value_start = name_end + 1
        if kind in (_BYTES, _STRING):
            value_start += 2
            value_end = value_start + int.from_bytes(data[name_end + 1 : value_start], "big")
        elif kind in _FIXED:
            value_end = value_start + _FIXED[kind]
        else:
            raise CorruptStreamError("a header of no known type")
        if value_end > len(data):
            raise CorruptStreamError("a header that is cut short")
        if kind == _STRING:
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
