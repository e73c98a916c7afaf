"""W3C's trace context: which headers are taken, and what is told."""

import pytest

from gateway.call.trace import trace_of

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def read(*headers: tuple[bytes, bytes]):
    return trace_of({"headers": list(headers)}, dict(headers))


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (f"00-{TRACE}-{PARENT}-01", "01"),
        (f"00-{TRACE}-{PARENT}-00", "00"),
        (f"00-{TRACE}-{PARENT}-ff", "01"),
        (f" 00-{TRACE}-{PARENT}-01 ", "01"),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", "01"),
    ],
)
def test_a_child_of_the_callers_trace(value, flags):
    found = read((b"traceparent", value.encode()))
    version, trace, own, told = found.parent.split("-")
    assert (version, trace, told) == ("00", TRACE, flags)
    assert len(own) == 16
    assert own != PARENT
    assert found.headers() == {"traceparent": found.parent}


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-zz",
    ],
)
def test_what_is_no_trace_is_passed_over(value):
    assert read((b"traceparent", value.encode())) is None


def test_two_parents_are_none():
    value = f"00-{TRACE}-{PARENT}-01".encode()
    assert read((b"traceparent", value), (b"traceparent", value)) is None


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((b"a=1", b"b=2"), "a=1,b=2"),
        ((b"",), None),
        ((b"a=" + b"x" * 600,), None),
        ((b"a=\xe9",), None),
    ],
)
def test_the_state_is_handed_on(states, told):
    parent = (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())
    found = read(parent, *((b"tracestate", state) for state in states))
    assert found.headers().get("tracestate") == told
