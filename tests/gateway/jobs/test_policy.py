"""What becomes of a job after an attempt, a loss, or a webhook that can't be."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jobs.policy import (
    MAX_ATTEMPTS,
    MAX_LOSSES,
    MAX_PAUSE_SECONDS,
    Lost,
    Ruling,
    after_loss,
    after_refusal,
    job_id_of,
    job_name,
    webhook_problem,
)
from gateway.refusals import STATUS

refusals = st.fixed_dictionaries(
    {
        "code": st.sampled_from(sorted(STATUS)), "may_retry": st.booleans(), "retry_after": st.none() | st.integers(0, 86_400),
        "cost_nanos": st.integers(0, 10**12), "is_put_back": st.booleans(), "attempts": st.integers(1, 2 * MAX_ATTEMPTS),
        "jitter": st.floats(0, 1),
    }
)  # fmt: skip


@given(refusals)
def test_what_was_charged_is_not_asked_again_and_what_fails_ends(facts):
    after = after_refusal(**facts)
    if facts["is_put_back"]:  # before anything was held or asked
        assert after.ruling is Ruling.WAIT
        assert 1 <= after.pause <= MAX_PAUSE_SECONDS
        return
    assert after.ruling is not Ruling.WAIT
    if facts["cost_nanos"]:
        assert after.ruling is Ruling.GIVE_UP
    if after.ruling is Ruling.RETRY:
        assert facts["may_retry"]
        assert facts["attempts"] < MAX_ATTEMPTS or facts["code"] == "upstream_throttled"
        assert after.pause >= (facts["retry_after"] or 0)
        assert after.pause <= max(300, facts["retry_after"] or 0)
    if after.ruling is Ruling.GIVE_UP:
        assert after.reason


@pytest.mark.parametrize(
    ("code", "ruling"),
    [
        ("upstream_throttled", Ruling.RETRY),
        ("upstream_error", Ruling.RETRY),
        ("upstream_timeout", Ruling.RETRY),
        ("overloaded", Ruling.RETRY),
        ("not_auditable", Ruling.RETRY),
        ("invalid_request", Ruling.FAIL),
        ("budget_exceeded", Ruling.FAIL),
        ("invalid_api_key", Ruling.FAIL),
        ("rate_limited", Ruling.FAIL),
        ("internal_error", Ruling.GIVE_UP),
    ],
)
def test_by_code(code, ruling):
    after = after_refusal(
        code=code, may_retry=True, retry_after=None, cost_nanos=0, is_put_back=False, attempts=1, jitter=1.0
    )
    assert after.ruling is ruling


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_a_model_that_throttles_is_asked_until_the_deadline(attempts, jitter):
    after = after_refusal(
        code="upstream_throttled", may_retry=True, retry_after=1, cost_nanos=0, is_put_back=False, attempts=attempts,
        jitter=jitter,
    )  # fmt: skip
    assert after.ruling is Ruling.RETRY
    assert 1 <= after.pause <= 300


@given(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 10), st.integers(0, 2 * MAX_LOSSES))
def test_a_loss_is_never_paid_for_twice(is_held, is_recorded, has_answer, cost, losses):
    found = after_loss(
        is_held=is_held, is_recorded=is_recorded, has_answer=has_answer, cost_nanos=cost, losses=losses
    )
    if found is Lost.ANEW:
        assert not is_held
        assert cost == 0
        assert losses + 1 < MAX_LOSSES
    if found is Lost.DELIVER:
        assert has_answer
        assert is_recorded
    if is_held:
        assert found is Lost.WAIT


@given(st.uuids())
def test_names(job_id: UUID):
    assert job_id_of(job_name(job_id)) == job_id


@given(st.text())
def test_what_is_no_name(text):
    assert job_id_of(text) is None or text == job_name(job_id_of(text))


@pytest.mark.parametrize(
    ("url", "hosts", "problem"),
    [
        ("https://hooks.example.com/a?b=c", ("hooks.example.com",), ""),
        ("https://HOOKS.example.com:443/", ("hooks.example.com",), ""),
        ("https://a.b.example.com/", ("*.example.com",), ""),
        ("https://example.com/", ("*.example.com",), "not among"),
        ("https://evilexample.com/", ("*.example.com",), "not among"),
        ("https://hooks.example.com:8443/", ("hooks.example.com",), "not among"),
        ("https://hooks.example.com:8443/", ("hooks.example.com:8443",), ""),
        ("https://hooks.example.com/", (), "GATEHOUSE_JOBS_WEBHOOK_HOSTS"),
        ("http://hooks.example.com/", ("hooks.example.com",), "https"),
        ("https://user:secret@hooks.example.com/", ("hooks.example.com",), "password"),
        ("https://hooks.example.com@evil.example/", ("hooks.example.com",), "password"),
        ("https://[::1/", ("hooks.example.com",), "address"),
        ("file:///etc/passwd", ("hooks.example.com",), "address"),
        ("https://hooks.example.com:99999/", ("hooks.example.com",), "address"),
    ],
)
def test_webhooks(url, hosts, problem):
    found = webhook_problem(url, hosts, allows_http=False)
    assert problem in found if problem else found == ""
