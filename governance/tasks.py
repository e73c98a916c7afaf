"""Celery looks for tasks here. Their names say so for good: they are in queues, settings and logs."""

from governance.alerts.tasks import alert, alert_on_forecasts, alert_on_unfiled_calls, deliver, mail
from governance.limits.tasks import expire_holds, expire_requests
from governance.records.tasks import (
    analyze_partitions,
    drop_bodies,
    drop_idempotent_calls,
    drop_responses,
    drop_sign_ins,
    drop_unknown_callers,
    index_bodies,
    make_partitions,
)
from governance.reviews.tasks import keep_bodies
from governance.usage.tasks import find_tips, roll_up

__all__ = [
    "alert",
    "alert_on_forecasts",
    "alert_on_unfiled_calls",
    "analyze_partitions",
    "deliver",
    "drop_bodies",
    "drop_idempotent_calls",
    "drop_responses",
    "drop_sign_ins",
    "drop_unknown_callers",
    "expire_holds",
    "expire_requests",
    "find_tips",
    "index_bodies",
    "keep_bodies",
    "mail",
    "make_partitions",
    "roll_up",
]
