"""PURE: bodies of requests that are sent packed (`Content-Encoding`), unpacked to no more than may be sent."""

import zlib

from gateway.refusals import Refusal, too_large

_TAKEN = "gzip and deflate"
_GZIP_OR_ZLIB, _RAW = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS


def unpacked(body: bytes, encoding: bytes, most: int) -> bytes:
    """The body as it is meant. Refusal unsupported_encoding, invalid_request where it is broken, request_too_large."""
    kind = encoding.strip().lower().decode("latin-1")
    if kind in ("", "identity"):
        return body
    if kind not in ("gzip", "x-gzip", "deflate"):
        raise Refusal(
            "unsupported_encoding",
            f"The body is sent in the encoding '{kind[:50]}'. Gatehouse takes {_TAKEN}: send it in one of them, or as it is.",
            param="Content-Encoding",
        )
    try:
        return _inflated(body, _GZIP_OR_ZLIB, most)
    except zlib.error as error:
        # Some clients send deflate without zlib's wrapper, as browsers take it, too.
        if kind == "deflate":
            try:
                return _inflated(body, _RAW, most)
            except zlib.error:
                pass
        text = f"The body is not what its Content-Encoding says: it can't be unpacked as {kind}."
        raise Refusal("invalid_request", text, param="Content-Encoding") from error


def _inflated(body: bytes, window: int, most: int) -> bytes:
    parts: list[bytes] = []
    room = most + 1
    while True:
        unpacker = zlib.decompressobj(window)
        parts.append(unpacker.decompress(body, room))
        room -= len(parts[-1])
        if room <= 0:
            raise too_large(most)
        if not unpacker.eof:
            raise zlib.error("it breaks off")
        if not (body := unpacker.unused_data):
            return b"".join(parts)
