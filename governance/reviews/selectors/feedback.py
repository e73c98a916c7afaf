"""Reading feedback: what it was about, and whose comments a person may read."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import Team, User
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord
from governance.reviews.models import Feedback
from governance.reviews.models.feedback import NEGATIVE

_LATEST = 5_000
"""Prompts to filter by are those that the latest so many pieces of feedback are about."""
_CALL = AuditRecord.objects.filter(pk=OuterRef("call_id"))


def content_teams(user: User) -> frozenset[int]:
    """The teams whose comments, like all that was said in their calls, a person may read."""
    return frozenset(Team.objects.visible_to(user, Capability.VIEW_CONTENT).values_list("pk", flat=True))


def with_calls(rows: QuerySet[Feedback]) -> QuerySet[Any]:
    """Feedback with its call's prompt, version and application, each None where there is none."""
    facts = {
        "prompt_name": "prompt_name", "prompt_version": "prompt_version", "application_name": "application__name",
    }  # fmt: skip
    return rows.annotate(**{name: Subquery(_CALL.values(column)[:1]) for name, column in facts.items()})


def about(rows: QuerySet[Feedback], **of_call: int) -> QuerySet[Feedback]:
    """Feedback about calls with these columns, such as `prompt_id=3`."""
    return rows.filter(Exists(_CALL.filter(**of_call)))


def negative(rows: QuerySet[Feedback], *, is_negative: bool = True) -> QuerySet[Feedback]:
    """Feedback that says that an answer was not helpful, by word or by a low score; or all other."""
    return rows.filter(NEGATIVE) if is_negative else rows.filter(~NEGATIVE | Q(helpful=True))


def prompts_of(rows: QuerySet[Feedback]) -> list[tuple[int, str]]:
    """Id and name of the prompts that the latest feedback is about, by name."""
    latest = rows.order_by("-pk").values("call_id")[:_LATEST]
    calls = AuditRecord.objects.filter(pk__in=Subquery(latest), prompt_id__isnull=False).order_by()
    found = {(int(pk or 0), name) for pk, name in calls.values_list("prompt_id", "prompt_name").distinct()}
    return sorted(found, key=lambda each: each[1])
