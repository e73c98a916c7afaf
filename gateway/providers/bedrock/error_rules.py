"""PURE: what each of Bedrock's errors means: one table, its first row that fits decides.

A row is an AWS exception and a sentence that AWS is known to write in it. A single word of a message says nothing: messages
repeat what callers sent. Sources: botocore's model of `bedrock-runtime`, AWS's "Troubleshooting Amazon Bedrock API error
codes", and the public reports named in docs/bedrock-errors.md.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Who can mend it."""

    CALLER = "caller"
    ADMINS = "admins"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `exceptions` and `sentence` say which errors it is of; empty is any."""

    exceptions: tuple[str, ...]
    sentence: str
    code: str
    fault: Fault
    fails_over: bool
    """Whether the next deployment of the route is asked."""
    may_retry: bool
    """Whether the same call may be answered later, so that clients may send it again."""
    tells_admins: bool
    words: str = ""
    """What is wrong, where AWS's own words are not told to callers."""

    def fits(self, exception: str, messages: tuple[str, ...]) -> bool:
        """Whether it is of this error; any of its messages may have the sentence."""
        if self.exceptions and exception not in self.exceptions:
            return False
        return not self.sentence or any(re.search(self.sentence, each, re.IGNORECASE) for each in messages)


ENDED = "the model's life has ended at AWS"
"""Why such a model can't be asked: whoever tells a caller names its successor, too."""
_REFUSED = ("ValidationException", "ModelErrorException", "ModelStreamErrorException")
_DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedException", "ForbiddenException")
_UNSIGNED = (
    "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "ExpiredToken", "RequestExpired",
    "MissingAuthenticationTokenException", "MissingAuthenticationToken", "IncompleteSignatureException",
    "IncompleteSignature", "InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure", "NotAuthorized", "OptInRequired",
)  # fmt: skip
_NOT_FOUND = ("ValidationException", "ResourceNotFoundException", *_DENIED)


def _callers(exceptions: tuple[str, ...], sentence: str, code: str = "invalid_request") -> Rule:
    return Rule(
        exceptions, sentence, code, Fault.CALLER, fails_over=False, may_retry=False, tells_admins=False
    )


def _admins(exceptions: tuple[str, ...], sentence: str, words: str) -> Rule:
    return Rule(
        exceptions, sentence, "upstream_error", Fault.ADMINS,
        fails_over=True, may_retry=False, tells_admins=True, words=words,
    )  # fmt: skip


def _providers(
    *exceptions: str, code: str = "upstream_error", sentence: str = "", tells_admins: bool = False
) -> Rule:
    return Rule(
        exceptions, sentence, code, Fault.PROVIDER,
        fails_over=True, may_retry=True, tells_admins=tells_admins,
        words="a quota of AWS is used up" if tells_admins else "",
    )  # fmt: skip


