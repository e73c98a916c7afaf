"""What calls of a version cost, as they were."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Q

from governance.records.models import AuditRecord, CallStatus
from governance.records.selectors.calls import first_id_at
from kernel.money import format_usd
from prompts.registry.models import PromptVersion

_DAYS = 30


@dataclass(frozen=True, slots=True)
class Figures:
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


def figures_of(version: PromptVersion, *, now: datetime) -> Figures:
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
    return Figures(
        calls=found["calls"],
        failed=found["failed"],
        cost_nanos=None if found["cost"] is None else round(found["cost"]),
        duration_ms=found["duration"],
        input_tokens=found["input"],
        output_tokens=found["output"],
    )
