"""Whether a key has been called with since a moment. What keeps the records says so, where it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import ApiKey


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call that came: `code` is the refusal's, "" where it was answered; `url` leads to its page."""

    call_id: UUID
    at: datetime
    is_answered: bool
    model: str
    code: str
    url: str


_sources: list[Callable[[ApiKey, datetime], SeenCall | None]] = []


def register_calls(source: Callable[[ApiKey, datetime], SeenCall | None]) -> None:
    """Adds what knows the first call of a key since a moment."""
    _sources.append(source)


def first_call(api_key: ApiKey, since: datetime) -> SeenCall | None:
    """The first call with a key since a moment; None where there is none yet."""
    return next((found for source in _sources if (found := source(api_key, since)) is not None), None)
