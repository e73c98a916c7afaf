"""PURE: what can be asked of usage, and periods of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from governance.usage.policy.usage_limits import MINUTES
from kernel.errors import InvalidError

GROUPS = ("team", "application", "api_key", "feature", "route", "model", "region", "end_user", "prompt")
INTERVALS = ("none", "hour", "day", "month")
FIGURES = (
    "calls", "succeeded", "failed", "refused", "cancelled", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "cost_nanos", "failed_cost_nanos", "cancelled_cost_nanos", "cache_saved_nanos", "duration_us",
)  # fmt: skip
MAX_HOURS = 31 * 24
MAX_DAYS = 800
_BY_DAYS = {"end_user": "end users", "prompt": "prompts"}
"""Dimensions that are kept by the day, beside the team alone."""


class UnanswerableError(InvalidError):
    """What is asked cannot be answered. The message says why, and what can."""

    code = "unanswerable"
    field = "non_field_errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuery:
    """Usage from a moment up to another, of some teams (None: of all, and of calls of none)."""

    since: datetime
    until: datetime
    interval: str = "none"
    group_by: tuple[str, ...] = ()
    teams: frozenset[int] | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    """By dimension: a value, or several of which one."""

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise UnanswerableError("The range ends before it begins: 'to' must be later than 'from'.")
        if not (_is_kept(self.since) and _is_kept(self.until)):
            raise UnanswerableError(
                f"Usage is kept by {MINUTES} minutes: 'from' and 'to' must be on one, such as 12:00 or 12:15, without seconds. "
                "Up to now is up to the next one."
            )
        if self.until - self.since > timedelta(days=MAX_DAYS):
            raise UnanswerableError(f"A range has at most {MAX_DAYS} days.")
        if self.interval == "hour" and self.until - self.since > timedelta(hours=MAX_HOURS):
            raise UnanswerableError(f"Hours can be asked for {MAX_HOURS // 24} days at most. Ask for days.")
        if not (what := _BY_DAYS.get(self.by_days)):
            return
        if {*self.group_by, *self.filters} - {"team", self.by_days}:
            raise UnanswerableError(f"With {what}, only the team can be grouped and filtered by.")
        if self.interval == "hour":
            raise UnanswerableError(f"Usage of {what} is kept by the day. Ask for days.")

    @property
    def by_days(self) -> str:
        """The dimension asked for that is kept by the day alone, `end_user` or `prompt`; "" where none is."""
        return next((name for name in _BY_DAYS if name in self.group_by or name in self.filters), "")

    @property
    def of_what(self) -> str:
        """What is kept by the day of it, for people."""
        return _BY_DAYS[self.by_days]


def _is_kept(moment: datetime) -> bool:
    """Whether sums end at a moment, whatever zone it is told in."""
    past_the_hour = timedelta(minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
    return (past_the_hour - (moment.utcoffset() or timedelta())) % timedelta(minutes=MINUTES) == timedelta()


@dataclass(slots=True)
class Sums:
    """Figures of some calls. Costs are nano-dollars."""

    calls: int = 0
    succeeded: int = 0
    failed: int = 0
    refused: int = 0
    cancelled: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_nanos: int = 0
    failed_cost_nanos: int = 0
    cancelled_cost_nanos: int = 0
    cache_saved_nanos: int = 0
    duration_us: int = 0

    def __iadd__(self, other: "Sums") -> "Sums":
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def mean_ms(self) -> float:
        return self.duration_us / 1000 / self.calls if self.calls else 0.0

    @property
    def prompt_tokens(self) -> int:
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def cached_share(self) -> float:
        """The part of the prompts (0 to 1) that was read from the provider's cache."""
        return self.cache_read_tokens / self.prompt_tokens if self.prompt_tokens else 0.0
