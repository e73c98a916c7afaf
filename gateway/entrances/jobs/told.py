"""A job as its caller is told of it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from gateway.call.job import JobAnswer
from gateway.jobs.policy import job_name
from gateway.jobs.services.store import Seen
from kernel.money import plain_usd

STATUS = {
    "queued": "queued",
    "running": "in_progress",
    "succeeded": "completed",
    "failed": "failed",
    "dead": "failed",
    "cancelled": "cancelled",
}
"""In the words that OpenAI has for batches and responses in the background."""


def told(job: Seen, answer: JobAnswer | None = None) -> dict[str, Any]:
    """The job, with its answer where it has one."""
    return {
        "id": job_name(job.id),
        "object": "job",
        "status": "cancelling" if job.state == "running" and job.cancel_at is not None else STATUS[job.state],
        "path": job.path,
        "model": job.model or None,
        "created_at": _seconds(job.created_at),
        "deadline_at": _seconds(job.deadline_at),
        "started_at": _seconds(job.started_at),
        "ended_at": _seconds(job.ended_at),
        "expires_at": _seconds(job.expires_at),
        "attempts": job.attempts,
        "waits": job.waits,
        "waiting_for": job.reason or None if job.state == "queued" else None,
        "call_id": None if job.call_id is None else str(job.call_id),
        "cost_usd": plain_usd(job.cost_nanos),
        "error": {"code": job.code, "message": job.reason} if job.state in ("failed", "dead") else None,
        "webhook": _webhook(job),
        "response": None
        if answer is None
        else {"status_code": answer.status, "headers": answer.headers, "body": _body(answer.body)},
    }


def _body(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _webhook(job: Seen) -> dict[str, Any] | None:
    if not job.webhook:
        return None
    return {
        "host": urlsplit(job.webhook).hostname,
        "status": job.webhook_state or "waiting",
        "attempts": job.webhook_attempts,
    }


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
