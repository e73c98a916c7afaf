"""PURE: a response of OpenAI's Responses API, as a call goes on from an earlier one and is kept for a later one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.conversation import Conversation
    from gateway.events import Event, Finished


@dataclass(slots=True, kw_only=True)
class ResponseRun:
    """What is asked for, by the entrance; what came of it, by `recall response` and `keep response`."""

    wants_store: bool | None
    """None where the caller says nothing: OpenAI stores then."""
    previous_id: str
    references: list[str]
    """Ids of stored items that stand for the items themselves."""
    items: list[Any]
    """The items that this request sends itself, as they came."""
    read: Callable[[list[dict[str, Any]] | None, dict[str, dict[str, Any]] | None], Conversation]
    """The conversation behind the items of earlier responses, with the items that references name."""
    write: Callable[[Call, list[Event], Finished], dict[str, Any]]
    """The response object of the events that the caller saw."""
    is_kept: bool = False
    """Whether it is kept, as far as is known."""
    previous_call: UUID | None = None
    """The call whose response it goes on from."""
    seen: list[Event] = field(default_factory=list)
    """The events that the caller saw, where it is kept."""
    finished: Finished | None = None
    completed_at: int | None = None
    """In seconds since 1970, as it was told first."""

    @property
    def recalls(self) -> bool:
        """Whether something stored has to be looked up first."""
        return bool(self.previous_id or self.references)


def is_reference(item: Any) -> bool:
    """Whether an item only names a stored one."""
    return (
        isinstance(item, dict)
        and isinstance(item.get("id"), str)
        and (item.get("type") == "item_reference" or ("type" not in item and "role" not in item))
    )
