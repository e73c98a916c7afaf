"""What the ids of calls say."""

from datetime import UTC, datetime
from uuid import UUID


def time_of(call_id: UUID) -> datetime:
    """When a version 7 UUID was made."""
    return datetime.fromtimestamp((call_id.int >> 80) / 1000, tz=UTC)
