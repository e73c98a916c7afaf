"""PURE rules of resilience: breaker, budgets, limits, pace, learnt rates, shares."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.refusals import Refusal
from gateway.routing.fleet.breaker import Breaker, Change, Limits, Reason, State
from gateway.routing.fleet.budgets import ATTEMPTS, RetryBudget, ThrottleBudget, backoff_seconds
from gateway.routing.fleet.health import Health
from gateway.routing.fleet.in_flight import MIN, InFlight
from gateway.routing.fleet.learnt import LearntRate
from gateway.routing.fleet.pace import Pace
from gateway.routing.fleet.share import Share

FAULT = Refusal("upstream_error", "It is out.")
THROTTLED = Refusal("upstream_throttled", "Too many.")


def opened(breaker: Breaker, now: float = 0.0) -> Breaker:
    for _ in range(5):
        breaker.failed(now, Reason.FAILING)
    return breaker


def test_it_opens_at_the_fifth_failure_and_is_tried_by_one_call_at_a_time():
    breaker = Breaker(Limits())
    assert [breaker.failed(1.0, Reason.FAILING) for _ in range(5)] == [None] * 4 + [Change.OPENED]
    assert breaker.state(30.9) is State.OPEN
    assert breaker.state(31.0) is State.HALF_OPEN
    breaker.probe(31.0)
    assert breaker.state(31.1) is State.OPEN
    assert breaker.ready_in(31.0) == pytest.approx(10.0)
    assert breaker.failed(32.0, Reason.FAILING) is None
    assert breaker.state(41.9) is State.OPEN
    assert breaker.state(42.0) is State.HALF_OPEN
    assert breaker.succeeded(42.0, begun=41.0) is Change.CLOSED
    assert breaker.state(42.0) is State.CLOSED


def test_a_probe_that_never_ends_is_followed_by_another():
    breaker = opened(Breaker(Limits()))
    breaker.probe(30.0)
    assert breaker.state(40.0) is State.HALF_OPEN


def test_failures_among_many_answers_do_not_open_it():
    breaker = Breaker(Limits())
    for moment in range(100):
        assert breaker.failed(moment / 10, Reason.FAILING) is None
        breaker.succeeded(moment / 10, begun=moment / 10)
        breaker.succeeded(moment / 10, begun=moment / 10)


def test_failures_that_are_long_past_do_not_count():
    breaker = Breaker(Limits())
    assert all(breaker.failed(moment * 10.0, Reason.FAILING) is None for moment in range(20))


def test_what_failed_before_it_opened_does_not_keep_it_open():
    breaker = opened(Breaker(Limits()), 10.0)
    breaker.failed(20.0, Reason.FAILING)
    assert breaker.state(40.0) is State.HALF_OPEN


def test_what_was_asked_before_it_opened_does_not_close_it():
    health = Health(1, Limits())
    early = health.begins(1.0, tokens=10, was_retry=False)
    opened(health.breaker, 2.0)
    assert health.answers(early, 3.0) is None
    assert health.state(3.0) is State.OPEN
    late = health.begins(4.0, tokens=10, was_retry=False)
    assert health.answers(late, 5.0) is Change.CLOSED


@given(st.lists(st.tuples(st.floats(0, 20), st.sampled_from(["fail", "slow", "ok", "probe"])), max_size=200))
def test_it_is_open_only_behind_enough_failures_and_never_for_ever(steps):
    breaker, now, failures = Breaker(Limits()), 0.0, 0
    for pause, step in steps:
        now += pause
        match step:
            case "ok":
                failures = 0 if breaker.succeeded(now, begun=now) else failures
            case "probe":
                if breaker.state(now) is State.HALF_OPEN:
                    breaker.probe(now)
            case _:
                failures += 1
                breaker.failed(now, Reason.SLOW if step == "slow" else Reason.FAILING)
        if not breaker.is_closed:
            assert failures >= 5
        assert breaker.ready_in(now) <= 30.0 + 1e-9


def test_throttling_and_what_the_request_is_at_fault_for_open_nothing():
    health = Health(1, Limits())
    for _ in range(50):
        assert health.fails(THROTTLED, 1.0) is None
        assert health.fails(Refusal("invalid_request", "No."), 1.0) is None
    assert health.breaker.is_closed
    assert health.share.now(1.0) < 0.1
    assert [health.fails(FAULT, 1.0) for _ in range(5)][-1] is Change.OPENED


def test_slow_first_tokens_open_it_before_they_come():
    health = Health(1, Limits())
    for number in range(40):
        sent = health.begins(number, tokens=100, was_retry=False)
        health.answers(sent, number + 0.5)
        health.ends(sent)
    late = [health.begins(100.0, tokens=100, was_retry=False) for _ in range(6)]
    assert health.notice_slow(103.0) == []
    assert health.notice_slow(104.0) == [Change.OPENED]
    assert health.breaker.reason is Reason.SLOW
    assert health.notice_slow(105.0) == []  # each counts once
    for sent in late:
        health.ends(sent)
    assert health.in_flight.calls == 0


def test_answers_that_come_whole_are_slow_for_being_long_alone():
    health, now = Health(1, Limits()), 0.0
    for seconds in [0.5] * 100 + [30.0] * 2000:
        now += 1.0
        sent = health.begins(now, tokens=100, was_retry=False)
        sent.is_whole = True
        assert health.notice_slow(now + seconds) == []
        assert health.answers(sent, now + seconds) is None
        health.ends(sent)
        health.in_flight.calls = int(health.in_flight.limit)
    assert health.breaker.is_closed
    assert health.in_flight.limit >= 100
    assert health.pace.expected(100) == pytest.approx(30.0)
    assert health.pace.slow_after(100) == float("inf")
    streamed = health.begins(now, tokens=100, was_retry=False)
    health.answers(streamed, now + 1.0)
    assert health.pace.expected(100) == pytest.approx(1.0)


def test_a_long_prompt_is_compared_with_long_prompts():
    pace = Pace()
    for _ in range(30):
        pace.add(0.4, 500)
        pace.add(9.0, 100_000)
    assert not pace.add(10.0, 100_000)
    assert pace.add(10.0, 500)


def test_what_is_slow_for_ever_does_not_become_usual_at_once():
    pace = Pace()
    for _ in range(50):
        pace.add(0.5, 100)
    assert sum(pace.add(30.0, 100) for _ in range(50)) == 50
    assert pace.ratio() > 4


@given(st.integers(0, 40), st.booleans(), st.integers())
def test_back_off_is_anything_up_to_its_bound(retry, is_throttled, seed):
    seconds = backoff_seconds(retry, is_throttled=is_throttled, random=Random(seed))
    assert 0.0 <= seconds <= min(8.0, (1.0 if is_throttled else 0.05) * 2.0**retry)


def test_a_retry_that_was_not_sent_costs_nothing():
    budget = RetryBudget()
    assert budget.take()
    budget.give_back()
    assert budget.tokens == RetryBudget().tokens


def test_the_retry_budget_is_that_of_the_sdks():
    budget = RetryBudget()
    assert sum(budget.take() for _ in range(100)) == 500 // 14
    for _ in range(14):
        budget.answered(was_retry=False)
    assert budget.take()
    budget.answered(was_retry=True)
    assert budget.take()
    assert not budget.take()
    assert ATTEMPTS == 3


@given(st.lists(st.booleans(), max_size=500))
def test_throttled_calls_are_tried_again_as_often_as_answers_pay_for(steps):
    budget, answers, retries = ThrottleBudget(), 0, 0
    for is_answer in steps:
        if is_answer:
            answers += 1
            budget.answered(float(answers))
        else:
            retries += budget.take()
    assert retries <= 10 + 1.15 * answers


@given(
    st.lists(
        st.tuples(st.floats(0.01, 60), st.sampled_from(["answer", "throttle", "begin", "end"])), max_size=400
    )
)
def test_a_limit_stays_within_its_bounds(steps):
    limit = InFlight()
    for seconds, step in steps:
        match step:
            case "answer":
                limit.answered(seconds)
            case "throttle":
                limit.throttled()
            case "begin":
                limit.calls += 1
            case _:
                limit.calls = max(0, limit.calls - 1)
        assert limit.limit >= MIN


def test_a_limit_grows_with_use_and_falls_when_first_tokens_take_twice_as_long():
    limit = InFlight()
    for _ in range(200):
        limit.answered(0.5)
    limit.calls = 100
    for _ in range(200):
        limit.answered(0.5)
    grown = limit.limit
    assert grown > 100
    for _ in range(400):
        limit.calls = int(limit.limit)
        limit.answered(2.0)
    assert limit.limit < grown / 4


def test_a_share_falls_with_throttling_and_comes_back():
    share = Share()
    for _ in range(50):
        share.throttled(0.0)
    assert share.now(0.0) == pytest.approx(0.02)
    for _ in range(40):
        share.answered(0.0)
    assert share.now(0.0) == 1.0
    share.returned(0.0)
    assert share.now(0.0) == pytest.approx(0.1)
    assert share.now(60.0) == 1.0


def send(learnt: LearntRate, now: float, *, takes: bool) -> bool:
    if learnt.take(now):
        return False
    if takes:
        learnt.answered(now)
    else:
        learnt.throttled(now)
    return True


def test_a_quota_is_learnt_from_throttling():
    learnt, now, window, wasted = LearntRate(), 0.0, [], 0
    for _ in range(60_000):  # ten times a hundred calls a second of which twenty are taken
        now += 0.01
        window = [moment for moment in window if moment > now - 1.0]
        if learnt.take(now):
            continue
        if len(window) < 20:
            window.append(now)
            learnt.answered(now)
        else:
            learnt.throttled(now)
            wasted += now > 120
    assert learnt.rate is not None
    assert 15 < learnt.rate < 24
    assert wasted < 0.05 * 20 * 480


def test_a_rate_learnt_of_few_calls_holds_back_no_more_than_a_minute_or_so():
    learnt, now = LearntRate(), 0.0
    for number in range(25):  # others have used up the quota while little was sent
        now += 0.5
        (learnt.throttled if number % 2 else learnt.answered)(now)
    assert learnt.rate is not None
    assert learnt.rate < 2
    begun = now
    while now < begun + 120:  # and then there is room for all
        now += 0.05
        send(learnt, now, takes=True)
        if now > begun + 75:
            assert learnt.rate is None or learnt.rate > 20


def test_what_throttles_by_chance_is_not_held_back_for_long():
    learnt, random, held = LearntRate(), Random(1), 0
    for number in range(6000):
        held += not send(learnt, number / 100, takes=random.random() < 0.5)
    assert learnt.rate is None
    assert held < 1200
