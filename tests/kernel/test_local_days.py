"""Days of every zone of the tz database, through every change of its clock from 2020 to 2040."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.db import connection

from governance.limits.policy.windows import period_of
from kernel.local_days import day_at, day_begins

ZONES = sorted(available_timezones())
PERIODS = ("day", "week", "month", "quarter", "year")
FIRST, LAST = datetime(2019, 12, 31, tzinfo=UTC), datetime(2041, 1, 2, tzinfo=UTC)
SECOND, HALF_HOUR, DAY = timedelta(seconds=1), timedelta(minutes=30), timedelta(days=1)


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """The moments at which a zone's clock is changed."""
    return tuple(_changes(ZoneInfo(name)))


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    moment, offset = FIRST, FIRST.astimezone(zone).utcoffset()
    while moment < LAST:
        later = moment + timedelta(days=8)
        if (new := later.astimezone(zone).utcoffset()) != offset:
            low, high = moment, later
            while high - low > SECOND:
                middle = low + (high - low) // 2 // SECOND * SECOND
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
            yield high
            later, new = high, high.astimezone(zone).utcoffset()
        moment, offset = later, new


def alike() -> dict[tuple[object, ...], list[str]]:
    """The zones by what their clocks do in these years: those that do the same have the same days."""
    found: dict[tuple[object, ...], list[str]] = {}
    for name in ZONES:
        zone = ZoneInfo(name)
        key = (
            FIRST.astimezone(zone).utcoffset(),
            *((at, at.astimezone(zone).utcoffset()) for at in changes(name)),
        )
        found.setdefault(key, []).append(name)
    return found


@cache
def kinds() -> list[str]:
    """A zone of each kind."""
    return [names[0] for names in alike().values()]


def check(name: str, moments: Iterator[datetime]) -> None:
    """At each of these moments: it is in its window, and the windows beside that begin where it ends."""
    windows: dict[str, dict[object, tuple[datetime, datetime]]] = {period: {} for period in PERIODS}
    zone = ZoneInfo(name)
    for now in moments:
        day = now.astimezone(zone).date()
        for period in PERIODS:
            start, end = period_of(period=period, time_zone=name, now=now)
            assert start <= now < end, (name, period, now)
            assert windows[period].setdefault(day, (start, end)) == (start, end), (name, period, day)
    for period, found in windows.items():
        for start, end in set(found.values()):
            of_end = period_of(period=period, time_zone=name, now=end)
            of_start = period_of(period=period, time_zone=name, now=start)
            of_before = period_of(period=period, time_zone=name, now=start - timedelta(microseconds=1))
            assert (of_end[0], of_start, of_before[1]) == (end, (start, end), start), (name, period)


def near(change: datetime) -> Iterator[datetime]:
    """A change, the seconds beside it, and the half-hours of the day before and the day after it."""
    yield from (change - SECOND, change, change + SECOND)
    yield from (change + number * HALF_HOUR + SECOND * (number % 2) for number in range(-49, 50, 3))


def sampled(name: str) -> Iterator[datetime]:
    """Moments of all years: half-hours, about three in a hundred days, at other times of the day each."""
    steps = int((LAST - FIRST) / HALF_HOUR)
    return (FIRST + number * HALF_HOUR for number in range(len(name) * 7, steps, 1501))


def test_every_zone_has_windows_without_overlap_or_gap(capsys):
    of_moments = 0
    for name in kinds():
        moments = [*sampled(name), *(moment for change in changes(name) for moment in near(change))]
        of_moments += len(moments)
        check(name, iter(moments))
    with capsys.disabled():
        print(f"\n{len(ZONES)} zones, of {len(kinds())} kinds, {of_moments} moments, 2020 to 2040")


@pytest.mark.slow
def test_every_half_hour_of_every_kind_of_zone_near_its_changes():
    for name in kinds():
        for change in changes(name):
            check(name, (change + number * HALF_HOUR for number in range(-96, 97)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["Atlantic/Azores", "America/Havana", "Asia/Beirut", "Africa/Cairo", "Europe/Dublin"]
)
def test_every_few_hours_of_all_years(name):
    check(name, (FIRST + number * HALF_HOUR for number in range(0, int((LAST - FIRST) / HALF_HOUR), 7)))


@pytest.mark.parametrize(
    ("name", "day", "begins"),
    [
        ("Atlantic/Azores", date(2026, 10, 25), "2026-10-25T00:00Z"),  # midnight comes twice
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00Z"),  # it does not come
        (
            "America/Toronto",
            date(1919, 3, 31),
            "1919-03-31T04:30Z",
        ),  # clocks skip half an hour before it and after it
        (
            "America/St_Johns",
            date(2010, 11, 7),
            "2010-11-07T02:30Z",
        ),  # a minute past it, clocks go back before it
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00Z"),  # a date that was never there
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00Z"),
        ("Pacific/Kwajalein", date(1993, 8, 21), "1993-08-21T12:00Z"),
        ("Asia/Manila", date(1845, 1, 1), "1844-12-31T15:56:08Z"),
    ],
)
def test_days_that_begin_strangely(name, day, begins):
    assert day_begins(day, ZoneInfo(name)) == datetime.fromisoformat(begins)


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("America/St_Johns", 2010),
        ("Pacific/Apia", 2011),
        ("Pacific/Kwajalein", 1993),
        ("America/Toronto", 1919),
    ],
)
def test_days_of_years_whose_clocks_went_over_midnight_follow_each_other(name, year):
    zone, moment = ZoneInfo(name), datetime(year, 1, 1, 0, 0, 30, tzinfo=UTC)
    ends = None
    while moment.year == year:
        day = day_at(moment, zone)
        begins, following = day_begins(day, zone), day_begins(day + DAY, zone)
        assert begins <= moment < following
        assert ends is None or ends == begins or begins <= moment - HALF_HOUR
        ends, moment = following, moment + HALF_HOUR


@pytest.mark.django_db
def test_postgres_begins_days_at_the_same_moment():
    days = [
        (name, change.astimezone(ZoneInfo(name)).date() + DAY * number)
        for name in kinds()
        for change in changes(name)[:8]
        for number in (-1, 0, 1)
    ]
    expected = [day_begins(day, ZoneInfo(name)) for name, day in days]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT gatehouse_day_begins(day, zone), begins AT TIME ZONE zone, (begins - interval '1 second') AT TIME ZONE zone
            FROM unnest(%s::text[], %s::date[], %s::timestamptz[]) WITH ORDINALITY AS x(zone, day, begins, n)
            JOIN pg_timezone_names ON name = zone ORDER BY n""",
            [[name for name, _ in days], [day for _, day in days], expected],
        )
        rows = cursor.fetchall()
    assert len(rows) == len(days)
    for (name, day), begins, (found, *locals_) in zip(days, expected, rows, strict=True):
        ours = [
            moment.astimezone(ZoneInfo(name)).replace(tzinfo=None) for moment in (begins, begins - SECOND)
        ]
        if ours == locals_:  # else it is another edition of the tz database
            assert found == begins, (name, day)
