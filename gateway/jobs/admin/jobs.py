"""The page of jobs: how many wait and since when, by team; and those given up, to look at, send again or drop."""

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin.base import OwnedAdmin, SeenOnly, principal, told
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import action, display
from gateway.jobs.models import Job
from gateway.jobs.selectors import by_team
from gateway.jobs.services import actions
from kernel.clock import utc_now
from kernel.money import format_usd

_LABELS = {
    "queued": "warning", "running": "info", "succeeded": "success", "failed": "danger", "dead": "danger", "cancelled": "info",
}  # fmt: skip
_Act = Callable[..., None]


@admin.register(Job)
class JobAdmin(SeenOnly, OwnedAdmin):
    """Jobs. What was asked and answered is for their callers alone: it is not shown here."""

    empty_hint = (
        "Calls at /v1/async/… appear here: each waits for its turn and its rate limits, and is answered once."
    )
    list_before_template = "admin/gateway/jobs/figures.html"
    list_display = ("name", "team", "state_label", "created_at", "tries", "why", "webhook_label")
    list_filter = ("state", "webhook_state", TeamFilter)
    list_select_related = ("team", "application")
    search_fields = ("model", "code", "application__name", "team__name")
    search_help_text = "A model, a code, an application or a team."
    show_full_result_count = False
    sortable_by = ()
    actions = ("send_again_selected", "drop_selected")
    actions_detail: ClassVar[list[str]] = ["send_again", "drop"]
    fieldsets = (
        (None, {"fields": ("name", "team", "application", "path", "model", "state_label", "why", "call")}),
        (
            "Queue",
            {
                "fields": (
                    "created_at",
                    "deadline_at",
                    "not_before",
                    "started_at",
                    "ended_at",
                    "tries",
                    "cost",
                )
            },
        ),
        ("Webhook", {"fields": ("webhook_host", "webhook_label", "webhook_attempts", "webhook_error")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("request", "answer")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(str(name) for _, options in self.fieldsets for name in options["fields"])

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        found = by_team(principal(request))
        more = {"teams": found, **(extra_context or {})}
        return super().changelist_view(request, more)

    @display(description="Job")
    def name(self, job: Job) -> str:
        return str(job)

    @display(description="State", label=_LABELS)
    def state_label(self, job: Job) -> tuple[str, str]:
        return job.state, str(job.get_state_display())

    @display(description="Attempts")
    def tries(self, job: Job) -> str:
        return f"{job.attempts}, and put back {job.waits} times" if job.waits else str(job.attempts)

    @display(description="Why")
    def why(self, job: Job) -> str:
        return f"{job.code}: {job.reason}" if job.code else job.reason

    @display(description="Cost")
    def cost(self, job: Job) -> str:
        return format_usd(job.cost_nanos)

    @display(description="Last call")
    def call(self, job: Job) -> str:
        if job.call_id is None:
            return "None yet"
        url = reverse("admin:governance_auditrecord_change", args=[job.call_id])
        return format_html('<a href="{}">{}</a>', url, job.call_id)

    @display(description="Leads to")
    def webhook_host(self, job: Job) -> str:
        return urlsplit(job.webhook).hostname or "None"  # whoever knows the whole address can post to it

    @display(description="Webhook", label={"pending": "warning", "delivered": "success", "failed": "danger"})
    def webhook_label(self, job: Job) -> tuple[str, str] | None:
        return (job.webhook_state, str(job.get_webhook_state_display())) if job.webhook_state else None

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if self.may_change(request, None) else {}

    @admin.action(description="Send again those given up")
    def send_again_selected(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        self._act_on_all(request, rows, actions.send_again, "sent again")

    @admin.action(description="Drop those given up")
    def drop_selected(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        self._act_on_all(request, rows, actions.drop, "dropped")

    def _act_on_all(self, request: HttpRequest, rows: QuerySet[Job], act: _Act, word: str) -> None:
        done = others = 0
        for job in rows.select_related("team"):
            if not self.may_change(request, job):
                raise PermissionDenied
            try:
                self._act(request, job, act, word)
                done += 1
            except actions.NotDeadError:
                others += 1
        messages.success(request, f"{done} {word}.")
        if others:
            messages.warning(
                request,
                f"{others} had not been given up, or are lines of a batch that has stopped: they are as they were.",
            )

    def _act(self, request: HttpRequest, job: Job, act: _Act, word: str) -> None:
        act(job, now=utc_now())
        self.log_change(
            request, job, f"{word.capitalize()}, after {job.code or 'it was given up'}: {job.reason}"[:500]
        )

    @action(description="Send again", url_path="send-again")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._one(request, object_id, actions.send_again, "sent again")

    @action(description="Drop", url_path="drop")
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._one(request, object_id, actions.drop, "dropped")

    def _one(self, request: HttpRequest, object_id: str, act: _Act, word: str) -> HttpResponse:
        job = self.get_object(request, object_id)
        if job is None or not self.may_change(request, job):
            raise PermissionDenied
        if request.method != "POST":
            again = act is actions.send_again
            return self.render_page(
                request,
                "gateway/jobs/act",
                title=f"{'Send again' if again else 'Drop'} {job}",
                job=job,
                again=again,
            )
        with told(request):
            self._act(request, job, act, word)
            messages.success(request, f"{job} was {word}.")
        return HttpResponseRedirect(reverse("admin:gateway_job_changelist"))
