"""Packed bodies: unpacked, bounded, or refused by name."""

import gzip
import zlib

import pytest

from gateway.entrances.encodings import unpacked
from gateway.refusals import Refusal

TEXT = b'{"model": "m"}' * 100
_RAW = zlib.compressobj(wbits=-15)
RAW = _RAW.compress(TEXT) + _RAW.flush()


def packed(data):
    """Without the time, by which the processes that run tests would name them differently."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", packed(TEXT)),
        (b" GZIP ", packed(TEXT)),
        (b"x-gzip", packed(TEXT[:700]) + packed(TEXT[700:])),
        (b"deflate", zlib.compress(TEXT)),
        (b"deflate", RAW),
        (b"identity", TEXT),
        (b"", TEXT),
    ],
)
def test_what_is_taken(encoding, body):
    assert unpacked(body, encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"caf\xe9"])
def test_others_are_refused_by_name(encoding):
    with pytest.raises(Refusal) as caught:
        unpacked(TEXT, encoding, 10**6)
    assert (caught.value.status, caught.value.param) == (415, "Content-Encoding")
    assert encoding.decode("latin-1") in caught.value.message
    assert "gzip and deflate" in caught.value.message


@pytest.mark.parametrize(
    "body",
    [b"", b"not packed", packed(TEXT)[:-9], packed(TEXT)[:20], packed(TEXT) + b"x"],
)
@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
def test_what_can_t_be_unpacked(encoding, body):
    with pytest.raises(Refusal) as caught:
        unpacked(body, encoding, 10**6)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "body", [packed(bytes(10**8)), packed(bytes(10**6)) * 50, zlib.compress(bytes(10**8))]
)
def test_a_bomb_is_too_large(body):
    with pytest.raises(Refusal) as caught:
        unpacked(body, b"gzip", 10**6)
    assert caught.value.status == 413
