from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from prompts.evaluations.policy.settlement import (
    ANSWERED,
    MAX_ADMISSION,
    MAX_ATTEMPTS,
    Ruling,
    SettlementStep,
    after_error,
    after_record,
    may_spend,
    step_for_unsettled,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def after(code, *, attempt=1, cost_nanos=0, retry_after=None):
    return after_error(code, attempt=attempt, cost_nanos=cost_nanos, retry_after=retry_after)


def test_what_errors_mean():
    assert after("budget_exceeded").ruling is Ruling.STOP_BUDGET
    assert after("invalid_request").ruling is Ruling.SETTLE
    assert after("contract_failed", cost_nanos=5).ruling is Ruling.SETTLE
    assert after("not_auditable", cost_nanos=5).ruling is Ruling.UNKNOWN
    limited = after("rate_limited", retry_after=7)
    assert (limited.ruling, limited.pause, limited.is_for_all) == (Ruling.TRY_AGAIN, 7, True)
    assert after("rate_limited", retry_after=10**6).pause == 300
    assert after("rate_limited", attempt=MAX_ATTEMPTS).ruling is Ruling.STOP_RATE_LIMITED
    assert after("prompt_not_found").ruling is Ruling.TRY_AGAIN
    assert after("prompt_not_found", attempt=5).ruling is Ruling.SETTLE


@pytest.mark.parametrize("code", ["overloaded", "upstream_error", "upstream_timeout", "rate_limited"])
def test_what_was_charged_is_never_made_again(code):
    assert after(code, cost_nanos=1).ruling is Ruling.SETTLE
    assert after(code).ruling is Ruling.TRY_AGAIN


@pytest.mark.parametrize(
    ("code", "cost_nanos", "ruling"),
    [
        ("not_auditable", 0, Ruling.TRY_AGAIN),
        ("not_auditable", 7, Ruling.SETTLE),
        ("upstream_error", 0, Ruling.TRY_AGAIN),
        ("invalid_request", 0, Ruling.SETTLE),
        ("", 7, Ruling.SETTLE),
    ],
)
def test_what_a_record_says_of_a_call_that_failed(code, cost_nanos, ruling):
    assert after_record(code, attempt=1, cost_nanos=cost_nanos).ruling is ruling


def test_a_call_that_the_gateway_could_not_record_is_made_again_once_nobody_knows_of_it():
    def step(*, seconds, is_held=False):
        return step_for_unsettled(
            claimed_at=NOW,
            now=NOW + timedelta(seconds=seconds),
            is_held=is_held,
            recorded_end=None,
            answered_until=NOW + ANSWERED,
        )

    assert step(seconds=29) is SettlementStep.WAIT
    assert step(seconds=31) is SettlementStep.MAKE_AGAIN
    assert step(seconds=31, is_held=True) is SettlementStep.WAIT


def test_the_cap():
    assert may_spend(spent=0, dearest=0, in_flight=0, cap=1)
    assert not may_spend(spent=0, dearest=0, in_flight=1, cap=10**9), "the first goes alone"
    assert not may_spend(spent=5, dearest=0, in_flight=0, cap=5)
    assert may_spend(spent=70, dearest=10, in_flight=2, cap=100)
    assert not may_spend(spent=71, dearest=10, in_flight=2, cap=100)


class Calls(RuleBasedStateMachine):
    """One call of an evaluation, workers that die at any moment, and a gateway that goes on by itself.

    The gateway queues what it was sent, holds it, and charges it; a connection may also be lost on the way. The row is
    what the database would have; each rule is one commit or one step of the gateway.
    """

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.row = None
        self.sending = []  # attempts a live worker is about to send
        self.queued, self.held, self.recorded = {}, {}, {}
        self.looked = None

    @rule(seconds=st.sampled_from([1, 20, 200, 700]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        for attempt, since in list(self.queued.items()):
            if self.now - since > timedelta(seconds=300):  # the longest a call can queue: then it is refused
                del self.queued[attempt]

    @precondition(lambda self: self.row is None)
    @rule()
    def claim(self):
        self.row = {"attempt": 1, "claimed_at": self.now, "is_settled": False}
        self.sending.append((1, self.now))

    @precondition(lambda self: self.sending)
    @rule()
    def send(self):
        attempt, claimed = self.sending.pop()
        # A thread that slept for longer than this is not to be believed alive: its socket has timed out.
        if self.now - claimed < timedelta(seconds=300):
            self.queued[attempt] = self.now

    @precondition(lambda self: self.sending)
    @rule()
    def worker_dies_before_sending(self):
        self.sending.pop()

    @precondition(lambda self: self.queued)
    @rule()
    def gateway_holds(self):
        attempt, _ = self.queued.popitem()
        self.held[attempt] = self.now

    @precondition(lambda self: self.queued)
    @rule()
    def gateway_dies_before_it_holds(self):
        self.queued.popitem()

    @precondition(lambda self: self.held)
    @rule()
    def gateway_records(self):
        attempt, _ = self.held.popitem()
        self.recorded[attempt] = self.now

    @precondition(lambda self: self.row and not self.row["is_settled"])
    @rule()
    def worker_settles_what_it_was_answered(self):
        if self.row["attempt"] in self.recorded:
            self.row["is_settled"] = True

    @precondition(lambda self: self.row and not self.row["is_settled"])
    @rule()
    def look_up(self):
        attempt = self.row["attempt"]
        step = step_for_unsettled(
            claimed_at=self.row["claimed_at"], now=self.now, is_held=attempt in self.held,
            recorded_end=self.recorded.get(attempt),
        )  # fmt: skip
        if step is SettlementStep.TAKE_RECORD:
            assert attempt in self.recorded
            self.row["is_settled"] = True
        elif step is SettlementStep.MAKE_AGAIN:
            self.row |= {"attempt": attempt + 1, "claimed_at": self.now}
            self.sending.append((attempt + 1, self.now))

    @invariant()
    def charged_once(self):
        assert len(self.recorded) + len(self.held) <= 1

    @invariant()
    def settled_only_if_charged(self):
        assert not (self.row and self.row["is_settled"]) or len(self.recorded) == 1

    def teardown(self):
        """Whatever happened, in the end it is settled or can be made again: nothing hangs for ever."""
        if self.row and not self.row["is_settled"] and not self.sending:
            for attempt in [*self.queued, *self.held]:
                self.recorded[attempt] = self.now
            self.held.clear()
            step = step_for_unsettled(
                claimed_at=self.row["claimed_at"], now=self.now + 2 * MAX_ADMISSION, is_held=False,
                recorded_end=self.recorded.get(self.row["attempt"]),
            )  # fmt: skip
            assert step is (SettlementStep.TAKE_RECORD if self.recorded else SettlementStep.MAKE_AGAIN)


Calls.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestCalls = Calls.TestCase
