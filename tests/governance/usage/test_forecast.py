"""The forecast of a period: where it must lie, whatever the days before."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from governance.usage.policy.forecast import MIN_DAYS, forecast

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
AMOUNTS = st.lists(st.integers(0, 10**12), min_size=MIN_DAYS, max_size=60)


def days(amounts: list[int]) -> list[tuple[date, int]]:
    return [(NOW.date() - timedelta(days=len(amounts) - n), amount) for n, amount in enumerate(amounts)]


@given(amounts=AMOUNTS, spent=st.integers(0, 10**13), limit=st.integers(1, 10**14))
@example(amounts=[0, 0, 0], spent=3, limit=1)
def test_the_interval_holds_the_expected_and_nothing_is_unspent(amounts, spent, limit):
    found = forecast(days=days(amounts), spent=spent, now=NOW, ends_at=END, limit=limit)
    assert spent <= found.low <= found.expected + 1
    assert found.expected <= found.high
    if found.runs_out_at is not None:
        assert NOW <= found.runs_out_at <= END
        assert found.expected >= limit - 1
    elif found.expected > limit + 1:
        raise AssertionError("it runs out, and does not say when")


@given(amounts=AMOUNTS, spent=st.integers(0, 10**13), more=st.integers(0, 10**13))
def test_who_has_spent_more_will_have_spent_more(amounts, spent, more):
    less = forecast(days=days(amounts), spent=spent, now=NOW, ends_at=END)
    found = forecast(days=days(amounts), spent=spent + more, now=NOW, ends_at=END)
    assert found.expected >= less.expected


def test_equal_days_go_on_as_they_are():
    found = forecast(days=days([100] * 20), spent=1550, now=NOW, ends_at=END, limit=2000)
    assert (found.expected, found.low, found.high) == (3000, 3000, 3000)
    assert found.runs_out_at == NOW + timedelta(days=4.5)


def test_weekends_count_as_weekends():
    amounts = [0 if day.weekday() > 4 else 100 for day, _ in days([0] * 28)]
    found = forecast(days=days(amounts), spent=0, now=NOW, ends_at=NOW + timedelta(days=7))
    assert found.expected == 500


def test_the_spread_is_that_of_days_around_as_many_means_as_were_taken():
    """Two weeks, seven means: each day is 50 off its weekday's, and seven days are left to tell the spread by."""
    amounts = [100 + (50 if n < 7 else -50) for n in range(14)]
    found = forecast(days=days(amounts), spent=1000, now=NOW, ends_at=NOW + timedelta(days=1))
    assert found.expected == 1100
    assert found.high - found.expected == round(1.2816 * (14 * 50**2 / 7) ** 0.5)
    few = forecast(
        days=days([100 + 50 * (n % 2) for n in range(4)]), spent=0, now=NOW, ends_at=NOW + timedelta(days=1)
    )
    assert few.high - few.expected == round(1.2816 * (4 * 25**2 / 3) ** 0.5)


def test_too_early_to_say():
    assert forecast(days=days([5] * (MIN_DAYS - 1)), spent=5, now=NOW, ends_at=END) is None
