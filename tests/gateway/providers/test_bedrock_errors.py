"""What Bedrock's errors mean: the table, and the words that callers get."""

from datetime import UTC, datetime

import orjson
import pytest

from gateway.entrances.formats.anthropic_reply import anthropic_error
from gateway.entrances.formats.aws_errors import converse_error_type
from gateway.entrances.formats.converse_reply import FrameWriter
from gateway.entrances.formats.outgoing import refusal_headers
from gateway.providers.bedrock.errors import error_type, refusal_of, wait_of
from gateway.refusals import STATUS, Refusal, unexpected

V, A, R, T = (
    "ValidationException",
    "AccessDeniedException",
    "ResourceNotFoundException",
    "ThrottlingException",
)
MODEL = "The model returned the following errors: "
CALLER, ADMINS, PROVIDER = "caller", "admins", "provider"
CASES = [
    # Too long, in AWS's and the models' own sentences.
    (V, "Input is too long for requested model.", "context_length_exceeded", CALLER),
    (V, MODEL + "Input is too long for requested model.", "context_length_exceeded", CALLER),
    (V, MODEL + "prompt is too long: 250000 tokens > 200000 maximum", "context_length_exceeded", CALLER),
    (V, MODEL + '{"type":"error","error":{"message":"prompt is too long: 9 tokens > 8 maximum"}}', "context_length_exceeded", CALLER),
    (V, MODEL + "input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000", "context_length_exceeded", CALLER),
    (V, "Input Tokens Exceeded: Number of input tokens exceeds maximum length.", "context_length_exceeded", CALLER),
    (V, MODEL + "This model's maximum context length is 131072 tokens. Please reduce the length of the prompt", "context_length_exceeded", CALLER),
    (V, "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.", "max_tokens_exceeded", CALLER),
    (V, MODEL + "max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens", "max_tokens_exceeded", CALLER),
    # Words alone say nothing.
    (V, "The document name is too long", "invalid_request", CALLER),
    (V, MODEL + "messages.0.content.0: unsupported member contextX", "invalid_request", CALLER),
    (V, "1 validation error detected: Value 'Input is too long for requested model.' at 'system.1.member.text' failed to satisfy constraint: Member must be shorter", "invalid_request", CALLER),
    (V, "2 validation errors detected: Value 'inference profile not found' at 'a' failed", "invalid_request", CALLER),
    (V, "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.", "invalid_request", CALLER),
    (V, "This model doesn't support tool use.", "invalid_request", CALLER),
    ("SerializationException", "Start of list found where not expected", "invalid_request", CALLER),
    # The deployment.
    (V, "The provided model identifier is invalid.", "upstream_error", ADMINS),
    (V, "1 validation error detected: Value 'x y' at 'modelId' failed to satisfy constraint: Member must satisfy regular expression", "upstream_error", ADMINS),
    (V, "Invocation of model ID anthropic.claude-x with on-demand throughput isn\u2019t supported. Retry your request with the ID or ARN of an inference profile that contains this model.", "upstream_error", ADMINS),
    (V, "The provided model doesn't support on-demand throughput.", "upstream_error", ADMINS),
    (V, "The provided inference profile is invalid.", "upstream_error", ADMINS),
    (V, "The model is not supported in this Region.", "upstream_error", ADMINS),
    (V, "Operation not allowed", "upstream_error", ADMINS),
    (R, "Could not find provisioned model", "upstream_error", ADMINS),
    (R, "Could not resolve the foundation model from the provided model identifier.", "upstream_error", ADMINS),
    (R, "This model version has reached the end of its life.", "upstream_error", ADMINS),
    # Access has several meanings.
    (A, "You don't have access to the model with the specified model ID.", "upstream_error", ADMINS),
    (A, "User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:InvokeModel", "upstream_error", ADMINS),
    (A, "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.", "upstream_error", ADMINS),
    (A, "Something else.", "upstream_error", ADMINS),
    ("UnrecognizedClientException", "The security token included in the request is invalid.", "upstream_error", ADMINS),
    ("ExpiredTokenException", "The security token included in the request is expired", "upstream_error", ADMINS),
    # Time, or another region.
    (T, "Too many requests, please wait before trying again.", "upstream_throttled", PROVIDER),
    (T, "Too many tokens, please wait before trying again.", "upstream_throttled", PROVIDER),
    ("ServiceUnavailableException", "Bedrock is unable to process your request.", "upstream_error", PROVIDER),
    ("InternalServerException", "The system encountered an unexpected error during processing. Try your request again.", "upstream_error", PROVIDER),
    ("ModelErrorException", "The request failed due to an error while processing the model.", "upstream_error", PROVIDER),
    ("ModelNotReadyException", "The model is not ready.", "upstream_error", PROVIDER),
    ("ModelTimeoutException", "The request took too long.", "upstream_timeout", PROVIDER),
    ("SomethingNewException", "Context is too long", "upstream_error", PROVIDER),
]  # fmt: skip


