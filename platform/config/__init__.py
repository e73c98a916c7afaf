"""Loaded by every process, so that those that queue work, not only those that do it, know where the queue is."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
