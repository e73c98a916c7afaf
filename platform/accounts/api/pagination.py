"""Pages of the management API: each found by the last row of the one before, nothing is ever counted."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from accounts.api.fields import MAX_ID


class IdPages(CursorPagination):
    """In ascending order of an integer id."""

    ordering = "id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Any:
        """DRF's, refusing a position that no page of ours has ever named."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not self.is_position(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def is_position(self, text: str) -> bool:
        """Whether the text can be the key of a row."""
        return text.isascii() and text.isdecimal() and int(text[:20]) <= MAX_ID


class LatestPages(IdPages):
    """The latest first."""

    ordering = "-id"


class UuidPages(IdPages):
    """In order of a UUID."""

    def is_position(self, text: str) -> bool:
        try:
            return str(UUID(text)) == text
        except ValueError:
            return False


class CallPages(UuidPages):
    """Calls, the latest first."""

    ordering = "-call_id"
