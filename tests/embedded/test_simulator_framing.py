from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from embedded.simulator.framing import encode_event
from gateway.wire.eventstream import Decoder

events = st.lists(
    st.tuples(st.sampled_from(["messageStart", "contentBlockDelta", "metadata"]), st.binary(max_size=200)),
    max_size=5,
)


@given(events, st.integers(1, 100))
def test_botocore_and_the_gateway_read_the_same(given_events, size):
    data = b"".join(encode_event(kind, payload) for kind, payload in given_events)
    buffer, decoder = EventStreamBuffer(), Decoder()
    theirs, ours = [], []
    for start in range(0, len(data), size):
        buffer.add_data(data[start : start + size])
        theirs += [(message.headers[":event-type"], message.payload) for message in buffer]
        ours += [(frame.event_type, frame.payload) for frame in decoder.feed(data[start : start + size])]
    assert theirs == ours == given_events
