"""Files and batches as OpenAI's API tells them."""

from datetime import datetime
from typing import Any

from gateway.batches.policy.names import batch_name, file_name
from gateway.batches.policy.terms import WINDOW
from gateway.batches.services.batch_store import BatchSeen
from gateway.batches.services.file_store import FileSeen
from kernel.money import plain_usd


def told_file(file: FileSeen) -> dict[str, Any]:
    return {
        "id": file_name(file.id),
        "object": "file",
        "bytes": file.bytes,
        "created_at": _seconds(file.created_at),
        "expires_at": _seconds(file.expires_at),
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }


def told_batch(batch: BatchSeen) -> dict[str, Any]:
    """With what it has cost so far and what was held for it, which OpenAI has no members for."""
    ended = {batch.state: _seconds(batch.ended_at)}
    return {
        "id": batch_name(batch.id),
        "object": "batch",
        "endpoint": batch.endpoint,
        "model": batch.model or None,
        "errors": {"object": "list", "data": batch.problems} if batch.problems else None,
        "input_file_id": file_name(batch.input_file_id),
        "completion_window": WINDOW,
        "status": batch.state,
        "output_file_id": None if batch.output_file_id is None else file_name(batch.output_file_id),
        "error_file_id": None if batch.error_file_id is None else file_name(batch.error_file_id),
        "created_at": _seconds(batch.created_at),
        "in_progress_at": _seconds(batch.in_progress_at),
        "expires_at": _seconds(batch.deadline_at),
        "finalizing_at": _seconds(batch.finalizing_at),
        "completed_at": ended.get("completed"),
        "failed_at": ended.get("failed"),
        "expired_at": ended.get("expired"),
        "cancelling_at": _seconds(batch.cancelling_at),
        "cancelled_at": ended.get("cancelled"),
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "metadata": batch.metadata,
        "gatehouse": {"mode": batch.mode},
        "cost_usd": plain_usd(batch.cost_nanos),
        "held_usd": plain_usd(batch.held_nanos),
    }


def page(data: list[dict[str, Any]], *, limit: int) -> dict[str, Any]:
    """A page of a list, of which one more than `limit` was asked for."""
    shown = data[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(data) > limit,
    }


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
