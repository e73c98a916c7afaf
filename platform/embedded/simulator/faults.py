"""Pace and faults of a region, set at run time."""

from collections import deque
from dataclasses import asdict, dataclass, fields, replace
from math import floor
from typing import Any, Protocol

from embedded.simulator.exceptions import InvalidException, SimulatedException, exception_of
from embedded.simulator.regions import PROVIDERS, REGIONS

_MAX_MS = 600_000
_MINUTE = 60.0
_MAX_EVENTS = 1_000_000


class InvalidSetting(ValueError):
    """A setting that can't be; the message names it."""


class Asked(Protocol):
    """An operation, of Bedrock's or of another provider's."""

    @property
    def value(self) -> str: ...
    @property
    def can_be_throttled(self) -> bool: ...
    @property
    def streams(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How a region behaves. Frozen: a call keeps the settings it started with."""

    outage: bool = False  # every signed request is answered with 503
    throttle_rate: float = 0.0  # the share of invocations answered with 429, 0 to 1
    requests_per_minute: int | None = None  # invocations above so many in any minute are answered with 429
    tokens_per_minute: int | None = (
        None  # the same of tokens, those of calls under way with all that they may write
    )
    latency_ms: float = 0.0  # waited before the headers of every answer
    time_to_first_token_ms: float = 0.0
    tokens_per_second: float = 0.0  # 0: as fast as it goes
    cut_after_events: int | None = None  # a stream's connection is dropped after so many events
    corrupt_after_events: int | None = None  # the event after so many has a wrong checksum
    retry_after_ms: int | None = None  # told of an answer with 429 in x-amz-retry-after
    tells_tokens: bool = (
        False  # whether a prompt that is too long is refused in Claude's words, with its tokens
    )
    any_model: bool = False  # whether models answer where the catalogue has no deployment of them, too
    error: SimulatedException | None = None  # in place of answers, or inside streams

    def generation_seconds(self, tokens: int) -> float:
        """How long the model takes for so many tokens, the first included."""
        pace = tokens / self.tokens_per_second if self.tokens_per_second else 0.0
        return self.time_to_first_token_ms / 1000 + pace


class Minute:
    """What was let through in the sixty seconds before now, of a quota. AWS does not say how it counts a minute: none of sixty
    seconds, wherever it begins, has more here."""

    def __init__(self) -> None:
        self._taken: deque[Taken] = deque()
        self._sum = 0

    def take(self, most: int | None, amount: int, now: float) -> "Taken | None":
        """Takes of the quota at `now`, in seconds; None where that would be more than it. `most` None: there is none."""
        while self._taken and self._taken[0].at <= now - _MINUTE:
            self._sum -= self._taken.popleft().amount
        if most is not None and self._sum + amount > most:
            return None
        taken = Taken(now, amount)
        if most is not None:
            self._taken.append(taken)
            self._sum += amount
        return taken

    def settle(self, taken: "Taken", amount: int) -> None:
        """What it came to in the end."""
        if taken in self._taken:
            self._sum += amount - taken.amount
        taken.amount = amount


@dataclass(slots=True, eq=False)
class Taken:
    """What a call took, and when."""

    at: float
    amount: int


class Region:
    """One region's settings and its count of invocations."""

    def __init__(self, defaults: Settings) -> None:
        self._defaults = defaults
        self.settings = defaults
        self._invocations = 0
        self._errors = 0
        self._requests, self.tokens = Minute(), Minute()

    def update(self, changes: object) -> None:
        """Changes the settings named; null puts one back. Raises InvalidSetting and then changes nothing."""
        if not isinstance(changes, dict):
            raise InvalidSetting("the body must be a JSON object")
        checked = {name: self._checked(name, value) for name, value in changes.items()}
        self.settings = replace(self.settings, **checked)
        if "error" in checked:
            self._errors = 0

    def reset(self) -> None:
        """Back to the defaults; the throttle's count starts anew."""
        self.settings = self._defaults
        self._invocations = 0
        self._errors = 0
        self._requests, self.tokens = Minute(), Minute()

    def error_for(self, operation: Asked) -> SimulatedException | None:
        """The exception that this call meets, if one is set and hasn't been met as often as it should."""
        error = self.settings.error
        if error is None or (error.times is not None and self._errors >= error.times):
            return None
        meets = operation.value in error.operations if error.operations else operation.can_be_throttled
        if not meets or (error.after_events is not None and not operation.streams):
            return None
        self._errors += 1
        return error

    def throttles(self) -> bool:
        """Whether this invocation is throttled: exactly the set share of them, evenly spread."""
        rate, before = self.settings.throttle_rate, self._invocations
        self._invocations += 1
        return floor((before + 1) * rate) > floor(before * rate)

    def is_over_quota(self, now: float) -> bool:
        """Whether this invocation is more than the quota of the minute before `now`, in seconds; else it counts in it."""
        return self._requests.take(self.settings.requests_per_minute, 1, now) is None

    def _checked(self, name: str, value: Any) -> Any:
        if name not in _CHECKS:
            raise InvalidSetting(f"{name}: unknown setting; known are {', '.join(_CHECKS)}")
        if value is None:
            return getattr(self._defaults, name)
        if name == "error":
            return _checked_error(value)
        kind, most = _CHECKS[name]
        if kind is bool:
            if not isinstance(value, bool):
                raise InvalidSetting(f"{name}: must be true or false")
            return value
        numeric = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
        if not numeric or not 0 <= value <= most:
            noun = "a whole number" if kind is int else "a number"
            raise InvalidSetting(f"{name}: must be {noun} from 0 to {most}")
        return value


def _checked_error(value: Any) -> SimulatedException:
    try:
        return exception_of(value)
    except InvalidException as wrong:
        raise InvalidSetting(f"error: {wrong}") from None


_CHECKS: dict[str, tuple[type, int]] = {
    "outage": (bool, 1),
    "throttle_rate": (float, 1),
    "requests_per_minute": (int, 1_000_000),
    "tokens_per_minute": (int, 1_000_000_000),
    "latency_ms": (float, _MAX_MS),
    "time_to_first_token_ms": (float, _MAX_MS),
    "tokens_per_second": (float, 1_000_000),
    "cut_after_events": (int, _MAX_EVENTS),
    "corrupt_after_events": (int, _MAX_EVENTS),
    "retry_after_ms": (int, _MAX_MS),
    "tells_tokens": (bool, 1),
    "any_model": (bool, 1),
    "error": (dict, 0),
}
if set(_CHECKS) != {field.name for field in fields(Settings)}:  # pragma: no cover - a slip of the author
    raise RuntimeError("every setting needs its check")


class Regions:
    """All regions by name, and the providers beside Bedrock like them."""

    def __init__(self, defaults: Settings | None = None) -> None:
        self._regions = {name: Region(defaults or Settings()) for name in (*REGIONS, *PROVIDERS)}

    def __getitem__(self, name: str) -> Region:
        return self._regions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._regions

    def describe(self) -> dict[str, dict[str, Any]]:
        """Every region's settings, as JSON values."""
        return {name: asdict(region.settings) for name, region in self._regions.items()}
