"""PURE: the one error family of the gateway. Each wire format words it in its own shape."""

from dataclasses import dataclass
from math import ceil

STATUS = {
    "invalid_request": 400,
    "context_length_exceeded": 400,
    "max_tokens_exceeded": 400,
    "unpriced_model": 400,
    "previous_response_not_found": 400,
    "pii_blocked": 400,
    "content_blocked": 400,
    "invalid_api_key": 401,
    "budget_exceeded": 402,
    "model_not_allowed": 403,
    "ip_not_allowed": 403,
    "not_found": 404,
    "model_not_found": 404,
    "no_suitable_model": 404,
    "prompt_not_found": 404,
    "not_cached": 404,
    "method_not_allowed": 405,
    "idempotency_key_in_use": 409,
    "idempotency_key_spent": 409,
    "request_too_large": 413,
    "unsupported_encoding": 415,
    "contract_failed": 422,
    "unsure": 422,
    "idempotency_key_reused": 422,
    "rate_limited": 429,
    "loop_detected": 429,
    "upstream_throttled": 429,
    "internal_error": 500,
    "upstream_error": 502,
    "overloaded": 503,
    "not_auditable": 503,
    "upstream_timeout": 504,
}
"""HTTP status by code. The codes are stable: callers may depend on them."""


@dataclass(slots=True)
class Refusal(Exception):
    """Why a call does not go on: a stable code, a message that says what to do, the offending parameter if one is."""

    code: str
    message: str
    param: str | None = None
    retry_after: int | None = None
    wait_seconds: float | None = None
    """For how long the provider asks to leave it alone, where it says so."""
    may_be_billed: bool = False
    """Whether the model may have done its work although no answer came: then no other deployment is asked too."""
    may_retry: bool = True
    """Whether the same call may be answered later, so that clients may try it again of themselves."""
    may_fail_over: bool = True
    """Whether another deployment may answer it, where the model's side failed."""
    said_nothing: bool = False
    """Whether the model's answer ended without a block."""
    was_asked: bool = True
    """Whether a model was asked at all, rather than all of them known to be out."""
    exception: str = ""
    """The name of the provider's own error, where it was one."""
    for_admins: str = ""
    """What only administrators can mend, in a few words, where that is so; `detail` is what the provider said of it."""
    detail: str = ""

    @property
    def may_ask_another(self) -> bool:
        """Whether another deployment may answer what this one did not: not where the request itself is at fault, nor where
        this one may yet bill, since the hold covers one answer."""
        return self.is_upstream and self.may_fail_over and not self.may_be_billed

    @property
    def status(self) -> int:
        return STATUS[self.code] if self.was_asked else 503

    @property
    def is_upstream(self) -> bool:
        """Whether the model's side failed, rather than a rule of Gatehouse refusing."""
        return self.code.startswith("upstream_")

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


BEDROCK_FORMATS = frozenset({"converse", "invoke", "bedrock"})
"""The formats that AWS's SDKs speak."""
_FAILED_DEPENDENCY = 424
_IN_BEDROCK = {"idempotency_key_in_use": 503, "idempotency_key_spent": 400, "idempotency_key_reused": 400}
"""Codes whose status no exception of Bedrock's has. botocore tries 503 again, and 409 not."""


def status_in(refusal: Refusal, wire_format: str) -> int:
    """The HTTP status of a refusal as a format tells it.

    SDKs of OpenAI and Anthropic obey a header that says whether to try again; AWS's go by the status alone, so what would
    fail again has there one that they do not try again: 424, which Bedrock's own ModelErrorException has, or 400.
    """
    status = refusal.status
    if wire_format not in BEDROCK_FORMATS:
        return status
    if refusal.code in _IN_BEDROCK:
        return _IN_BEDROCK[refusal.code] if refusal.may_retry else 400
    if refusal.may_retry:
        return status
    if status >= 500:
        return _FAILED_DEPENDENCY
    return 400 if status == 429 else status


_MIN_WAIT, _MAX_WAIT = 3, 20


def wait_after(seconds: float) -> int:
    """What `Retry-After` says while something has been away for so long: the longer, the longer it may yet be.

    SDKs try twice again by default, and take what the header says up to a minute (openai-python, `_base_client.py`:
    `_calculate_retry_timeout`): two times two seconds would end before most restarts and failovers do, and a first wait that
    is long holds up calls that would go through at once.
    """
    return min(_MAX_WAIT, _MIN_WAIT + ceil(3 * max(seconds, 0.0)))


def too_large(most: int) -> Refusal:
    """The refusal of a request of more bytes than are taken."""
    return Refusal("request_too_large", f"The request is over {most} bytes, the most Gatehouse takes.")


def too_deep() -> Refusal:
    """The refusal of a request that is nested too deeply somewhere within what is read as it is."""
    text = "The request is nested too deeply: a schema, an argument or a result goes on and on."
    return Refusal("invalid_request", text)


def unexpected() -> Refusal:
    """What a caller is told when Gatehouse itself is at fault: nothing of the fault."""
    return Refusal(
        "internal_error",
        "Gatehouse could not handle this call, through a fault of its own. It has been logged for its operators.",
        may_retry=False,
    )
