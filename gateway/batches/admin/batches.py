"""The page of batches: how far each is, what it holds and has cost, and cancelling it."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.admin.base import OwnedAdmin, SeenOnly
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import action, display
from gateway.batches.models import Batch
from gateway.batches.selectors import with_figures
from gateway.batches.services.tending import stop
from kernel.clock import utc_now
from kernel.money import format_usd

_LABELS = {
    "validating": "warning", "in_progress": "info", "finalizing": "info", "cancelling": "warning", "completed": "success",
    "failed": "danger", "expired": "danger", "cancelled": "info",
}  # fmt: skip


@admin.register(Batch)
class BatchAdmin(SeenOnly, OwnedAdmin):
    """Batches. What their lines ask and are answered is for their callers alone: it is not shown here."""

    empty_hint = "Batches that are sent to /v1/batches appear here: many calls in a file, each made when there is room for it."
    list_display = ("name", "team", "model", "state_label", "lines", "spent", "held", "created_at")
    list_filter = ("state", "mode", TeamFilter)
    list_select_related = ("team", "application")
    search_fields = ("model", "application__name", "team__name")
    search_help_text = "A model, an application or a team."
    show_full_result_count = False
    sortable_by = ()
    actions_detail: ClassVar[list[str]] = ["cancel"]
    fieldsets = (
        (None, {"fields": ("name", "team", "application", "endpoint", "model", "mode", "state_label", "lines", "broken", "why")}),
        ("Cost", {"fields": ("spent", "held")}),
        ("Time", {"fields": ("created_at", "deadline_at", "in_progress_at", "cancelling_at", "finalizing_at", "ended_at")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_figures(super().get_queryset(request).defer("request"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(str(name) for _, options in self.fieldsets for name in options["fields"])

    @display(description="Batch")
    def name(self, batch: Batch) -> str:
        return str(batch)

    @display(description="State", label=_LABELS)
    def state_label(self, batch: Batch) -> tuple[str, str]:
        return batch.state, str(batch.get_state_display())

    @display(description="Lines")
    def lines(self, batch: Any) -> str:
        failed = batch.lost if batch.ended_at else batch.lost + batch.broken
        return f"{batch.done:,} of {batch.total:,}" + (f", {failed:,} failed" if failed else "")

    @display(description="Cost")
    def spent(self, batch: Any) -> str:
        return format_usd(int(batch.cost))

    @display(description="Held at first")
    def held(self, batch: Batch) -> str:
        return format_usd(batch.held_nanos)

    @display(description="Why it failed")
    def why(self, batch: Batch) -> str:
        return "; ".join(f"{each['code']}: {each['message']}" for each in batch.problems[:5])

    @action(description="Cancel", url_path="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        batch = self.get_object(request, object_id)
        if batch is None or not self.may_change(request, batch):
            raise PermissionDenied
        if request.method != "POST":
            title = f"Cancel {batch}"
            return self.render_page(request, "gateway/batches/cancel", title=title, batch=batch)
        if stop(batch.pk, state=Batch.State.CANCELLING, ending=Batch.State.CANCELLED, now=utc_now()):
            self.log_change(request, batch, "Cancelled.")
            messages.success(request, f"{batch} is cancelled: what was answered of it is kept.")
        else:
            messages.warning(request, f"{batch} is {batch.state}: there is nothing to cancel.")
        return HttpResponseRedirect(reverse("admin:gateway_batch_changelist"))
