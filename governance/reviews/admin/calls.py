from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.admin.base import OwnedAdmin, SeenOnly, person, principal, without_store
from accounts.admin.cells import header, label
from accounts.admin.filters import ApplicationFilter, TeamFilter
from accounts.admin.typed import display
from governance.records.models import AuditRecord, CallStatus
from governance.records.selectors.bodies import BodiesUnreachableError, with_words
from governance.records.selectors.calls import (
    CallContent,
    content_of,
    ids_beginning_with,
    may_read_content,
    why_nothing,
)
from governance.reviews.admin.call_filters import DayFilter, ModelFilter, ReviewFilter, StatusFilter
from governance.reviews.admin.call_reviews import VARIANTS, ReviewPages, review_card
from governance.reviews.admin.check_lines import check_lines
from governance.reviews.admin.feedback import verdict_of
from governance.reviews.admin.prompt_lines import prompt_lines
from governance.reviews.admin.raw_text import RawTextPages, raw_text_card
from governance.reviews.admin.timeline import timeline_of
from governance.reviews.admin.transcript import transcript_of
from governance.reviews.models import CallReview, Feedback
from governance.reviews.selectors import with_verdict
from governance.ui.calls import STATUS_LABELS, milliseconds
from governance.ui.keyset import AFTER, BEFORE, KeysetChangeList, uuid_of
from governance.ui.people import attach, named_of
from kernel.money import format_usd
from kernel.replica import may_be_stale

NOTHING = "-"
_MAX_FEEDBACK = 10


class CallList(KeysetChangeList):
    """A page of calls with the names of whom they were for, for those who may know."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        attach(principal(request), self.result_list)


@admin.register(AuditRecord)
class CallAdmin(SeenOnly, RawTextPages, ReviewPages, OwnedAdmin):
    """Calls: found, looked at, never changed."""

    list_display = (
        "started",
        "status_label",
        "who",
        "whom",
        "model_name",
        "tokens",
        "cost",
        "duration",
        "review",
    )
    list_display_links = ("started",)
    list_filter = (
        TeamFilter,
        ApplicationFilter,
        ModelFilter,
        StatusFilter,
        ReviewFilter,
        ("started_at", DayFilter),
    )
    list_filter_submit = True
    empty_hint = "Calls appear here a moment after they end."
    list_per_page = 50
    list_select_related = ("team", "application")
    search_fields = ("call_id",)
    search_help_text = "A call ID, or words from the request or the answer."
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # they would count

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return CallList

    @may_be_stale
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, extra_context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_verdict(super().get_queryset(request), user=person(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        bounds = ids_beginning_with(search_term)
        if bounds and queryset.filter(pk__range=bounds)[:1]:
            return queryset.filter(pk__range=bounds), False
        try:
            return self._with_words(request, queryset, search_term), False
        except BodiesUnreachableError as error:
            self.message_user(request, str(error), messages.ERROR)
            return queryset.none(), False

    def _with_words(self, request: HttpRequest, calls: QuerySet[Any], text: str) -> QuerySet[Any]:
        before, after = uuid_of(request.GET.get(BEFORE)), uuid_of(request.GET.get(AFTER))
        return with_words(calls, text, user=person(request), before=before, after=after)

    @display(description="Time")
    def started(self, call: AuditRecord) -> str:
        return f"{timezone.localtime(call.started_at):%Y-%m-%d %H:%M:%S}"

    @display(description="Status")
    def status_label(self, call: AuditRecord) -> str:
        return label(call.code or call.get_status_display(), STATUS_LABELS.get(call.status))

    @display(description="Application")
    def who(self, call: AuditRecord) -> str:
        application = str(call.application) if call.application else NOTHING
        return header(application, str(call.team) if call.team else "")

    @display(description="End user")
    def whom(self, call: AuditRecord) -> str:
        if not call.end_user:
            return NOTHING
        tag, _, name = named_of(call, call.end_user).partition(" · ")
        return header(name, tag) if name else header(tag, "")

    @display(description="Model")
    def model_name(self, call: AuditRecord) -> str:
        return header(call.route or call.requested_model or NOTHING, call.region)

    @display(description="Tokens in / out")
    def tokens(self, call: AuditRecord) -> str:
        prompt = call.input_tokens + call.cache_read_tokens + call.cache_write_tokens
        return f"{prompt:,} / {call.output_tokens:,}" if prompt or call.output_tokens else NOTHING

    @display(description="Cost")
    def cost(self, call: AuditRecord) -> str:
        return format_usd(call.cost_nanos) if call.cost_nanos else NOTHING

    @display(description="Duration")
    def duration(self, call: AuditRecord) -> str:
        return milliseconds(call.duration_ms)

    @display(description="Review")
    def review(self, call: Any) -> str:
        if call.verdict:
            return label(CallReview.Verdict(call.verdict).label, VARIANTS[call.verdict])
        return label("Flagged", "warning") if call.is_flagged else label("")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The call's page, which is no form."""
        if object_id is None or request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        return self._page(request, self.call_or_404(request, object_id))

    def _page(self, request: HttpRequest, call: AuditRecord) -> HttpResponse:
        attach(principal(request), [call])
        may_read = may_read_content(person(request), call)
        content, nothing = _content_of(call) if may_read else (None, "")
        context = {
            "original": call,
            "title": "Call",
            "call": call,
            "status_variant": STATUS_LABELS.get(CallStatus(call.status), ""),
            "timeline": timeline_of(call.stages),
            "groups": _groups(call),
            "checks": check_lines(call.findings, call.checks),
            "may_read": may_read,
            "feedback": _feedback(call, may_read=may_read),
            "transcript": transcript_of(content.request, content.answer) if content else None,
            "nothing": nothing,
            **raw_text_card(request, call),
            **(review_card(request, call) if may_read else {}),
        }
        return without_store(self.render_page(request, "governance/records/page", **context))


