"""Server-sent events, in whatever pieces they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.sse import MAX_EVENT_BYTES, CorruptEventsError, EventDecoder, ServerEvent

DATA = st.text(
    st.characters(exclude_characters="\r\n\x00", exclude_categories=("Cs",)), min_size=1, max_size=20
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["", "message_stop"]), st.lists(DATA, min_size=1, max_size=3)), max_size=5
)
COMMENTS = st.sampled_from(["", ": keep-alive", ":", "id: 7", "retry: 3000"])


@given(EVENTS, COMMENTS, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.data())
def test_events_are_the_same_in_any_pieces(events, comment, end, has_mark, data):
    lines: list[str] = []
    for name, several in events:
        lines += [comment] * bool(comment) + [f"event: {name}"] * bool(name)
        lines += [f"data: {text}" for text in several] + [""]
    whole = (b"\xef\xbb\xbf" if has_mark else b"") + "".join(line + end for line in lines).encode()
    decoder, found, rest = EventDecoder(), [], whole
    while rest:
        length = data.draw(st.integers(1, len(rest)))
        found += decoder.feed(rest[:length])
        rest = rest[length:]
    found += decoder.feed(
        b"\n" if end == "\r" else b""
    )  # of a carriage return at the end, only what follows says what it is
    assert found == [ServerEvent(name, "\n".join(several).encode()) for name, several in events]
    assert decoder.is_between_events


def test_half_an_event_is_none():
    decoder = EventDecoder()
    assert list(decoder.feed(b'data: {"a": 1}\n')) == []
    assert not decoder.is_between_events


@pytest.mark.parametrize(
    "wrong", [b"<html>\n\n", b'{"error": 1}\n\n', b"data: " + b"x" * (MAX_EVENT_BYTES + 1)]
)
def test_what_are_no_events_is_refused(wrong):
    with pytest.raises(CorruptEventsError):
        list(EventDecoder().feed(wrong))
