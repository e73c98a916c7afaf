"""Texts of calls as they are kept: redacted."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from governance.privacy.models import PrivacyPolicy
from governance.records.models import AuditContent, AuditRecord
from governance.records.selectors.calls import first_id_at

_READ_AT_ONCE = 200


def stored_texts(policy: PrivacyPolicy, *, now: datetime, days: int, most: int) -> list[str]:
    """What users, documents and tools said in the latest calls that a policy is for, each text once."""
    calls = AuditRecord.objects.filter(pk__gte=first_id_at(now - timedelta(days=days)))
    if policy.application_id is not None:
        calls = calls.filter(application=policy.application_id)
    elif policy.team_id is not None:
        calls = calls.filter(team=policy.team_id)
    ids = list(calls.order_by("-call_id").values_list("call_id", flat=True)[: most * 2])
    texts: dict[str, None] = {}
    for start in range(0, len(ids), _READ_AT_ONCE):
        contents = AuditContent.objects.filter(call_id__in=ids[start : start + _READ_AT_ONCE])
        for request in contents.values_list("request", flat=True):
            texts.update(dict.fromkeys(_texts(request)))
        if len(texts) >= most:
            break
    return list(texts)[:most]


def _texts(request: str) -> Iterator[str]:
    try:
        conversation = json.loads(request)
    except ValueError:
        return
    messages = conversation.get("messages", []) if isinstance(conversation, dict) else []
    for message in messages:
        for block in message.get("content", []):
            yield from _strings(block.get("text") or block.get("toolResult", {}).get("content"))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