RULES = (
    # What the service finds wrong with the shape of a request, repeating values of it: looked at before all sentences.
    _admins(("ValidationException",), r"^1 validation error detected: Value '[^']*' at 'modelId' failed", "its model id is not valid"),
    _callers(("ValidationException",), r"^\d+ validation errors? detected"),
    # A prompt that is too long. "Context" or "too long" in a message is no sign of it.
    _callers(_REFUSED, r"^Input is too long\b(?! to)", "context_length_exceeded"),
    _callers(_REFUSED, r"^prompt is too long\b", "context_length_exceeded"),
    _callers(_REFUSED, r"^input length and `?max_tokens`? exceed context limit", "context_length_exceeded"),
    _callers(_REFUSED, r"^Input Tokens Exceeded", "context_length_exceeded"),
    _callers(_REFUSED, r"^Too many input tokens", "context_length_exceeded"),
    _callers(_REFUSED, r"^too many tokens: (total|size)", "context_length_exceeded"),
    _callers(_REFUSED, r"^This model.s maximum context length is \d+", "context_length_exceeded"),
    _callers(_REFUSED, r"^(Input validation error: )?Prompt contains \d+ tokens.*, too large for model with \d+ maximum context length", "context_length_exceeded"),
    # More output than the model gives.
    _callers(_REFUSED, r"^The maximum tokens you requested exceeds the model limit", "max_tokens_exceeded"),
    _callers(_REFUSED, r"^max_tokens: \d+ > \d+, which is the maximum allowed", "max_tokens_exceeded"),
    # What is wrong with the deployment, not with the request.
    _admins(("ValidationException",), r"^The provided model identifier is invalid", "its model id is not valid"),
    _admins(("ValidationException",), r"on-demand throughput isn.t supported|support on-demand throughput", "the model must be called by an inference profile or with provisioned throughput"),
    _admins(("ValidationException",), r"^Invocation of model ID \S+ (isn.t|is not) supported", "the model can't be called by this id"),
    _admins(("ValidationException",), r"^(The |This )?(provided |requested )?model\b[^.]{0,150}\b(isn.t|is not|not) (supported|available) in (this|the|your)\b[^.]{0,60}\b(region|account)", "the model is not in this region"),
    _admins(("ValidationException",), r"^(The |This )?(provided |requested |specified )?model\b[^.]{0,150}\bis (not|no longer) available", "the model is not available there"),
    _admins(("ValidationException",), r"^(The |This )?(provided |requested |specified |given )?(application |system-defined )?inference profile\b[^.]{0,200}\b(not|invalid|isn.t|doesn.t|can.t|could not)\b", "its inference profile is not valid"),
    _admins(("ValidationException",), r"^(Could not find|Invalid) (the )?inference profile", "its inference profile is not valid"),
    _admins(_NOT_FOUND, r"provisioned (model|throughput)\b[^.]{0,200}\b(not|isn.t|doesn.t|invalid|no)\b|could not find (the )?provisioned", "its provisioned throughput is not there"),
    _admins(("ValidationException",), r"^(The )?(provided |specified |given )?(model )?ARN\b[^.]{0,200}\b(invalid|isn.t valid|not valid|malformed|not found)", "its ARN is not valid"),
    _admins(("ValidationException",), r"^Operation not allowed", "AWS does not let this account call it"),
    _admins(("ValidationException",), r"^data retention mode", "the account's data retention does not fit the model"),
    _admins(_NOT_FOUND, r"end of its life|marked by provider as legacy", ENDED),
    _admins(_NOT_FOUND, r"use case details have not been submitted", "access to the model is not granted"),
    _admins(("ValidationException",), r"^Access to (this|the) model\b|^You don.t have access to (this|the) model\b", "access to the model is not granted"),
    # AccessDeniedException has several meanings.
    _admins(("AccessDeniedException", "ValidationException"), r"^You invoked an unsupported model or your request did not allow prompt caching", "the model does not allow prompt caching there"),
    _admins(_DENIED, r"access to (the|this) model|access to .{0,80}models? is|model access is denied|marketplace", "access to the model is not granted"),
    _admins(_DENIED, r"not authorized to perform|explicit deny|not authorized to invoke", "Gatehouse's role may not call it"),
    _admins(_DENIED, r"security token|api key|bearer token|authentication failed|signature", "Gatehouse's credentials are not accepted"),
    _admins(_DENIED, "", "AWS does not give Gatehouse access"),
    _admins(_UNSIGNED, "", "Gatehouse's credentials are not accepted"),
    _admins(("ResourceNotFoundException",), "", "the model is not there"),
    _admins(("UnknownOperationException",), "", "this region has no such operation"),
    # What waiting mends, or another region.
    _providers("ThrottlingException", "TooManyRequestsException", sentence=r"per day", code="upstream_throttled", tells_admins=True),
    _providers("ThrottlingException", "TooManyRequestsException", code="upstream_throttled"),
    _providers("ServiceQuotaExceededException", code="upstream_throttled", tells_admins=True),
    _providers("ModelTimeoutException", code="upstream_timeout"),
    _providers(
        "ServiceUnavailableException", "InternalServerException", "InternalFailure", "ModelNotReadyException",
        "ModelErrorException", "ModelStreamErrorException", "ConflictException",
    ),
    _callers(("ValidationException", "SerializationException"), ""),
    _callers(("RequestEntityTooLargeException",), "", "request_too_large"),
)  # fmt: skip
_BY_STATUS = (
    (lambda status: status in (401, 403), _admins((), "", "AWS does not give Gatehouse access")),
    (lambda status: status == 413, _callers((), "", "request_too_large")),
    (lambda status: status == 429, _providers(code="upstream_throttled")),
    (lambda status: True, _providers()),
)
"""Of exceptions that the table does not know."""


def rule_of(exception: str, status: int, messages: tuple[str, ...]) -> Rule:
    """The row that says what an error means."""
    found = next((rule for rule in RULES if rule.fits(exception, messages)), None)
    return found or next(rule for fits, rule in _BY_STATUS if fits(status))
