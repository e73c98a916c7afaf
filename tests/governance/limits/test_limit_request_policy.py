"""The life of a request: once decided, it stays so."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.limits.policy.limit_requests import (
    MAX_DURATION,
    LimitRequestError,
    RequestAction,
    RequestState,
    check_end,
    may_decide,
    next_request_state,
    state_at,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(actions=st.lists(st.sampled_from(RequestAction), max_size=6), days=st.integers(-2, 2))
def test_one_decision_at_most(actions, days):
    state, decided = RequestState.PENDING, []
    for action in actions:
        try:
            state = next_request_state(state, action, ends_at=NOW + timedelta(days=days), now=NOW)
            decided.append(action)
        except LimitRequestError:
            too_late = action is RequestAction.APPROVE and days <= 0
            too_early = action is RequestAction.EXPIRE and days > 0
            assert state is not RequestState.PENDING or too_late or too_early
    assert len(decided) <= 1
    assert (state is RequestState.PENDING) == (not decided)


@given(state=st.sampled_from(RequestState), days=st.integers(-2, 2))
def test_a_request_past_its_end_is_as_good_as_expired(state, days):
    ends_at = NOW + timedelta(days=days)
    found = state_at(state, ends_at=ends_at, now=NOW)
    if state is RequestState.PENDING and days <= 0:
        assert (
            found
            is next_request_state(state, RequestAction.EXPIRE, ends_at=ends_at, now=NOW)
            is RequestState.EXPIRED
        )
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
