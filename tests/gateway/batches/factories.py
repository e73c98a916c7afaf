"""Batches and files in any state."""

from datetime import timedelta
from typing import Any

from accounts.models import ApiKey, Team
from gateway.batches.models import Batch, StoredFile
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.accounts.factories import make_application, make_key

DAY = timedelta(days=1)


def key_of(team: Team) -> ApiKey:
    application = team.applications.first() or make_application(team)
    found: ApiKey = application.api_keys.first() or make_key(application).api_key
    return found


def make_batch(team: Team, *, key: ApiKey | None = None, **fields: Any) -> Batch:
    """A batch of a team that has just been sent, unless told otherwise; its headers are bytes that nobody can open."""
    key, now = key or key_of(team), utc_now()
    values = {
        "id": new_id(), "team": team, "application": key.application, "api_key": key, "input_file_id": new_id(), "model": "nova-lite",
        "endpoint": "/v1/chat/completions", "generation": 1, "request": b"sealed", "digest": b"d", "created_at": now,
        "deadline_at": now + DAY,
    }  # fmt: skip
    return Batch.objects.create(**{**values, **fields})


def make_file(team: Team, *, key: ApiKey | None = None, **fields: Any) -> StoredFile:
    """A file that is whole."""
    key, now = key or key_of(team), utc_now()
    values = {
        "id": new_id(), "team": team, "application": key.application, "name": "calls.jsonl", "purpose": "batch", "is_whole": True,
        "bytes": 2, "generation": 1, "created_at": now, "expires_at": now + DAY,
    }  # fmt: skip
    return StoredFile.objects.create(**{**values, **fields})
