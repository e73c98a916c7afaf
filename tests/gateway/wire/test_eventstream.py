from struct import pack
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.eventstream import CorruptStreamError, Decoder, Frame, encode

frames = st.lists(
    st.builds(
        Frame,
        st.sampled_from(["event", "exception"]),
        st.sampled_from(["contentBlockDelta", "metadata", "throttlingException"]),
        st.binary(max_size=300),
    ),
    max_size=6,
)


@given(frames, st.integers(1, 200))
def test_frames_come_back_however_they_are_cut(given_frames, size):
    data = b"".join(map(encode, given_frames))
    decoder = Decoder()
    found = [
        frame for start in range(0, len(data), size) for frame in decoder.feed(data[start : start + size])
    ]
    assert found == given_frames
    assert decoder.is_between_frames


@given(frames)
def test_botocore_reads_what_is_written(given_frames):
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(map(encode, given_frames)))
    read = [(message.headers, message.payload) for message in buffer]
    kinds = [headers.get(":event-type") or headers.get(":exception-type") for headers, _ in read]
    assert kinds == [frame.event_type for frame in given_frames]
    assert [payload for _, payload in read] == [frame.payload for frame in given_frames]


@given(st.binary(min_size=1, max_size=50), st.data())
def test_one_wrong_bit_is_noticed(payload, data):
    message = bytearray(encode(Frame("event", "contentBlockDelta", payload)))
    position = data.draw(st.integers(0, len(message) - 1))
    message[position] ^= 1 << data.draw(st.integers(0, 7))
    decoder = Decoder()
    with pytest.raises(CorruptStreamError):
        list(decoder.feed(bytes(message)))


def test_a_frame_cut_short_is_known():
    decoder = Decoder()
    assert list(decoder.feed(encode(Frame("event", "metadata", b"{}"))[:-1])) == []
    assert not decoder.is_between_frames


def framed(headers: bytes, payload: bytes = b"") -> bytes:
    """A frame with headers as they are given."""
    begun = pack(">II", 16 + len(headers) + len(payload), len(headers))
    begun += pack(">I", crc32(begun)) + headers + payload
    return begun + pack(">I", crc32(begun))


def header(name: str, kind: int, value: bytes) -> bytes:
    return bytes((len(name),)) + name.encode() + bytes((kind,)) + value


def text(name: str, value: str) -> bytes:
    return header(name, 7, pack(">H", len(value)) + value.encode())


def test_an_error_in_headers_is_read_as_botocore_does():
    data = framed(
        text(":message-type", "error")
        + text(":error-code", "throttlingException")
        + text(":error-message", "Wait.")
    )
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    assert next(iter(buffer)).headers[":error-code"] == "throttlingException"
    (frame,) = Decoder().feed(data)
    assert frame == Frame("exception", "throttlingException", b'{"message":"Wait."}')


OTHERS = ((0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16))


@pytest.mark.parametrize(("kind", "size"), [*OTHERS, (6, None)])
def test_headers_of_any_type_are_passed_over(kind, size):
    value = pack(">H", 5) + bytes(5) if size is None else bytes(size)
    data = framed(
        text(":message-type", "event") + header("more", kind, value) + text(":event-type", "metadata"), b"{}"
    )
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    assert next(iter(buffer)).payload == b"{}"
    assert list(Decoder().feed(data)) == [Frame("event", "metadata", b"{}")]


@pytest.mark.parametrize("headers", [header("more", 10, b""), header("more", 5, b"\0"), b"\4more"])
def test_headers_that_can_not_be_are_known(headers):
    with pytest.raises(CorruptStreamError):
        list(Decoder().feed(framed(headers)))
