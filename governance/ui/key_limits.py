"""How requests of an API key are counted that reach a page or the management API and not the gateway."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import ApiKey

_limit: "Callable[[ApiKey], int] | None" = None


def register_limit(limit: "Callable[[ApiKey], int]") -> None:
    """Tells who counts them."""
    global _limit
    _limit = limit


def seconds_to_wait(api_key: "ApiKey") -> int:
    """Counts one request of the key. 0: it may pass; else in how many seconds there is room again."""
    return 0 if _limit is None else _limit(api_key)
