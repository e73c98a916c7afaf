"""PURE: what OpenAI's errors mean. Sources: OpenAI API docs, "Error codes"; openai-python, `_exceptions.py`; and for sentences the
reports named beside them."""

from gateway.providers.direct.errors import (
    BROKEN,
    INVALID,
    KEY_REFUSED,
    NO_CREDIT,
    NO_MODEL,
    NOT_ALLOWED,
    THROTTLED,
    TOO_LONG,
    TOO_MANY_TOKENS,
    ErrorRule,
)

RULES = (
    ErrorRule(NO_CREDIT, kinds=("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")),
    ErrorRule(KEY_REFUSED, kinds=("invalid_api_key", "authentication_error", "account_deactivated")),
    ErrorRule(KEY_REFUSED, statuses=(401,)),
    # continuedev/continue#11336, simonw/llm#1213: at Gemini's address a key that is wrong or has expired is a 400.
    ErrorRule(KEY_REFUSED, (400,), sentence=r"^API key (not valid|expired)"),
    ErrorRule(
        NO_MODEL, kinds=("model_not_found", "model_not_available")
    ),  # 404, and 403 where a project may not use it
    ErrorRule(NOT_ALLOWED, statuses=(403,)),
    ErrorRule(TOO_LONG, kinds=("context_length_exceeded",)),
    # BerriAI/litellm#3259: vLLM and others tell it in words alone.
    ErrorRule(TOO_LONG, (400,), sentence=r"^This model.s maximum context length is \d+"),
    ErrorRule(
        TOO_MANY_TOKENS,
        (400,),
        sentence=r"^(max_tokens|max_completion_tokens) is too large: \d+|^Invalid '?max_(completion_)?tokens",
    ),
    ErrorRule(THROTTLED, kinds=("rate_limit_exceeded", "rate_limit_error", "requests", "tokens")),
    ErrorRule(BROKEN, kinds=("server_error", "internal_error", "engine_overloaded", "service_unavailable")),
    ErrorRule(INVALID, kinds=("invalid_request_error",), statuses=(200, 400, 409, 422)),
)
