"""PURE: what Anthropic's errors mean. Sources: Anthropic API docs, "Errors"; and for sentences docs/bedrock-errors.md, where
the same models write the same."""

from gateway.providers.direct.errors import (
    BROKEN,
    INVALID,
    KEY_REFUSED,
    NO_CREDIT,
    NO_MODEL,
    NOT_ALLOWED,
    THROTTLED,
    TIMED_OUT,
    TOO_LARGE,
    TOO_LONG,
    TOO_MANY_TOKENS,
    ErrorRule,
)

_REFUSED = ("invalid_request_error",)
RULES = (
    ErrorRule(NO_CREDIT, kinds=("billing_error",)),
    ErrorRule(NO_CREDIT, kinds=_REFUSED, sentence=r"^Your credit balance is too low"),
    ErrorRule(
        NOT_ALLOWED,
        kinds=_REFUSED,
        sentence=r"^You have reached your specified (workspace )?API usage limits",
    ),
    ErrorRule(KEY_REFUSED, kinds=("authentication_error",)),
    ErrorRule(NOT_ALLOWED, kinds=("permission_error",)),
    ErrorRule(NO_MODEL, kinds=("not_found_error",)),
    ErrorRule(TOO_LARGE, kinds=("request_too_large",)),
    ErrorRule(TOO_LONG, kinds=_REFUSED, sentence=r"^prompt is too long\b"),
    ErrorRule(TOO_LONG, kinds=_REFUSED, sentence=r"^input length and `?max_tokens`? exceed context limit"),
    ErrorRule(
        TOO_MANY_TOKENS, kinds=_REFUSED, sentence=r"^max_tokens: \d+ > \d+, which is the maximum allowed"
    ),
    ErrorRule(THROTTLED, kinds=("rate_limit_error",)),
    ErrorRule(TIMED_OUT, kinds=("timeout_error",)),
    ErrorRule(BROKEN, kinds=("api_error", "overloaded_error")),
    ErrorRule(INVALID, kinds=_REFUSED),
)
