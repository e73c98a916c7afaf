from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.admin.base import ActiveOnly, person
from accounts.admin.typed import TabularInline
from governance.models import AwsImport, RejectedLine
from governance.selectors.drift import billed, drift
from kernel.clock import utc_now
from kernel.money import format_usd

DAYS_SHOWN = 31
IMPORTS_SHOWN = 30


class RejectedLineInline(TabularInline):
    model = RejectedLine
    fields = ("line", "reason")
    readonly_fields = fields
    extra = 0
    hide_title = True
    verbose_name_plural = "lines that could not be taken in"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AwsImport)
class ReconciliationAdmin(ActiveOnly):
    """What was recorded beside what AWS logged and billed. One account serves all teams, so it is for superusers."""

    inlines = (RejectedLineInline,)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) and person(request).is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            return TemplateResponse(request, "403.html", status=403)
        until = utc_now().date() + timedelta(days=1)
        since = until - timedelta(days=DAYS_SHOWN)
        rows = drift(since=since, until=until)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Reconciliation",
            "rows": rows,
            "lines": [
                (
                    row,
                    format_usd(row.recorded + row.corrected),
                    format_usd(row.logged),
                    format_usd(row.difference),
                )
                for row in rows
            ],
            "bill": _bill(rows, billed(since=since, until=until)),
            "imports": AwsImport.objects.all()[:IMPORTS_SHOWN],
        }
        return TemplateResponse(request, "admin/governance/reconciliation.html", context)


def _bill(rows: list[Any], bill: dict[date, int]) -> list[tuple[date, str, str, str]]:
    ours: dict[date, int] = defaultdict(int)
    for row in rows:
        ours[row.day] += row.recorded + row.corrected
    return [
        (day, format_usd(ours[day]), format_usd(cost), format_usd(ours[day] - cost))
        for day, cost in bill.items()
    ]
