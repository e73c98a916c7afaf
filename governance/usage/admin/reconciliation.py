from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts.admin.base import OwnedAdmin, SeenOnly
from accounts.admin.typed import TabularInline
from governance.usage.admin.overview import Card
from governance.usage.models import AwsImport, RejectedLine
from governance.usage.selectors.drift import Drift, drift, unknown_lines, unlogged_calls
from kernel.clock import utc_now
from kernel.money import format_usd
from kernel.replica import may_be_stale

DAYS_SHOWN = 31
IMPORTS_SHOWN = 30
GAPS_SHOWN = 200
NOTHING = "-"


class RejectedLineInline(SeenOnly, TabularInline):
    model = RejectedLine
    fields = ("line", "reason")
    readonly_fields = fields
    extra = 0
    hide_title = True
    verbose_name_plural = "lines that could not be taken in"


@dataclass(frozen=True, slots=True)
class ReconciliationLine:
    """One row of the table, in words."""

    drift: Drift
    recorded: str
    logged: str
    difference: str
    per_cent: str
    billed: str
    billed_difference: str
    billed_per_cent: str
    gaps_url: str


@admin.register(AwsImport)
class ReconciliationAdmin(SeenOnly, OwnedAdmin):
    """What was recorded beside what AWS logged and billed. One account serves all teams, so it is for superusers."""

    inlines = (RejectedLineInline,)
    fields = ("source", "kind", "created_at", "figures", "corrections", "problem")
    readonly_fields = ("figures", "corrections")

    @admin.display(description="Lines")
    def figures(self, made: AwsImport) -> str:
        return (
            f"{made.lines:,} read, {made.taken:,} new, {made.duplicates:,} known, {made.rejected:,} rejected"
        )

    @admin.display(description="Corrections")
    def corrections(self, made: AwsImport) -> str:
        if made.kind == AwsImport.Kind.COSTS:
            return "none: a bill corrects nothing"
        calls = f"{made.matched:,} lines found their calls"
        return f"{calls}, {made.corrected:,} costs corrected by {format_usd(made.corrected_nanos)}"

    def get_urls(self) -> list[URLPattern]:
        gaps = path("gaps/", self.admin_site.admin_view(self.gaps_view), name="governance_awsimport_gaps")
        return [gaps, *super().get_urls()]

    @may_be_stale
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            return TemplateResponse(request, "403.html", status=403)
        until = utc_now().date() + timedelta(days=1)
        imports = list(AwsImport.objects.all()[:IMPORTS_SHOWN])
        rows = drift(since=until - timedelta(days=DAYS_SHOWN), until=until) if imports else []
        context = {
            "title": "Reconciliation",
            "cards": _cards(rows),
            "lines": [_line(row) for row in rows],
            "has_bill": any(row.billed is not None for row in rows),
            "imports": [
                (each, format_usd(each.corrected_nanos) if each.corrected else "") for each in imports
            ],
            "is_daily": bool(settings.RECONCILIATION_LOGS or settings.RECONCILIATION_COSTS),
        }
        return self.render_page(request, "governance/usage/reconciliation", **context)

    @may_be_stale
    def gaps_view(self, request: HttpRequest) -> HttpResponse:
        """What of a day, a model and a region is on one side only."""
        if not self.has_view_permission(request):
            return TemplateResponse(request, "403.html", status=403)
        day = _day(request.GET.get("day"))
        model, region = (request.GET.get(name, "")[:300].replace("\0", "") for name in ("model", "region"))
        place: dict[str, Any] = {
            "since": day, "until": day + timedelta(days=1), "model": model, "region": region, "at_most": GAPS_SHOWN,
        }  # fmt: skip
        context = {
            "title": f"Gaps on {day:%Y-%m-%d}",
            "place": " in ".join(filter(None, (model, region))),
            "calls": [(call, format_usd(call.cost_nanos)) for call in unlogged_calls(**place)],
            "unknown": unknown_lines(**place),
            "most": GAPS_SHOWN,
        }
        return self.render_page(request, "governance/usage/reconciliation_gaps", **context)


def _cards(rows: list[Drift]) -> list[Card]:
    recorded = sum(row.ours for row in rows)
    logged = sum(row.logged for row in rows)
    compared = [row for row in rows if row.billed is not None]
    billed = sum(row.billed or 0 for row in compared)
    corrected = sum(row.corrected for row in rows)
    return [
        Card("Recorded", format_usd(recorded), f"of it {format_usd(corrected)} by corrections"),
        Card("In AWS's log", format_usd(logged), f"{format_usd(recorded - logged)} of difference"),
        Card(
            "On AWS's bill",
            format_usd(billed) if compared else NOTHING,
            f"{format_usd(sum(row.billed_difference or 0 for row in compared))} of difference"
            if compared
            else "no bill read yet",
        ),
        Card("Not in the log", f"{sum(row.unlogged for row in rows):,}", "calls that were charged"),
        Card("Not of ours", f"{sum(row.unknown for row in rows):,}", "invocations around Gatehouse"),
    ]


def _line(row: Drift) -> ReconciliationLine:
    query = urlencode({"day": row.day.isoformat(), "model": row.model, "region": row.region})
    return ReconciliationLine(
        drift=row,
        recorded=format_usd(row.ours),
        logged=format_usd(row.logged),
        difference=_difference(row.difference),
        per_cent=_per_cent(row.per_cent),
        billed=NOTHING if row.billed is None else format_usd(row.billed),
        billed_difference=_difference(row.billed_difference),
        billed_per_cent=_per_cent(row.billed_per_cent),
        gaps_url=f"{reverse('admin:governance_awsimport_gaps')}?{query}"
        if row.unlogged or row.unknown
        else "",
    )


def _difference(nanos: int | None) -> str:
    if nanos is None:
        return NOTHING
    return format_usd(nanos) if nanos else "none"


def _per_cent(number: float | None) -> str:
    return "" if number is None else f"{number:+g} %"


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return utc_now().date()
