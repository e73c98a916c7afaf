"""The Celery application, made where work is queued or done: most processes do neither, and start without it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# The outcome of Django's checks is thrown away there, and making them takes longer than all else that a worker's start does.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

app = Celery("gatehouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # for every thread: tasks are queued from threads of the web side
