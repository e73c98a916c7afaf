"""The Celery application, made where work is queued or done: most processes do neither, and start without it."""

import logging
import os
from datetime import datetime
from typing import Any

from celery import Celery, Task

from kernel.clock import utc_now
from kernel.faults import fault_of, is_away
from kernel.postgres_clock import follow_postgres

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# The outcome of Django's checks is thrown away there, and making them takes longer than all else that a worker's start does.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

logger = logging.getLogger(__name__)

_MAX_PAUSE_SECONDS = 60
_MAX_RETRIES = 20
"""Pauses of 1, 2, 4 … 60 seconds: a quarter of an hour. What comes again by the schedule before that, takes its place (`expires`)."""


class PatientTask(Task):  # type: ignore[misc]
    """Any task of ours: it goes by Postgres' time, and one that meets an outage is tried again. A fault of our own ends it, with a
    traceback in the log (kernel/bugs.py counts it)."""

    Request = "kernel.background_clock:Request"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:
            return self.run(*args, **kwargs)
        try:
            # What tasks delete, end or expire goes by Postgres' time, whatever the worker's clock says.
            follow_postgres()
            return self.run(*args, **kwargs)
        except Exception as error:
            if not is_away(error):
                raise
            pause = min(2**self.request.retries, _MAX_PAUSE_SECONDS)
            logger.warning(
                "%s: %s (%s), again in %d s", self.name, fault_of(error), type(error).__name__, pause
            )
            raise self.retry(exc=error, countdown=pause, max_retries=_MAX_RETRIES) from error


class _App(Celery):  # type: ignore[misc]
    def now(self) -> datetime:
        """By which entries of the schedule are due, and tasks expire or wait: Postgres' time."""
        return utc_now().astimezone(self.timezone)


app = _App("gatehouse", task_cls=PatientTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # for every thread: tasks are queued from threads of the web side
