"""PURE: Perplexity: OpenAI's chat completions with members of its own, and the web's pages behind each answer.

Sources: Perplexity API docs, "Chat completions", "Pricing" (a fee for each request by the size of the search context; `low`
is sent, so that the price which holds is the one that is known), "Errors"; perplexityai-python, `_exceptions.py`.
"""

from gateway.providers.direct.errors import (
    INVALID,
    KEY_REFUSED,
    NO_CREDIT,
    NO_MODEL,
    THROTTLED,
    TOO_LONG,
    ErrorRule,
)
from gateway.providers.direct.vendor import Vendor
from gateway.providers.openai.dialect import Dialect
from gateway.providers.openai.headroom import headroom_of
from gateway.providers.openai.vendor import bearer

DIALECT = Dialect(
    always={"web_search_options": {"search_context_size": "low"}},
    takes_strict=False,
    searches=True,
    stream_options=False,
)
RULES = (
    ErrorRule(NO_CREDIT, kinds=("insufficient_quota",)),
    ErrorRule(NO_CREDIT, (401, 402, 403), sentence=r"^You exceeded your current quota"),
    ErrorRule(KEY_REFUSED, (401,)),
    ErrorRule(NO_MODEL, (400, 404), kinds=("invalid_model",)),
    ErrorRule(NO_MODEL, (400,), sentence=r"^Invalid model '"),
    ErrorRule(TOO_LONG, (400,), sentence=r"maximum context length"),
    ErrorRule(THROTTLED, kinds=("rate_limit_exceeded", "too_many_requests")),
    ErrorRule(INVALID, (400, 422)),
)
PERPLEXITY = Vendor(
    title="Perplexity",
    base_url="https://api.perplexity.ai",
    rules=RULES,
    headers=bearer,
    headroom=headroom_of,
    request_id_header="x-request-id",
    usual_models_path="",
)
