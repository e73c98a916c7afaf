"""Jobs in any state."""

from datetime import timedelta
from typing import Any

from accounts.models import ApiKey, Team
from gateway.jobs.models import Job
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.accounts.factories import make_application, make_key

DAY = timedelta(days=1)


def make_job(team: Team, *, key: ApiKey | None = None, **fields: Any) -> Job:
    """A job of a team that waits, unless told otherwise; what was asked is bytes that nobody can open."""
    if key is None:
        application = team.applications.first() or make_application(team)
        key = application.api_keys.first() or make_key(application).api_key
    now = utc_now()
    values = {
        "id": new_id(), "team": team, "application": key.application, "api_key": key, "path": "/v1/chat/completions",
        "model": "nova-lite", "digest": b"d", "generation": 1, "request": b"sealed", "created_at": now, "deadline_at": now + DAY,
        "not_before": now,
    }  # fmt: skip
    return Job.objects.create(**{**values, **fields})
