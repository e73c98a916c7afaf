"""AWS's event-stream framing (vnd.amazon.eventstream): the encoder.

A frame is: total length and headers length (4 bytes each, big-endian), CRC32 of those eight bytes,
headers, payload, CRC32 of all before it. A string header is: name length (1), name, type 7, value
length (2), value.
"""

from functools import lru_cache
from struct import Struct
from zlib import crc32

CONTENT_TYPE = b"application/vnd.amazon.eventstream"
_WORD = Struct("!I")
_PRELUDE = Struct("!II")
_OVERHEAD = 16  # two lengths and two checksums
_STRING = 7


def encode_frame(headers: bytes, payload: bytes) -> bytes:
    """One frame of encoded headers and a payload."""
    lengths = _PRELUDE.pack(len(headers) + len(payload) + _OVERHEAD, len(headers))
    message = b"".join((lengths, _WORD.pack(crc32(lengths)), headers, payload))
    return message + _WORD.pack(crc32(message))


def encode_event(event_type: str, payload: bytes) -> bytes:
    """A frame that carries an event of a JSON payload."""
    return encode_frame(event_headers(event_type), payload)


@lru_cache(maxsize=64)
def event_headers(event_type: str) -> bytes:
    """The encoded headers of an event."""
    return encode_headers(
        {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    )


def encode_headers(headers: dict[str, str]) -> bytes:
    """String headers, in the order given. Names up to 255 bytes, values up to 65,535."""
    encoded = bytearray()
    for name, value in headers.items():
        name_bytes, value_bytes = name.encode(), value.encode()
        encoded += bytes((len(name_bytes),)) + name_bytes
        encoded += bytes((_STRING,)) + len(value_bytes).to_bytes(2, "big") + value_bytes
    return bytes(encoded)


def corrupted(frame: bytes) -> bytes:
    """The frame with a wrong checksum: every bit of the message's CRC is flipped."""
    return frame[:-4] + bytes(byte ^ 0xFF for byte in frame[-4:])
