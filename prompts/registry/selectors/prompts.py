"""Reading prompts and versions: who sees them, what they cost, what users say."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.db import connection
from django.db.models import Avg, Count, Q

from governance.records.models import AuditRecord, CallStatus
from governance.records.selectors.calls import first_id_at
from kernel.money import format_usd
from prompts.registry.models import PromptVersion
from prompts.registry.policy.document import Document, decode_document


def version_digest(version: PromptVersion) -> str:
    """SHA-256 of what a version says now: two versions, or two states of a draft, that say the same have the same."""
    text = json.dumps(version.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_FEEDBACK_DAYS = 30
_HELPFUL = """
SELECT record.prompt_version, count(*) FILTER (WHERE feedback.helpful), count(*)
FROM governance_feedback feedback JOIN governance_auditrecord record ON record.call_id = feedback.call_id
WHERE feedback.helpful IS NOT NULL AND record.prompt_id = %(prompt)s AND record.prompt_version IS NOT NULL
    AND feedback.call_id >= %(first)s AND record.call_id >= %(first)s
GROUP BY record.prompt_version
"""


def helpful_by_version(prompt_id: int, *, now: datetime) -> dict[int, tuple[int, int]]:
    """By the version's number, how many said that an answer of the last thirty days was helpful, of how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _HELPFUL, {"prompt": prompt_id, "first": first_id_at(now - timedelta(days=_FEEDBACK_DAYS))}
        )
        return {version: (helpful, said) for version, helpful, said in cursor.fetchall()}


_DAYS = 30


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """Of the calls of the last thirty days; costs in nano-dollars, times in milliseconds. None where there was none."""

    calls: int
    failed: int
    cost_nanos: int | None
    duration_ms: float | None
    input_tokens: float | None
    output_tokens: float | None

    @property
    def cost(self) -> str:
        """In dollars, for a page."""
        return "-" if self.cost_nanos is None else format_usd(self.cost_nanos)


def figures_of(version: PromptVersion, *, now: datetime) -> VersionFigures:
    """How a version did: all of its calls, evaluations and the playground among them."""
    rows = AuditRecord.objects.filter(
        prompt_id=version.prompt_id,
        prompt_version=version.number,
        pk__gte=first_id_at(now - timedelta(days=_DAYS)),
    )
    done = Q(status=CallStatus.SUCCEEDED)
    found = rows.aggregate(
        calls=Count("pk"),
        failed=Count("pk", filter=~done),
        cost=Avg("cost_nanos", filter=done),
        duration=Avg("duration_ms", filter=done),
        input=Avg("input_tokens", filter=done),
        output=Avg("output_tokens", filter=done),
    )
    return VersionFigures(
        calls=found["calls"],
        failed=found["failed"],
        cost_nanos=None if found["cost"] is None else round(found["cost"]),
        duration_ms=found["duration"],
        input_tokens=found["input"],
        output_tokens=found["output"],
    )


def readable_document(version: PromptVersion) -> Document:
    """What a version says; an empty document where it can't be read."""
    try:
        return decode_document(version.document)
    except msgspec.ValidationError:
        return Document()
