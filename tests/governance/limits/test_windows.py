from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.limits.policy.windows import window_of

PERIODS = ["day", "week", "month", "quarter", "year", "total"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
moments = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by timezones


@given(moments, st.sampled_from(PERIODS), st.sampled_from(ZONES))
def test_a_moment_is_in_its_window_and_the_next_begins_where_it_ends(now, period, zone):
    window = window_of(budget_id=1, period=period, time_zone=zone, now=now)
    assert window.holds(now)
    if period != "total":
        following = window_of(budget_id=1, period=period, time_zone=zone, now=window.ends_at)
        assert following.starts_at == window.ends_at
        assert (
            window_of(
                budget_id=1, period=period, time_zone=zone, now=window.ends_at - timedelta(microseconds=1)
            )
            == window
        )


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 7, 1), 24)])
def test_a_day_of_a_daylight_saving_change_is_an_hour_shorter_or_longer(day, hours):
    now = datetime(*day, 12, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    window = window_of(budget_id=1, period="day", time_zone="Europe/Berlin", now=now)
    assert window.ends_at - window.starts_at == timedelta(hours=hours)


def test_calendar_bounds():
    now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # already 2027 in Berlin
    month = window_of(budget_id=1, period="month", time_zone="Europe/Berlin", now=now)
    assert month.starts_at == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert month.ends_at == datetime(2027, 1, 31, 23, tzinfo=UTC)
    quarter = window_of(budget_id=1, period="quarter", time_zone="UTC", now=now)
    assert (quarter.starts_at.month, quarter.ends_at) == (10, datetime(2027, 1, 1, tzinfo=UTC))
    week = window_of(budget_id=1, period="week", time_zone="UTC", now=now)
    assert week.starts_at == datetime(2026, 12, 28, tzinfo=UTC)


def test_an_unknown_period_is_an_error():
    with pytest.raises(ValueError, match="not a budget period"):
        window_of(budget_id=1, period="fortnight", time_zone="UTC", now=datetime(2026, 1, 1, tzinfo=UTC))
