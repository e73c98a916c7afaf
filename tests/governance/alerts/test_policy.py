"""When a delivery is tried again, how webhooks are signed, and which addresses are the internet's."""

import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.alerts.policy import MAX_ATTEMPTS, is_public, pause_after, signature


@given(jitters=st.lists(st.floats(0, 1), min_size=MAX_ATTEMPTS, max_size=MAX_ATTEMPTS))
def test_pauses_grow_and_end_after_about_a_day(jitters):
    pauses = [pause_after(attempt, jitter=jitter) for attempt, jitter in enumerate(jitters, 1)]
    assert pauses.pop() is None
    assert None not in pauses
    assert timedelta(hours=12) < sum(pauses, timedelta()) < timedelta(hours=36)
    assert pause_after(1, jitter=1) < timedelta(minutes=1)


def test_a_signature_can_be_checked_as_the_docs_say():
    header = signature("whsec_x", timestamp=1_700_000_000, body=b'{"a":1}')
    fields = dict(part.split("=") for part in header.split(","))
    expected = hmac.new(b"whsec_x", fields["t"].encode() + b'.{"a":1}', hashlib.sha256).hexdigest()
    assert hmac.compare_digest(fields["v1"], expected)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("169.254.169.254", False), ("192.168.0.1", False), ("::1", False), ("fd00:ec2::254", False),
        ("::ffff:169.254.169.254", False), ("0.0.0.0", False), ("224.0.0.1", False), ("64:ff9b::a9fe:a9fe", False), ("64:ff9b::5db8:d822", True), ("2002:a9fe:a9fe::1", False),
        ("2002:7f00:1::1", False), ("ff02::1", False), ("100.64.0.1", False),
    ],
)  # fmt: skip
def test_addresses(address, public):
    assert is_public(address) == public
