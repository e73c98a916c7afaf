"""Whether background work is done: by queue, as told to operators."""

from datetime import UTC, datetime, timedelta

import pytest

from config.celery import SCHEDULE
from governance.limits.models import WorkerPulse
from governance.limits.services.pulses import what_is_silent
from governance.limits.tasks import pulse
from kernel.background import app
from kernel.background_queues import QUEUES, ROUTES
from kernel.clock import utc_now

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_what_is_silent_is_named():
    assert "beat" in what_is_silent(now=NOW)
    for queue in QUEUES:
        pulse(queue)
    assert what_is_silent(now=utc_now()) == ""
    WorkerPulse.objects.filter(queue="documents").update(at=utc_now() - timedelta(minutes=10))
    assert (
        what_is_silent(now=utc_now())
        == "Nobody works on: documents. Start a Celery worker with -Q documents."
    )


def test_each_route_is_of_a_task_and_each_periodic_task_expires_before_it_comes_again():
    app.autodiscover_tasks(force=True)
    assert set(ROUTES) <= set(app.tasks)
    assert {entry["queue"] for entry in ROUTES.values()} < set(QUEUES)
    for name, entry in SCHEDULE.items():
        if isinstance(entry["schedule"], float):
            assert entry["options"]["expires"] <= entry["schedule"], name
