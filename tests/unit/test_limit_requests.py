"""The life of a request: once decided, it stays so."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.limits.policy.limit_requests import (
    MAX_DURATION,
    Action,
    LimitRequestError,
    State,
    check_end,
    may_decide,
    next_state,
    state_at,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(actions=st.lists(st.sampled_from(Action), max_size=6), days=st.integers(-2, 2))
def test_one_decision_at_most(actions, days):
    state, decided = State.PENDING, []
    for action in actions:
        try:
            state = next_state(state, action, ends_at=NOW + timedelta(days=days), now=NOW)
            decided.append(action)
        except LimitRequestError:
            too_late = action is Action.APPROVE and days <= 0
            too_early = action is Action.EXPIRE and days > 0
            assert state is not State.PENDING or too_late or too_early
    assert len(decided) <= 1
    assert (state is State.PENDING) == (not decided)


@given(state=st.sampled_from(State), days=st.integers(-2, 2))
def test_a_request_past_its_end_is_as_good_as_expired(state, days):
    ends_at = NOW + timedelta(days=days)
    found = state_at(state, ends_at=ends_at, now=NOW)
    if state is State.PENDING and days <= 0:
        assert found is next_state(state, Action.EXPIRE, ends_at=ends_at, now=NOW) is State.EXPIRED
    else:
        assert found is state


@given(is_superuser=st.booleans(), manages_team=st.booleans(), is_own=st.booleans())
def test_nobody_grants_themselves_more_but_a_superuser(is_superuser, manages_team, is_own):
    allowed = may_decide(decides_on_any=is_superuser, manages_team=manages_team, is_own=is_own)
    assert allowed == (is_superuser or (manages_team and not is_own))


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=-1), MAX_DURATION + timedelta(seconds=1)])
def test_ends_that_cannot_be(after):
    with pytest.raises(LimitRequestError):
        check_end(NOW + after, now=NOW)
