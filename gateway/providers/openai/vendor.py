"""PURE: OpenAI, and any address that speaks as it does."""

from gateway.providers.direct.vendor import Vendor
from gateway.providers.openai.errors import RULES
from gateway.providers.openai.headroom import headroom_of
from gateway.providers.provider import Attempt


def bearer(attempt: Attempt) -> dict[str, str]:
    """The key of the account."""
    account = attempt.account
    return {"authorization": f"Bearer {account.key}"} if account is not None else {}


def _headers(attempt: Attempt) -> dict[str, str]:
    """The key, and the call's id, by which OpenAI finds a request again (API reference: Debugging requests)."""
    headers = bearer(attempt)
    if attempt.call_id:
        headers["x-client-request-id"] = attempt.call_id
    if attempt.account is not None and attempt.account.organisation:
        headers["openai-organization"] = attempt.account.organisation
    return headers


OPENAI = Vendor(
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    rules=RULES,
    headers=_headers,
    headroom=headroom_of,
    request_id_header="x-request-id",
)
COMPATIBLE = Vendor(
    title="The model's provider",
    base_url="",
    rules=RULES,
    headers=bearer,
    headroom=headroom_of,
    request_id_header="x-request-id",
)
