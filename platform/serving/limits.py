"""PURE: what a client's connections may take of a process. docs/settings.md says each variable."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds may have a fraction."""

    connections: int = 10_000
    """Open at a time in one process, WebSockets among them; 0 is without a limit."""
    connections_per_address: int = 0
    """Of one address; 0 is without a limit, as it must be behind a proxy, whose address all callers share."""
    streams_per_connection: int = 100
    """Of HTTP/2: requests under way at a time on one connection."""
    header_bytes: int = 65_536
    header_count: int = 200
    header_seconds: float = 20.0
    """From a request's first byte to the end of its headers; the same for the first byte after connecting."""
    body_seconds: float = 30.0
    """How long a body may come more slowly than `body_bytes_per_second`, on average since its beginning."""
    body_bytes_per_second: int = 4096
    idle_seconds: float = 300.0
    """Of HTTP/2: how long a connection without a request is kept."""
    stalled_seconds: float = 120.0
    """How long a client may take nothing of an answer that waits for it."""
    resets_per_second: int = 20
    """Of HTTP/2: requests that a client may take back, over time; ten seconds' worth of them at once."""
    control_frames_per_second: int = 100
    """Of HTTP/2: PING, SETTINGS, PRIORITY and empty DATA frames; ten seconds' worth of them at once."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Limits":
        """Raises ValueError, naming the variable, where one is no number or below 0."""
        given = {
            "connections": _number(environ, "GATEHOUSE_CONNECTIONS"),
            "connections_per_address": _number(environ, "GATEHOUSE_CONNECTIONS_PER_ADDRESS"),
            "streams_per_connection": _number(environ, "GATEHOUSE_STREAMS_PER_CONNECTION"),
            "header_bytes": _number(environ, "GATEHOUSE_HEADER_BYTES"),
            "header_count": _number(environ, "GATEHOUSE_HEADER_COUNT"),
            "header_seconds": _number(environ, "GATEHOUSE_HEADER_SECONDS", float),
            "body_seconds": _number(environ, "GATEHOUSE_BODY_SECONDS", float),
            "body_bytes_per_second": _number(environ, "GATEHOUSE_BODY_BYTES_PER_SECOND"),
            "idle_seconds": _number(environ, "GATEHOUSE_IDLE_SECONDS", float),
            "stalled_seconds": _number(environ, "GATEHOUSE_STALLED_SECONDS", float),
            "resets_per_second": _number(environ, "GATEHOUSE_RESETS_PER_SECOND"),
            "control_frames_per_second": _number(environ, "GATEHOUSE_CONTROL_FRAMES_PER_SECOND"),
        }
        return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]

    @property
    def sweep_seconds(self) -> float:
        """How often connections are looked at: often enough for the shortest of these times."""
        shortest = min(self.header_seconds, self.body_seconds, self.idle_seconds, self.stalled_seconds)
        return max(0.1, min(5.0, shortest / 4))


def _number(environ: Mapping[str, str], name: str, kind: type[int | float] = int) -> int | float | None:
    """The value of a variable; None where it is not set."""
    if not (text := environ.get(name)):
        return None
    try:
        value = kind(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a number of 0 or more, and is {text!r}")
    return value


class Allowance:
    """So many of a kind each second, with ten seconds' worth at once."""

    __slots__ = ("_at", "_left", "_most", "_per_second")

    def __init__(self, per_second: int, now: float) -> None:
        self._per_second = per_second
        self._left = self._most = per_second * 10.0
        self._at = now

    def take(self, now: float) -> bool:
        """Whether there was one left."""
        self._left = min(self._most, self._left + (now - self._at) * self._per_second) - 1.0
        self._at = now
        return self._left >= 0.0

    def give(self) -> None:
        self._left += 1.0


class Pace:
    """Of one body: whether it comes too slowly."""

    __slots__ = ("_since", "received")

    def __init__(self, now: float) -> None:
        self.received = 0
        self._since = now

    def is_too_slow(self, limits: Limits, now: float) -> bool:
        elapsed = now - self._since
        return elapsed > limits.body_seconds and self.received < elapsed * limits.body_bytes_per_second
