"""PURE: what a client's connections may take of a process. docs/settings.md says each variable."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds may have a fraction."""

    connections: int = 10_000
    """Open at a time in one process, WebSockets among them; 0 is without a limit."""
    unproven_connections: int = 5_000
    """Of these, such as have shown no valid key and no sign-in yet: above it the oldest is closed; 0 is without a limit."""
    connections_per_address: int = 200
    """Of one address, such as have shown neither; 0 is without a limit. Five times as many are let in for two to four seconds, in
    which those above the limit have to show a valid key. Trusted proxies have none: behind them calls without a
    valid key are limited by the forwarded address."""
    trusted: tuple[IPv4Network | IPv6Network, ...] | None = ()
    """Proxies whose connections are all callers'; None: whoever connects is one."""
    streams_per_connection: int = 100
    """Of HTTP/2: requests under way at a time on one connection."""
    header_bytes: int = 65_536
    header_count: int = 200
    header_seconds: float = 10.0
    """From a request's first byte to the end of its headers; the same for the first byte after connecting."""
    body_seconds: float = 60.0
    """How long a body may come more slowly than `body_bytes_per_second`, on average since its beginning."""
    body_bytes_per_second: int = 1024
    unread_seconds: float = 10.0
    """How long the rest of a body may come whose answer has been given without it."""
    idle_seconds: float = 60.0
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
            "unproven_connections": _number(environ, "GATEHOUSE_UNPROVEN_CONNECTIONS"),
            "trusted": _networks(environ, "GATEHOUSE_TRUSTED_PROXIES"),
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
        return cls(**{name: value for name, value in given.items() if value is not None or name == "trusted"})  # type: ignore[arg-type]

    def is_trusted(self, address: str) -> bool:
        """Whether an address is a proxy's."""
        if not self.trusted:
            return self.trusted is None
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.trusted)

    @property
    def sweep_seconds(self) -> float:
        """How often connections are looked at: often enough for the shortest of these times."""
        shortest = min(self.header_seconds, self.body_seconds, self.idle_seconds, self.stalled_seconds)
        return max(0.1, min(5.0, shortest / 4))


def _networks(environ: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...] | None:
    """The networks of a variable with commas between; None for `*`. What is no address, such as a socket's name, is left out."""
    found = []
    for text in (environ.get(name) or "").split(","):
        if text.strip() == "*":
            return None
        with suppress(ValueError):
            found.append(ip_network(text.strip(), strict=False))
    return tuple(found)


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
