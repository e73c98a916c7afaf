"""Reading calls: by time through their ids, page by page without counting, and what was said in one."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections, router
from django.urls import reverse

from accounts.access.principals import has_capability
from accounts.models import ApiKey, User
from accounts.policy.roles import Capability
from accounts.services.first_calls import SeenCall
from governance.records.models import AuditContent, AuditRecord, CallStatus
from governance.records.selectors.bodies import stored

_RANDOM_BITS = 80
_MAX_SKEW = timedelta(hours=1)
"""A call's time is Postgres'; that in its id is its process' own."""


def first_id_at(moment: datetime) -> UUID:
    """The least version 7 UUID of a moment: calls from then on have it or a greater one."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=min(milliseconds, 2**48 - 1) << _RANDOM_BITS)


def ids_between(since: datetime, until: datetime) -> tuple[UUID, UUID]:
    """Bounds of the ids of the calls that started from one moment to another: with them Postgres looks at these months alone."""
    return first_id_at(since - _MAX_SKEW), first_id_at(until + _MAX_SKEW)


def time_of(call_id: UUID) -> datetime:
    """When a version 7 UUID was made."""
    return datetime.fromtimestamp((call_id.int >> _RANDOM_BITS) / 1000, tz=UTC)


def ids_beginning_with(text: str) -> tuple[UUID, UUID] | None:
    """The least and greatest call id that begins like this; None when no id can."""
    digits = text.strip().lower().replace("-", "")
    if not digits or len(digits) > 32 or any(digit not in "0123456789abcdef" for digit in digits):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def models_called() -> list[str]:
    """The models there are calls of, each found by one step along the index."""
    with connections[router.db_for_read(AuditRecord)].cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE found AS (
                (SELECT model FROM governance_auditrecord WHERE model > '' ORDER BY model LIMIT 1)
                UNION ALL
                SELECT (SELECT model FROM governance_auditrecord WHERE model > found.model ORDER BY model LIMIT 1)
                FROM found WHERE found.model IS NOT NULL
            )
            SELECT model FROM found WHERE model IS NOT NULL
            """
        )
        return [model for (model,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class CallContent:
    """What was said in a call, in Converse's shape."""

    request: dict[str, Any]
    answer: list[dict[str, Any]]


def may_read_content(user: User, call: AuditRecord) -> bool:
    """Whether a person may read what was said in a call; calls of no team are for superusers."""
    return has_capability(user, Capability.VIEW_CONTENT, call.owner_id)


def content_of(call: AuditRecord) -> CallContent | None:
    """What was said; None when it was never stored, or has been let go. Raises BodiesUnreachableError."""
    found = stored(AuditContent, call.pk)
    return None if found is None else content_from(_load(found.request), _load(found.answer))


def why_nothing(call: AuditRecord, *, now: datetime) -> str:
    """Why there is no text of a call, for people."""
    if call.body_until is not None and call.body_until <= now:
        return f"This call is not in the sample of those whose text is kept. It was let go on {call.body_until:%Y-%m-%d}."
    state = call.get_body_display()
    return f"{state}." if state.startswith("Not stored") else "Nothing was stored of this conversation."


def content_from(request: Any, answer: Any) -> CallContent:
    """What was said, from JSON that may not be what it should."""
    return CallContent(
        request=request if isinstance(request, dict) else {},
        answer=[each for each in answer if isinstance(each, dict)] if isinstance(answer, list) else [],
    )


def _load(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def first_of_key(api_key: ApiKey, since: datetime) -> SeenCall | None:
    """The first call with a key since a moment: looked for among its application's, along the index."""
    row = (
        AuditRecord.objects.filter(
            application_id=api_key.application_id, api_key_id=api_key.pk, call_id__gte=first_id_at(since),
            started_at__gte=since,
        )
        .order_by("call_id")
        .first()
    )  # fmt: skip
    if row is None:
        return None
    url = reverse("admin:governance_auditrecord_change", args=[row.pk])
    is_answered = row.status == CallStatus.SUCCEEDED
    return SeenCall(row.pk, row.started_at, is_answered, row.route or row.requested_model, row.code, url)
