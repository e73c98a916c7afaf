"""What the record of a call shows beside the playground's answer."""

import json
from typing import Any
from uuid import UUID

from governance.privacy.policy.kinds import title
from governance.records.models import AuditContent, AuditRecord
from governance.records.selectors.bodies import BodiesUnreachableError, stored


def facts_of(call_id: UUID) -> dict[str, Any]:
    """Stages with their times, findings, and the messages as the model saw them, where they are stored."""
    record = AuditRecord.objects.filter(pk=call_id).first()
    if record is None:
        return {"call_id": str(call_id), "stages": [], "findings": [], "masked": None}
    return {
        "call_id": str(call_id),
        "status": record.get_status_display(),
        "stages": [[name, round(milliseconds, 2), outcome] for name, milliseconds, outcome in record.stages],
        "findings": [[title(kind), count] for kind, count in sorted(record.findings.items())],
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "first_token_ms": record.first_token_ms,
        "model": record.model,
        "region": record.region,
        "masked": _masked(call_id),
    }


def _masked(call_id: UUID) -> list[dict[str, str]] | None:
    try:
        content = stored(AuditContent, call_id)
    except BodiesUnreachableError:
        return None
    if content is None or not content.request:
        return None
    request = json.loads(content.request)
    turns = [{"role": "system", "text": _text(request.get("system"))}]
    turns += [
        {"role": each.get("role", ""), "text": _text(each.get("content"))}
        for each in request.get("messages") or ()
    ]
    return [turn for turn in turns if turn["text"]]


def _text(blocks: Any) -> str:
    return "\n".join(block["text"] for block in blocks or () if isinstance(block, dict) and block.get("text"))
