"""PURE: which period of a budget a moment falls into."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kernel.local_days import day_at, day_begins

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def is_endless(ends_at: datetime) -> bool:
    """Whether a period with this end never ends."""
    return ends_at >= _NEVER


@dataclass(frozen=True, slots=True)
class Window:
    """One period of one budget: from `starts_at` up to, not including, `ends_at`; both in UTC.

    `subject` is whose counter it is where a budget counts each value of a dimension by itself.
    """

    budget_id: int
    starts_at: datetime
    ends_at: datetime
    subject: str = ""

    def holds(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def window_of(*, budget_id: int, period: str, time_zone: str, now: datetime, subject: str = "") -> Window:
    """The window of a budget at a moment. ValueError for an unknown period."""
    return Window(budget_id, *period_of(period=period, time_zone=time_zone, now=now), subject)


def period_of(*, period: str, time_zone: str, now: datetime) -> tuple[datetime, datetime]:
    """The calendar period of `now` in a time zone, from and up to, in UTC. ValueError for an unknown period.

    A period is of whole days of that zone, and a day as `kernel.local_days` has it: one across a daylight-saving change is
    an hour shorter or longer, and each begins where the one before ends.
    """
    if period == "total":
        return _BEGINNING, _NEVER
    zone = _zone(time_zone)
    first, following = _bounds(period, day_at(now, zone))
    return day_begins(first, zone), day_begins(following, zone)


def _bounds(period: str, day: date) -> tuple[date, date]:
    """The first day of a period, and that of the next."""
    match period:
        case "day":
            return day, day + timedelta(days=1)
        case "week":
            monday = day - timedelta(days=day.weekday())
            return monday, monday + timedelta(days=7)
        case "month":
            start = day.replace(day=1)
            return start, _add_months(start, 1)
        case "quarter":
            start = day.replace(month=day.month - (day.month - 1) % 3, day=1)
            return start, _add_months(start, 3)
        case "year":
            start = day.replace(month=1, day=1)
            return start, _add_months(start, 12)
    raise ValueError(f"{period!r} is not a budget period")


def _add_months(first: date, months: int) -> date:
    index = first.year * 12 + first.month - 1 + months
    return first.replace(year=index // 12, month=index % 12 + 1)
