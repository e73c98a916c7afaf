"""PURE: what will have been spent at a period's end, from the days before: a mean for each weekday, and its spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import sqrt

from kernel.local_days import day_at, day_begins

MIN_DAYS = 3
_MIN_DAYS_FOR_WEEKDAYS = 14
_MAX_DAYS = 56
_Z = 1.2816
"""Four in five outcomes of a normal distribution lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Nano-dollars at the period's end: expected, and between which four in five outcomes lie.

    `runs_out_at` is when the limit will have been spent, if it is before the period's end; now, where it is already.
    """

    expected: int
    low: int
    high: int
    runs_out_at: datetime | None = None


def forecast(
    *,
    days: Sequence[tuple[date, int]],
    spent: int,
    now: datetime,
    ends_at: datetime,
    limit: int | None = None,
) -> Forecast | None:
    """The forecast of a period, or None where it is too early to say.

    `days` are whole days before today with what was spent on each, in order; `spent` is what the period has spent so
    far. `now` is in the zone whose days these are.
    """
    known = days[-_MAX_DAYS:]
    if len(known) < MIN_DAYS:
        return None
    means, spread = _means(known)
    zone = now.tzinfo or UTC
    expected, left, moment = float(spent), 0.0, now.astimezone(UTC)
    runs_out_at = now if limit is not None and spent >= limit else None
    while moment < ends_at:
        day = day_at(moment, zone)
        tomorrow = day_begins(day + timedelta(days=1), zone)
        until = min(tomorrow, ends_at)
        share = (until - moment) / (tomorrow - day_begins(day, zone))
        amount = means[day.weekday()] * share
        if limit is not None and runs_out_at is None and amount > 0 and expected + amount >= limit:
            part = max(0.0, min(1.0, (limit - expected) / amount))
            runs_out_at = (moment + (until - moment) * part).astimezone(zone)
        expected += amount
        left += share
        moment = until
    error = _Z * spread * sqrt(left)
    return Forecast(
        round(expected), max(spent, round(expected - error)), round(expected + error), runs_out_at
    )


def _means(days: Sequence[tuple[date, int]]) -> tuple[list[float], float]:
    """What a day of each weekday costs, from Monday on, and the standard deviation of days from that."""
    overall = sum(amount for _, amount in days) / len(days)
    means, estimated = [overall] * 7, 1
    if len(days) >= _MIN_DAYS_FOR_WEEKDAYS:
        for weekday in range(7):
            amounts = [amount for day, amount in days if day.weekday() == weekday]
            means[weekday] = sum(amounts) / len(amounts) if amounts else overall
        estimated = len({day.weekday() for day, _ in days})
    squares = sum((amount - means[day.weekday()]) ** 2 for day, amount in days)
    # Days lie nearer to means that were taken from themselves: each mean leaves one day fewer to tell the spread by.
    return means, sqrt(squares / max(1, len(days) - estimated))
