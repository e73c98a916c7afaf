"""PURE: W3C's trace context, read from a request and told again. Source: www.w3.org/TR/trace-context (level 1 and 2)."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE = re.compile(rb"[\x20-\x7e]*")
_MAX_STATE_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Trace:
    """A call as a child of what its caller was about."""

    parent: str
    """`traceparent` with the caller's trace, and an id of this call's own in it."""
    state: str = ""
    """`tracestate`, as it came."""

    def headers(self) -> dict[str, str]:
        found = {"traceparent": self.parent}
        return found | {"tracestate": self.state} if self.state else found


def trace_of(scope: dict[str, Any], headers: dict[bytes, bytes]) -> Trace | None:
    """The trace that a request belongs to; None where it names none, or one that the specification has passed over."""
    value = headers.get(b"traceparent")
    if value is None:
        return None
    match = _PARENT.fullmatch(value.strip())
    if match is None:
        return None
    version, trace, parent, flags, more = match.groups()
    if version == b"ff" or (version == b"00" and more) or not trace.strip(b"0") or not parent.strip(b"0"):
        return None
    if sum(name == b"traceparent" for name, _ in scope["headers"]) > 1:
        return None
    # Of the flags only the first is known: whether the caller keeps this trace.
    own = f"00-{trace.decode()}-{secrets.token_hex(8)}-{int(flags, 16) & 1:02x}"
    state = b",".join(
        value.strip() for name, value in scope["headers"] if name == b"tracestate" and value.strip()
    )
    is_state = len(state) <= _MAX_STATE_LENGTH and _STATE.fullmatch(state) is not None
    return Trace(own, state.decode() if is_state else "")
