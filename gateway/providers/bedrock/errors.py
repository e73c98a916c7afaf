"""PURE: what Bedrock's errors mean to a caller, and whether another deployment may do better."""

import orjson

from gateway.refusals import Refusal

_TEMPORARY = {
    "ThrottlingException": "upstream_throttled",
    "TooManyRequestsException": "upstream_throttled",
    "ServiceQuotaExceededException": "upstream_throttled",
    "ServiceUnavailableException": "upstream_error",
    "InternalServerException": "upstream_error",
    "InternalFailure": "upstream_error",
    "ModelNotReadyException": "upstream_error",
    "ModelErrorException": "upstream_error",
    "ModelStreamErrorException": "upstream_error",
    "ModelTimeoutException": "upstream_timeout",
}
_OPERATORS = {
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
}
_MAX_MESSAGE_LENGTH = 500


def error_type(header: str) -> str:
    """The name of an error in `x-amzn-errortype`, which AWS may follow with `:` and an address."""
    return header.partition(":")[0]


def refusal_of(*, kind: str, status: int, body: bytes, region: str) -> Refusal:
    """The refusal for an error of Bedrock: of a whole answer, or an exception frame (kind in either casing)."""
    kind = kind[:1].upper() + kind[1:]
    message = message_of(body)
    if kind == "ValidationException":
        if "too long" in message.lower() or "context" in message.lower():
            return Refusal("context_length_exceeded", f"The model refused the prompt: {message}")
        return Refusal("invalid_request", f"The model refused the request: {message}")
    if kind in _TEMPORARY:
        code = _TEMPORARY[kind]
        retry_after = 1 if code == "upstream_throttled" else None
        return Refusal(code, f"Bedrock in {region} answered {kind}: {message}", retry_after=retry_after)
    if kind in _OPERATORS:
        return Refusal("upstream_error", f"Bedrock in {region} did not accept Gatehouse's access ({kind}).")
    if kind == "ResourceNotFoundException":
        return Refusal("upstream_error", f"Bedrock in {region} does not have this model: {message}")
    return Refusal("upstream_error", f"Bedrock in {region} answered {kind or status}: {message}")


def may_fail_over(refusal: Refusal) -> bool:
    """Whether another deployment may answer what this one did not.

    Not where the request itself is at fault, nor where this one may yet bill: the hold covers one answer.
    """
    return refusal.is_upstream and not refusal.may_be_billed


def message_of(body: bytes) -> str:
    """What an error answer says, cut to a length that logs can bear."""
    try:
        document = orjson.loads(body)
        text = document.get("message") or document.get("Message") or ""
    except (ValueError, AttributeError):
        return "no message"
    return str(text)[:_MAX_MESSAGE_LENGTH] or "no message"
