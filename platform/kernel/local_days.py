"""PURE: the days of a place, whatever its clock does: the one way from dates to moments and back.

A day begins at the first moment whose local date is that day or a later one. So days neither overlap nor leave a gap: where
midnight comes twice the first one counts, where clocks skip it the day begins with the skip, and a date that was never there
has no moment.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

_DAY = timedelta(days=1)


@lru_cache(maxsize=8192)
def day_begins(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in a zone, in UTC."""
    midnight = datetime.combine(day, time(), tzinfo=zone)  # fold=0: the first of two
    begins = midnight.astimezone(UTC)
    skipped_to = midnight.replace(fold=1).astimezone(UTC)
    if begins <= skipped_to:
        return begins
    # Clocks go forward over midnight: read by the clock before, it is at the skip or after it.
    return _change(skipped_to, begins, zone)


def day_at(moment: datetime, zone: tzinfo) -> date:
    """The day that a moment is in. Where clocks go back over midnight, moments stay in the day that had begun."""
    day = moment.astimezone(zone).date()
    while day_begins(day + _DAY, zone) <= moment:
        day += _DAY
    return day


def day_start(moment: datetime, zone: tzinfo) -> datetime:
    """The beginning of the day that a moment is in, in UTC."""
    return day_begins(day_at(moment, zone), zone)


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment after `before`, up to `after`, at which a zone's clock is changed, to the second."""
    former = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == former:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)
