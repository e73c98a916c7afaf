"""An idempotency key: how it is read, what it is compared by, and what becomes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.call.idempotency import AWS_HEADER, HEADER, Ending, digests, ending_of, key_of
from gateway.conversation import Conversation
from gateway.refusals import STATUS, Refusal, status_in
from tests.gateway.factories import call_of

SECRET = b"of a team"
NAMES = st.sampled_from(
    [b"x-gatehouse-feature", b"x-gatehouse-prefer", b"anthropic-beta", b"x-amzn-bedrock-trace"]
)
REQUESTS = st.fixed_dictionaries(
    {
        "path": st.binary(max_size=8),
        "query": st.binary(max_size=4),
        "headers": st.dictionaries(NAMES, st.binary(max_size=4), max_size=3),
        "body": st.binary(max_size=16),
    }
)
IGNORED = st.dictionaries(
    st.sampled_from(
        [b"x-stainless-retry-count", b"amz-sdk-request", b"x-request-id", b"traceparent", b"date"]
    ),
    st.binary(max_size=8),
)


@given(text=st.text(min_size=1, max_size=255).filter(str.isprintable))
def test_printable_keys_are_taken(text):
    value = text.encode()
    assert key_of({HEADER: value}, "openai", takes_invocations=False) == b"key:" + value


@given(
    text=st.one_of(
        st.just(""), st.text(min_size=256, max_size=300), st.text(max_size=255).map(lambda t: t + "\x07")
    )
)
def test_others_are_refused(text):
    with pytest.raises(Refusal) as caught:
        key_of({HEADER: text.encode("utf-8", "replace")}, "openai", takes_invocations=False)
    assert (caught.value.code, caught.value.param) == ("invalid_request", "Idempotency-Key")


def test_an_operation_of_an_aws_sdk_is_a_key_where_that_is_switched_on():
    headers = {AWS_HEADER: b"f1"}
    assert key_of(headers, "converse", takes_invocations=False) is None
    assert key_of(headers, "converse", takes_invocations=True) == b"aws:f1"
    assert key_of(headers, "openai", takes_invocations=True) is None
    assert key_of(headers | {HEADER: b"f1"}, "converse", takes_invocations=True) == b"key:f1"


@given(one=REQUESTS, two=REQUESTS, more=IGNORED, key=st.binary(min_size=1))
def test_requests_are_the_same_only_where_nothing_differs_that_changes_the_call(one, two, more, key):
    said = digests(key, secret=SECRET, **one)
    assert said == digests(key, secret=SECRET, **(one | {"headers": one["headers"] | more}))
    assert (said == digests(key, secret=SECRET, **two)) == (one == two)
    other = digests(key, secret=b"of another team", **one)
    assert other.key_digest != said.key_digest
    assert other.request_digest != said.request_digest


REFUSALS = st.builds(Refusal, st.sampled_from(sorted(STATUS)), st.just("Why."), may_retry=st.booleans())


@given(refusal=st.none() | REFUSALS, cost=st.integers(0, 5), is_cancelled=st.booleans())
def test_an_answer_is_kept_and_what_may_be_tried_again_is_free(refusal, cost, is_cancelled):
    call = call_of("", "Hello")
    call.refusal, call.charge.cost_nanos, call.is_cancelled = refusal, cost, is_cancelled
    ending = ending_of(call)
    if refusal is None:
        assert (ending is Ending.KEPT) == (not is_cancelled)
    elif not cost or (refusal.may_retry and refusal.status >= 500):
        assert ending is Ending.FREE
    elif not refusal.may_retry:
        assert ending is Ending.KEPT
    assert isinstance(call.conversation, Conversation)


@pytest.mark.parametrize(
    ("code", "may_retry", "status"),
    [("idempotency_key_in_use", True, 503), ("idempotency_key_spent", False, 400), ("idempotency_key_reused", False, 400)],
)  # fmt: skip
def test_in_bedrocks_formats_only_what_may_be_tried_again_has_a_status_that_its_sdks_try_again(
    code, may_retry, status
):
    assert status_in(Refusal(code, "Why.", may_retry=may_retry), "converse") == status
    assert status_in(Refusal(code, "Why.", may_retry=may_retry), "openai") == STATUS[code]
