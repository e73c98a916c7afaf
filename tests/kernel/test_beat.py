"""Beat, where its host's clock was wrong."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery

from kernel.beat import Scheduler


@pytest.fixture
def app() -> Celery:
    made = Celery("beat", broker="memory://", set_as_current=False)
    made.conf.beat_schedule = {"often": {"task": "often", "schedule": 1.0}}
    return made


def scheduler(app: Celery, folder: Path) -> Scheduler:
    made = Scheduler(app, schedule_filename=str(folder / "schedule"))
    made.sent = []
    made.apply_entry = lambda entry, producer=None: made.sent.append(entry.name)
    return made


def ran_two_days_ahead(made: Scheduler) -> None:
    made.schedule["often"].last_run_at = made.schedule["often"].default_now() + timedelta(days=2)
    made.sync()


def goes_on(made: Scheduler) -> bool:
    for _ in range(500):
        time.sleep(min(max(made.tick(), 0.01), 0.1))
        if made.sent:
            return True
    return False


def test_it_goes_on_behind_a_restart_with_times_that_are_yet_to_come(app, tmp_path):
    first = scheduler(app, tmp_path)
    ran_two_days_ahead(first)
    first.close()
    again = scheduler(app, tmp_path)
    assert goes_on(again)
    again.close()


def test_it_goes_on_when_its_clock_is_set_right(app, tmp_path, monkeypatch):
    made = scheduler(app, tmp_path)
    assert goes_on(made)
    right = time.time
    monkeypatch.setattr("kernel.beat.time.time", lambda: right() + 2 * 86_400)
    made.tick()
    ran_two_days_ahead(made)
    made._heap = None
    made.sent.clear()
    made.tick()
    assert not made.sent
    monkeypatch.setattr("kernel.beat.time.time", right)
    assert goes_on(made)
    made.close()
