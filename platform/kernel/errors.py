"""What can go wrong by what somebody asks for: one family, with a stable code and an HTTP status each.

Services and policy raise members of it; the management API, the admin and the commands each turn any of them into an
answer in one place. The gateway's callers have a family of their own, in `gateway.refusals`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar


class DomainError(Exception):
    """Something that can't be done as it was asked. The message says what to do, in words for people.

    `fields` are messages by field, where it lies with what was typed there; `details` are further members of the answer.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    field: ClassVar[str] = ""
    """The field it usually lies with; empty: none."""
    default: ClassVar[str] = ""
    """What it says where nothing else is said."""

    def __init__(
        self, message: str = "", *, fields: Mapping[str, Sequence[str]] | None = None, **details: Any
    ) -> None:
        super().__init__(message or self.default)
        self._fields = fields
        self.details = details
        self.is_invalid = False

    @property
    def fields(self) -> dict[str, list[str]]:
        """Messages by field; none where it lies with no field."""
        if self._fields is not None:
            return {name: list(texts) for name, texts in self._fields.items()}
        return {self.field: [str(self)]} if self.field else {}

    @property
    def messages(self) -> list[str]:
        """All that is to be said, without the names of fields."""
        return [text for texts in self.fields.values() for text in texts] or [str(self)]

    def put_at(self, field: str) -> None:
        """Says that it lies with what was sent: in a field, or, without one, as a whole."""
        self.is_invalid, self._fields = True, {field: [str(self)]} if field else {}


class InvalidError(DomainError, ValueError):
    """What was sent can't be used."""

    code = "invalid"


class ForbiddenError(DomainError):
    """The person may not do this, and is told who may."""

    code = "permission_denied"
    status = 403


class MissingError(DomainError):
    """What is asked for is not there."""

    code = "not_found"
    status = 404


class ConflictError(DomainError, ValueError):
    """What is asked does not go with how things are."""

    code = "conflict"
    status = 409


class GoneError(DomainError):
    """It was there, and never will be again."""

    code = "gone"
    status = 410


class UnavailableError(DomainError):
    """Something that this takes does not answer now. Trying again can help."""

    code = "unavailable"
    status = 503


@contextmanager
def at(field: str = "") -> Iterator[None]:
    """Whatever goes wrong within lies with what was sent in a field, or, without one, with the whole of it."""
    try:
        yield
    except DomainError as error:
        error.put_at(field)
        raise
