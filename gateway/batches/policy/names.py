"""PURE: ids of files and batches as callers have them."""

import re
from uuid import UUID

_FILE, _BATCH = re.compile(r"file-([0-9a-f]{32})"), re.compile(r"batch_([0-9a-f]{32})")


def file_name(file_id: UUID) -> str:
    return f"file-{file_id.hex}"


def batch_name(batch_id: UUID) -> str:
    return f"batch_{batch_id.hex}"


def file_id_of(name: str) -> UUID | None:
    """The id of a file by what callers have; None for what is none."""
    match = _FILE.fullmatch(name)
    return UUID(hex=match[1]) if match is not None else None


def batch_id_of(name: str) -> UUID | None:
    """The same of a batch."""
    match = _BATCH.fullmatch(name)
    return UUID(hex=match[1]) if match is not None else None