def _content_of(call: AuditRecord) -> tuple[CallContent | None, str]:
    """What was said; where nothing is to be shown, why."""
    try:
        content = content_of(call)
    except BodiesUnreachableError as error:
        return None, str(error)
    return content, "" if content else why_nothing(call, now=timezone.now())


def _feedback(call: AuditRecord, *, may_read: bool) -> list[tuple[Feedback, str, str]]:
    """What end users said of the answer, whether that was good, and their comments for those who may read them."""
    return [
        (row, "success" if verdict_of(row)[0] == "good" else "danger", row.comment if may_read else "")
        for row in Feedback.objects.filter(call_id=call.pk, team=call.team_id)[:_MAX_FEEDBACK]
    ]


def _referred(call: AuditRecord, name: str) -> str:
    """What a record names, which may be gone: a record outlives it."""
    try:
        return str(getattr(call, name) or "")
    except ObjectDoesNotExist:
        return f"{getattr(call, f'{name}_id')} (deleted)"


def _groups(call: AuditRecord) -> list[tuple[str, list[tuple[str, str]]]]:
    """The call's figures, by subject; those without a value are left out."""
    groups = [
        (
            "Caller",
            [
                ("Team", _referred(call, "team")),
                ("Application", _referred(call, "application")),
                ("API key", _referred(call, "api_key")),
                ("Feature", call.feature),
                ("End user", named_of(call, call.end_user)),
                ("Session", named_of(call, call.session)),
                ("Address", call.client_ip or ""),
                ("Request ID", call.request_id),
            ],
        ),
        (
            "Route",
            [
                ("Asked for", call.requested_model),
                ("Route", call.route),
                ("Model", call.model),
                ("Provider", call.provider),
                ("Region", call.region),
                ("Invoked as", call.invoke_id if call.invoke_id != call.model else ""),
                ("Attempts", str(call.attempts or "")),
                ("Format", call.get_wire_format_display() + (", streamed" if call.is_stream else "")),
                (f"{'The provider' if call.provider else 'Bedrock'}'s request ID", call.upstream_request_id),
                ("Stop reason", call.stop_reason),
            ],
        ),
        ("Prompt", prompt_lines(call.prompt_name, call.prompt_version, call.prompt_label, call.prompt_run)),
        (
            "Tokens and cost",
            [
                ("Input", f"{call.input_tokens:,}"),
                ("Read from cache", f"{call.cache_read_tokens:,}" if call.cache_read_tokens else ""),
                ("Written to cache", f"{call.cache_write_tokens:,}" if call.cache_write_tokens else ""),
                ("Output", f"{call.output_tokens:,}"),
                ("Estimated before the call", f"{call.counted_input_tokens:,}" if call.counted_input_tokens else ""),
                ("Reserved", format_usd(call.reserved_nanos) if call.reserved_nanos else ""),
                ("Cost", format_usd(call.cost_nanos) + (" (estimated)" if call.is_estimated else "")),
                ("Saved by the prompt cache", format_usd(call.cache_saved_nanos) if call.cache_saved_nanos else ""),
            ],
        ),
        (
            "Timing",
            [
                ("Started", f"{timezone.localtime(call.started_at):%Y-%m-%d %H:%M:%S.%f}"[:-3]),
                ("First token", milliseconds(call.first_token_ms) if call.first_token_ms else ""),
                ("Duration", milliseconds(call.duration_ms)),
                ("HTTP status", str(call.http_status)),
            ],
        ),
    ]  # fmt: skip
    return [(title, [row for row in rows if row[1]]) for title, rows in groups if rows]
