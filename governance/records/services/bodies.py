"""Bodies that are outside the sample are let go after a while, unless something says that they are worth keeping."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from governance.records.models import AuditContent, SealedContent
from governance.records.selectors.bodies import body_databases, reaching

_AT_A_TIME = 1000


def keep(call_id: UUID) -> bool:
    """Marks a call's bodies to stay. False when there are none, or none any more. Raises BodiesUnreachableError."""
    for alias in body_databases():
        with reaching(alias), transaction.atomic(using=alias):
            SealedContent.objects.using(alias).filter(pk=call_id, kept_until__isnull=False).update(
                kept_until=None
            )
            if AuditContent.objects.using(alias).filter(pk=call_id, kept_until__isnull=True).exists():
                return True
            marked = AuditContent.objects.using(alias).filter(pk=call_id).update(kept_until=None)
            if marked:
                return True
    return False


def drop_due(*, now: datetime, at_most: int = 50_000) -> int:
    """Deletes bodies whose time is over, and what they are searched by; of how many calls."""
    dropped = 0
    for alias in body_databases():
        while dropped < at_most and (number := _drop_some(alias, now)):
            dropped += number
    return dropped


def _drop_some(alias: str, now: datetime) -> int:
    due = AuditContent.objects.using(alias).filter(kept_until__lte=now)
    with transaction.atomic(using=alias):
        # One that is being marked to stay is skipped, and one that has been is not due any more.
        ids = list(
            due.order_by("kept_until")
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)[:_AT_A_TIME]
        )
        SealedContent.objects.using(alias).filter(pk__in=ids, kept_until__lte=now)._raw_delete(alias)
        due.filter(pk__in=ids)._raw_delete(alias)
    return len(ids)
