"""The Celery application, made where work is queued or done: most processes do neither, and start without it."""

import os
from datetime import datetime

from celery import Celery, Task

from kernel.clock import utc_now

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# The outcome of Django's checks is thrown away there, and making them takes longer than all else that a worker's start does.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")


class _Task(Task):  # type: ignore[misc]
    Request = "kernel.background_clock:Request"


class _App(Celery):  # type: ignore[misc]
    def now(self) -> datetime:
        """By which entries of the schedule are due, and tasks expire or wait: Postgres' time."""
        return utc_now().astimezone(self.timezone)


app = _App("gatehouse", task_cls=_Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # for every thread: tasks are queued from threads of the web side
