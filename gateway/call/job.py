"""PURE: a job, as the call that is made of it knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.events import Event, Finished

_FOR_WANT_OF_ROOM = frozenset({"rate_limited", "overloaded"})


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What batch inference said to a line: Converse's answer, or an error's code and message."""

    deployment_id: int
    answer: bytes = b""
    code: str = ""
    message: str = ""

    @property
    def is_made(self) -> bool:
        """Whether there is something of it; not while its line is written for S3."""
        return bool(self.answer or self.code)


class JobRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, as it is sealed until the job has ended. `path` is the entrance's, `raw_path` as it was sent."""

    path: str
    raw_path: bytes
    headers: list[tuple[bytes, bytes]]
    client_ip: str | None
    body: bytes
    record: Record | None = None
    """Of a line that batch inference has made: the model was asked already."""


class JobAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the entrance would have answered, as it is sealed."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class BatchShare:
    """The batch that a job is a line of: what its call can cost is held there already."""

    id: UUID
    created_at: datetime
    """In whose budget periods it is charged."""
    drawn_nanos: int = 0
    """What its call took of the batch's hold. By `reserve`."""


@dataclass(slots=True, kw_only=True)
class JobRun:
    """One attempt at a job. Set by the entrance; `answer` by `keep answer`."""

    id: UUID
    write: Callable[[Call, list[Event], Finished], JobAnswer]
    """What the caller is told of the events that he would have seen."""
    batch: BatchShare | None = None
    record: Record | None = None
    """What the model has said already."""
    is_kept: bool = True
    """That its events are noted while they pass."""
    seen: list[Event] = field(default_factory=list)
    finished: Finished | None = None
    answer: JobAnswer | None = None
    """What the caller is told."""
    is_stored: bool = False
    """Whether that is kept already."""
    is_stopped: bool = False
    """Whether its caller has cancelled it: no model was asked, or is asked any more."""

    def is_put_back(self, call: Call) -> bool:
        """Whether the attempt found no room before anything was held or asked: it is no call then, and leaves no record."""
        refusal = call.refusal
        return (
            refusal is not None
            and refusal.may_retry
            and refusal.code in _FOR_WANT_OF_ROOM
            and call.hold is None
        )
