"""Refusals as AWS's SDKs take them: each has a name of AWS's, and is tried again by them only where that may help."""

import pytest
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from botocore.session import Session

from gateway.entrances.formats.aws_errors import converse_error_type, exception_frame
from gateway.refusals import STATUS, Refusal, status_in
from gateway.wire.eventstream import Decoder

RUNTIME = Session().get_service_model("bedrock-runtime")
TRANSIENT = set(TransientRetryableChecker._TRANSIENT_STATUS_CODES)
THROTTLED = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
COMMON = {"UnknownOperationException", "UnrecognizedClientException"}
"""Of all of AWS's services."""
FOR_GOOD = frozenset(code for code, status in STATUS.items() if status < 500 and status != 429) - {
    "idempotency_key_in_use"
}
"""What the caller has to change something for."""


def is_tried_again(refusal: Refusal) -> bool:
    """As botocore decides it, and AWS's other SDKs."""
    return status_in(refusal, "invoke") in TRANSIENT or converse_error_type(refusal) in THROTTLED


@pytest.mark.parametrize("code", STATUS)
def test_every_refusal_has_a_name_and_is_tried_again_where_that_helps(code):
    for may_retry in (True, False):
        refusal = Refusal(code, "No.", may_retry=may_retry)
        name = converse_error_type(refusal)
        assert name in COMMON | {shape.name for shape in RUNTIME.error_shapes}
        assert is_tried_again(refusal) == (may_retry and code not in FOR_GOOD), name
        assert 400 <= status_in(refusal, "converse") < 600
        assert status_in(refusal, "openai") == STATUS[code]


NAMES = {
    "rate_limited": "ThrottlingException",
    "budget_exceeded": "ServiceQuotaExceededException",
    "model_not_allowed": "AccessDeniedException",
    "model_not_found": "ResourceNotFoundException",
    "not_found": "UnknownOperationException",
    "request_too_large": "ValidationException",
    "unsure": "ValidationException",
    "overloaded": "ServiceUnavailableException",
    "internal_error": "InternalServerException",
}


@pytest.mark.parametrize(("code", "name"), NAMES.items())
def test_the_names_of_some(code, name):
    assert converse_error_type(Refusal(code, "No.")) == name


def test_what_bedrock_said_is_passed_on_where_it_may_be_mended():
    said = Refusal("upstream_error", "No.", exception="ServiceUnavailableException")
    assert converse_error_type(said) == "ServiceUnavailableException"
    for_good = Refusal("upstream_error", "No.", exception="ThrottlingException", may_retry=False)
    assert converse_error_type(for_good) == "ServiceQuotaExceededException"


@pytest.mark.parametrize("code", STATUS)
@pytest.mark.parametrize(
    ("shape", "has_timeouts"), [("ConverseStreamOutput", False), ("ResponseStream", True)]
)
def test_errors_within_streams_are_the_streams_own(code, shape, has_timeouts):
    (frame,) = Decoder().feed(exception_frame(Refusal(code, "No."), has_timeouts=has_timeouts))
    assert frame.message_type == "exception"
    assert frame.event_type in RUNTIME.shape_for(shape).members
