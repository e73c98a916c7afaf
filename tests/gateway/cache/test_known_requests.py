"""What is remembered of requests: under one snapshot, within a bound, and each call has its own values of it."""

from gateway.cache.known_requests import _MAX_BYTES_OF_ALL, KnownRequests
from gateway.call import Call
from gateway.call.groups import Redacted, Request
from gateway.conversation import Block, Conversation, Message
from gateway.snapshot.state import Snapshot
from tests.governance.privacy.samples import mask_of, rule_set


def looked_through(text: str, *, body_bytes: int = 100) -> Call:
    """A call that has been masked."""
    request = Request(wire_format="openai", is_stream=False, model="a", key_text=None, client_ip=None)
    call = Call(request=request, conversation=Conversation(messages=[Message(role="user", content=[Block(text=text)])]), body_bytes=body_bytes)  # fmt: skip
    rules = rule_set()
    mask = mask_of(rules)
    mask.values["<EMAIL_ADDRESS_123456>"] = text
    call.redacted = Redacted(mask=mask, storage=rules.storage, findings={}, raw_request=b"raw")
    return call


def test_another_snapshot_knows_nothing_and_the_old_one_is_let_go():
    known, first, second = KnownRequests(), Snapshot(), Snapshot()
    assert known.recall(b"a", first) is None
    known.keep(b"a", looked_through("a"), first, b"digest")
    found = known.recall(b"a", first)
    assert found is not None
    assert found.digest == b"digest"
    assert known.recall(b"a", second) is None
    known.keep(b"b", looked_through("b"), first, b"digest")  # of a call that began before
    assert known.recall(b"b", second) is None
    call = looked_through("a")
    found.restore(call)  # whatever was forgotten since it was found
    assert call.redacted.raw_request == b""
    call.redacted.mask.values.clear()
    assert found.redacted.mask.values


def test_what_is_remembered_has_a_bound():
    known, snapshot = KnownRequests(), Snapshot()
    known.recall(b"", snapshot)
    size = 16 * 1024
    for number in range(2 * _MAX_BYTES_OF_ALL // size):
        known.keep(b"%d" % number, looked_through("a", body_bytes=size), snapshot, b"digest")
    kept = [number for number in range(2 * _MAX_BYTES_OF_ALL // size) if known.recall(b"%d" % number, snapshot)]  # fmt: skip
    assert kept == list(range(_MAX_BYTES_OF_ALL // size, 2 * _MAX_BYTES_OF_ALL // size))
