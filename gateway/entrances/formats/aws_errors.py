"""PURE: refusals as AWS's exceptions, in Bedrock's own formats.

SDKs of AWS go by the name of an exception and by its status: they try again what is throttled, and 500, 502, 503 and 504. So
no code is left to chance, and what is certain to fail again has neither (`gateway.refusals.status_in`).

Sources: botocore's models of `bedrock-runtime` (its exceptions, and those of its streams); botocore/retries/standard.py;
@smithy/service-error-classification.
"""

from typing import Any

import orjson

from gateway.refusals import Refusal
from gateway.wire.eventstream import Frame, encode

_BY_CODE = {
    "model_not_found": "ResourceNotFoundException",
    "no_suitable_model": "ResourceNotFoundException",
    "prompt_not_found": "ResourceNotFoundException",
    "not_cached": "ResourceNotFoundException",
    "method_not_allowed": "UnknownOperationException",
    "contract_failed": "ModelErrorException",
    "invalid_api_key": "UnrecognizedClientException",
    "idempotency_key_in_use": "ServiceUnavailableException",
    "upstream_throttled": "ThrottlingException",
    "upstream_timeout": "ModelTimeoutException",
    "upstream_error": "InternalServerException",
}
_BY_STATUS = {
    401: "UnrecognizedClientException",
    402: "ServiceQuotaExceededException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
    504: "ModelTimeoutException",
}
"""Of all else, what is wrong with the request is a ValidationException, and the rest an InternalServerException."""
_PASSED_ON = frozenset(
    {"InternalServerException", "ServiceUnavailableException", "ModelErrorException", "ModelStreamErrorException",
     "ModelTimeoutException", "ModelNotReadyException", "ThrottlingException"}
)  # fmt: skip
"""Bedrock's own that a caller may know how to take."""
_FOR_NOW = frozenset({"ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException"})
"""What SDKs try again by its name."""
_IN_STREAMS = {
    "ThrottlingException": "throttlingException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "ModelErrorException": "modelStreamErrorException",
    "ModelStreamErrorException": "modelStreamErrorException",
    "ModelTimeoutException": "modelStreamErrorException",
    "ModelNotReadyException": "modelStreamErrorException",
    "InternalServerException": "internalServerException",
}
"""The five that a stream of Converse knows; what the caller can mend is a validationException."""


def converse_error_type(refusal: Refusal) -> str:
    """The AWS exception that a refusal is told as."""
    name = _name(refusal)
    if refusal.may_retry or name not in _FOR_NOW:
        return name
    return "ServiceQuotaExceededException" if name == "ThrottlingException" else "InternalServerException"


def _name(refusal: Refusal) -> str:
    if refusal.is_upstream and refusal.exception in _PASSED_ON:
        return refusal.exception
    if not refusal.was_asked:
        return "ServiceUnavailableException"
    if refusal.code == "not_found":  # an address, or what a parameter of the request names
        return "UnknownOperationException" if refusal.param is None else "ResourceNotFoundException"
    usual = "ValidationException" if refusal.status < 500 else "InternalServerException"
    return _BY_CODE.get(refusal.code) or _BY_STATUS.get(refusal.status, usual)


def converse_error(refusal: Refusal) -> dict[str, Any]:
    """The body of an error. AWS has the message alone; the code is Gatehouse's own."""
    return {"message": refusal.message, "code": refusal.code}


def exception_frame(refusal: Refusal, *, has_timeouts: bool = False) -> bytes:
    """How Bedrock ends a stream that failed. Streams of InvokeModel have an exception of timeouts, too."""
    name = converse_error_type(refusal)
    if refusal.code == "upstream_error" and not refusal.exception:
        name = "ModelStreamErrorException"  # the answer broke off
    if has_timeouts and name == "ModelTimeoutException":
        kind = "modelTimeoutException"
    else:
        kind = _IN_STREAMS.get(name, "validationException")
    return encode(Frame("exception", kind, orjson.dumps({"message": refusal.message})))
