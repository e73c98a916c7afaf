"""Celery with all tasks and their schedule: `celery -A config.celery worker` and `beat`."""

from typing import Any

from celery.schedules import crontab
from celery.signals import after_setup_logger, beat_init, worker_init

from governance.limits.policy.pulses import PULSE_SECONDS
from kernel.background import app
from kernel.background_clock import keep_following
from kernel.background_queues import QUEUES
from kernel.bugs import BugHandler

_ONCE_A_DAY_EXPIRES = 6 * 3600.0

SCHEDULE: dict[str, Any] = {
    "expire-holds": {"task": "governance.tasks.expire_holds", "schedule": 10.0},
    "alert": {"task": "governance.tasks.alert", "schedule": 10.0},
    "alert-on-forecasts": {"task": "governance.tasks.alert_on_forecasts", "schedule": 900.0},
    "alert-on-unfiled-calls": {"task": "governance.tasks.alert_on_unfiled_calls", "schedule": 900.0},
    "find-tips": {"task": "governance.tasks.find_tips", "schedule": 3600.0},
    "expire-requests": {"task": "governance.tasks.expire_requests", "schedule": 300.0},
    "drop-bodies": {"task": "governance.tasks.drop_bodies", "schedule": 300.0},
    "drop-responses": {"task": "governance.tasks.drop_responses", "schedule": 300.0},
    "drop-idempotent-calls": {"task": "governance.tasks.drop_idempotent_calls", "schedule": 300.0},
    "drop-unknown-callers": {"task": "governance.tasks.drop_unknown_callers", "schedule": 3600.0},
    "drop-sign-ins": {"task": "governance.tasks.drop_sign_ins", "schedule": 3600.0},
    "make-partitions": {"task": "governance.tasks.make_partitions", "schedule": 3600.0},
    "analyze-partitions": {
        "task": "governance.tasks.analyze_partitions",
        "schedule": crontab(hour="4", minute="40"),
    },
    "keep-bodies": {"task": "governance.tasks.keep_bodies", "schedule": 30.0},
    "index-bodies": {"task": "governance.tasks.index_bodies", "schedule": 10.0},
    "resume-evaluations": {"task": "prompts.tasks.resume_evaluations", "schedule": 5.0},
    "watch-contracts": {"task": "prompts.tasks.watch_contracts", "schedule": 60.0},
    "send-jobs": {"task": "gateway.tasks.send_jobs", "schedule": 1.0},
    "tend-jobs": {"task": "gateway.tasks.tend_jobs", "schedule": 5.0},
    "tend-batches": {"task": "gateway.tasks.tend_batches", "schedule": 2.0},
    "receive-jobs": {"task": "gateway.tasks.receive_jobs", "schedule": 5.0},
    "tend-cache": {"task": "gateway.tasks.tend_cache", "schedule": 60.0},
    "measure-qualities": {"task": "gateway.tasks.measure_qualities", "schedule": 3600.0},
    "roll-up": {"task": "governance.tasks.roll_up", "schedule": 30.0},
    "watch-rollouts": {"task": "prompts.tasks.watch_rollouts", "schedule": 10.0},
    "watch-experiments": {"task": "prompts.tasks.watch_experiments", "schedule": 60.0},
    "index-documents": {"task": "prompts.tasks.index_documents", "schedule": 5.0},
    "tend-bases": {"task": "prompts.tasks.tend_bases", "schedule": 300.0},
    "sync-knowledge": {"task": "gateway.tasks.sync_knowledge_bases", "schedule": 900.0},
    "warn-of-expiring-keys": {
        "task": "gateway.tasks.warn_of_expiring_keys",
        "schedule": crontab(hour="6", minute="10"),
    },
    "discover": {"task": "gateway.tasks.discover", "schedule": crontab(hour="5", minute="40")},
    "tell-endings": {"task": "gateway.tasks.tell_endings", "schedule": crontab(hour="6", minute="20")},
    "reconcile": {"task": "gateway.tasks.reconcile", "schedule": crontab(hour="5", minute="20")},
}

# Each worker is asked by its own queue whether it is there.
SCHEDULE |= {
    f"pulse-{queue}": {
        "task": "governance.tasks.pulse",
        "schedule": PULSE_SECONDS,
        "args": (queue,),
        "options": {"queue": queue},
    }
    for queue in QUEUES
}
for entry in SCHEDULE.values():
    # What nobody took until it comes again is not done twice when somebody is back.
    seconds = entry["schedule"] if isinstance(entry["schedule"], float) else _ONCE_A_DAY_EXPIRES
    entry.setdefault("options", {})["expires"] = seconds

app.conf.beat_schedule = SCHEDULE
app.conf.beat_scheduler = "kernel.background_clock:Scheduler"
beat_init.connect(keep_following)
worker_init.connect(keep_following)


@after_setup_logger.connect  # type: ignore[untyped-decorator]
def _count_bugs(logger: Any, **kwargs: Any) -> None:
    """Celery sets up the log anew, without what Django's settings have there."""
    logger.addHandler(BugHandler())


app.autodiscover_tasks()
