"""PURE: Anthropic. Sources: Anthropic API docs, "Versions", "Rate limits" (response headers), "Errors" (`request-id`)."""

from collections.abc import Callable
from datetime import UTC, datetime

from gateway.providers.anthropic.errors import RULES
from gateway.providers.direct.vendor import Vendor
from gateway.providers.openai.headroom import number_of
from gateway.providers.provider import Attempt, Headroom
from kernel.clock import utc_now

VERSION = "2023-06-01"


def _headers(attempt: Attempt) -> dict[str, str]:
    account = attempt.account
    return {"anthropic-version": VERSION} | ({"x-api-key": account.key} if account is not None else {})


def headroom_of(header: Callable[[str], str], *, now: datetime | None = None) -> Headroom | None:
    """What is left; None where the answer does not say."""
    left = {
        name: number_of(header(f"anthropic-ratelimit-{said}-remaining"))
        for name, said in (
            ("requests", "requests"),
            ("tokens", "tokens"),
            ("input_tokens", "input-tokens"),
            ("output_tokens", "output-tokens"),
        )
    }
    if all(value is None for value in left.values()):
        return None
    resets = [
        seconds
        for said in ("requests", "input-tokens", "output-tokens", "tokens")
        if (seconds := _seconds(header(f"anthropic-ratelimit-{said}-reset"), now or utc_now())) is not None
    ]
    return Headroom(**left, resets_seconds=min(resets, default=None))


def _seconds(text: str, now: datetime) -> float | None:
    """Until a moment as RFC 3339 has it."""
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - now).total_seconds())


ANTHROPIC = Vendor(
    title="Anthropic",
    base_url="https://api.anthropic.com",
    rules=RULES,
    headers=_headers,
    headroom=headroom_of,
    request_id_header="request-id",
    usual_models_path="/v1/models",
)
