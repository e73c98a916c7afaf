"""Calls on record, what was said in them, and who has read it."""

import json
from typing import Any

from accounts.models import Application, Team
from governance.records.models import AuditContent, AuditRecord, KnownPerson, RawAccess, SealedContent
from governance.records.services.known_people import Entry, keep
from kernel.clock import utc_now
from kernel.ids import new_id


def make_call(team: Team | None = None, application: Application | None = None, **fields: Any) -> AuditRecord:
    """A call that succeeded, unless told otherwise."""
    values: dict[str, Any] = {
        "call_id": new_id(), "started_at": utc_now(), "team": team, "application": application,
        "wire_format": "openai", "is_stream": False, "status": "succeeded", "http_status": 200,
        "requested_model": "nova-lite", "route": "nova-lite", "model": "amazon.nova-lite-v1:0", "region": "us-east-1",
        "input_tokens": 100, "output_tokens": 20, "cost_nanos": 1_500_000, "duration_ms": 840.0,
        "stages": [["authenticate", 0.02, "ok"], ["invoke", 839.0, "ok"]],
    }  # fmt: skip
    return AuditRecord.objects.create(**{**values, **fields})


def make_content(call: AuditRecord, asked: str = "", answered: str = "", **fields: Any) -> AuditContent:
    """What was said in a call, redacted: a question and its answer, or what the fields say."""
    question = {"messages": [{"role": "user", "content": [{"text": asked}]}]}
    values = {
        "team_id": call.team_id,
        "request": json.dumps(question) if asked else "",
        "answer": json.dumps([{"text": answered}]) if answered else "",
    }
    return AuditContent.objects.create(call_id=call.pk, **{**values, **fields})


def make_sealed_content(call: AuditRecord, **fields: Any) -> SealedContent:
    """What was said in a call, sealed: bytes that nobody can open."""
    return SealedContent.objects.create(
        call_id=call.pk, **{"team_id": call.team_id, "generation": 1, "sealed": b"x", **fields}
    )


def make_known_person(team: Team, tag: str = "jane.doe@example.com", name: str = "Jane Doe") -> KnownPerson:
    """Somebody on a team's list of whom its placeholders stand for."""
    return keep(team, [Entry(tag, name)])[0]


def make_raw_access(call: AuditRecord, **fields: Any) -> RawAccess:
    """An auditor's look at what was said in a call."""
    values = {"user_id": 0, "email": "auditor@example.com", "reason": "A complaint", "via": "admin", **fields}
    return RawAccess.objects.create(call_id=call.pk, team=call.team, **values)