def refused(kind: str, message: str, status: int = 400, **more: object) -> Refusal:
    body = orjson.dumps({"message": message, **more})
    return refusal_of(kind=kind, status=status, body=body, region="us-east-1")


@pytest.mark.parametrize("in_stream", [False, True])
@pytest.mark.parametrize(("kind", "message", "code", "fault"), CASES)
def test_the_table(kind, message, code, fault, in_stream):
    refusal = refused(kind[:1].lower() + kind[1:] if in_stream else kind, message)
    assert refusal.code == code
    assert refusal.may_ask_another == (fault != CALLER)
    assert refusal.may_retry == (fault == PROVIDER)
    assert bool(refusal.for_admins) == (fault == ADMINS)
    assert (message[:500] in refusal.message) == (fault != ADMINS)
    if fault == CALLER:
        assert refusal.status == 400
    if fault == ADMINS:
        assert refusal.status == 502
        assert "try again" not in refusal.message.lower()
        assert "123456789012" not in refusal.message
        assert message in refusal.detail


def test_quotas_are_told_to_admins_and_to_callers_as_throttling():
    for kind, message in ((T, "Too many tokens per day, please wait before trying again."), ("ServiceQuotaExceededException", "No.")):  # fmt: skip
        refusal = refused(kind, message)
        assert (refusal.code, refusal.status) == ("upstream_throttled", 429)
        assert refusal.for_admins


def test_the_models_own_error_behind_one_of_the_service():
    refusal = refused(
        "ModelStreamErrorException", "It failed.", originalMessage="Input is too long for requested model."
    )
    assert refusal.code == "context_length_exceeded"


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "upstream_error"), (401, "upstream_error"), (413, "request_too_large"), (429, "upstream_throttled"), (503, "upstream_error")],
)  # fmt: skip
def test_what_has_no_name_goes_by_its_status(status, code):
    assert refused("", "?", status).code == code
    assert refusal_of(kind="", status=status, body=b"<html>", region="r").code == code


def test_names_of_errors():
    assert error_type("ValidationException:http://internal.amazon.com/coral/") == V
    assert error_type("com.amazon.coral.service#ThrottlingException") == T
    assert refused("", "The document is odd.", __type="x#ValidationException").code == "invalid_request"


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"x-amz-retry-after": "10", "retry-after": "30"}, 0.01),
        ({"retry-after": "30"}, 30),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:20 GMT"}, 20),
        ({"retry-after": "Wed, 31 Dec 2025 00:00:20 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 50}, 86400),
        ({"x-amz-retry-after": "-1"}, None),
    ],
)
def test_how_long_aws_asks_to_wait(headers, seconds):
    assert wait_of(lambda name: headers.get(name, ""), now=NOW) == seconds


def test_throttling_is_429_where_a_model_was_asked():
    asked = Refusal("upstream_throttled", "No.")
    assert (asked.status, converse_error_type(asked)) == (429, T)
    assert anthropic_error(asked, None)["error"]["type"] == "rate_limit_error"
    known = Refusal("upstream_throttled", "No.", was_asked=False)
    assert (known.status, converse_error_type(known)) == (503, "ServiceUnavailableException")


def test_a_fault_of_gatehouses_own():
    refusal = unexpected()
    assert (refusal.code, refusal.status) == ("internal_error", 500)
    assert "try again" not in refusal.message
    assert refusal_headers(refusal) == {"x-should-retry": "false"}
    assert converse_error_type(refusal) == "InternalServerException"
    assert b"internalServerException" in FrameWriter().error(refusal)
    assert anthropic_error(refusal, None)["error"]["type"] == "api_error"


@pytest.mark.parametrize("code", STATUS)
def test_every_code_is_an_exception_of_aws(code):
    assert converse_error_type(Refusal(code, "No.")).endswith("Exception")
