"""The gateway's stream of a run, in whatever pieces it comes."""

from itertools import pairwise

import orjson
from hypothesis import given
from hypothesis import strategies as st

from prompts.evaluations.policy.event_stream import EventReader

TEXTS = st.lists(st.text(max_size=20), max_size=6)


def written(texts: list[str], comments: list[bool]) -> bytes:
    stream = b""
    for text, has_comment in zip(texts, comments, strict=False):
        stream += b": keep-alive\n\n" * has_comment
        stream += b"event: delta\ndata: %b\n\n" % orjson.dumps({"text": text})
    return stream


@given(TEXTS, st.lists(st.booleans(), min_size=6, max_size=6), st.lists(st.integers(0, 400), max_size=8))
def test_events_are_the_same_wherever_the_stream_is_cut(texts, comments, cuts):
    stream, reader = written(texts, comments), EventReader()
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    found = [event for piece in pieces for event in reader.feed(piece)]
    assert found == [("delta", {"text": text}) for text in texts]


def test_a_comment_is_no_event():
    assert EventReader().feed(b": keep-alive\n\n") == []
