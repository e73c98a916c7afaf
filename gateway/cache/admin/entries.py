"""The page of answers that may be given again: masked, with what they served; any of them can be ended."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from accounts.admin.base import OwnedAdmin, SeenOnly, person
from accounts.admin.cells import header
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import action, display
from gateway.cache.models import CacheEntry, Kind
from gateway.cache.selectors.answers import answer_text
from gateway.cache.services.purging import end_entry
from kernel.clock import utc_now
from kernel.money import format_usd

_LABELS = {
    Kind.EXACT: "success",
    Kind.SEMANTIC: "info",
    Kind.SLOT: "primary",
    Kind.EMBEDDING: "",
    Kind.RETRIEVAL: "warning",
}
_SHOWN = 120
MAX_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # takes no argument where it runs
    """Of very many rows the first are counted, and paged through: who looks for others filters, or searches."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MAX_COUNTED].count())


@admin.register(CacheEntry)
class CacheEntryAdmin(SeenOnly, OwnedAdmin):
    """Answers that are kept. What was asked and said is masked: a value is never in them."""

    empty_hint = "Answers of calls that a cache rule holds for appear here, until their time is over."
    list_display = ("asked", "kind_label", "where", "age", "served", "saved", "call")
    list_filter = ("kind", "is_barred", TeamFilter)
    list_select_related = ("team", "prompt", "rule")
    lookups = ("rule", "prompt", "route")
    search_fields = ("question", "route", "prompt__name")
    search_help_text = "Words of a question, a route or a prompt."
    show_full_result_count = False
    paginator = CappedPaginator
    sortable_by = ()
    actions = ("end_selected",)
    actions_list = ("purge",)
    actions_detail: ClassVar[list[str]] = ["end"]
    change_form_outer_before_template = "admin/gateway/cache/entry_state.html"
    fieldsets = (
        (None, {"fields": ("said", "answer_words")}),
        (
            "Whose",
            {"fields": ("kind", "rule", "place", "whom_for", "model", "call", "uses_text")},
        ),
        (
            "What it served",
            {"fields": ("served", "saved", "last_hit_at", "created_at", "expires_at", "ends_at")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what is large, or of no use to people: a page of one reads its answer by itself."""
        return super().get_queryset(request).defer("answer", "vector", "scope", "guard", "digest")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(str(name) for _, options in self.fieldsets for name in options["fields"])

    def beside(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {"entry_state": _state(obj)}

    @display(description="Asked")
    def asked(self, entry: CacheEntry) -> str:
        text = entry.question
        return (text[:_SHOWN] + "…" if len(text) > _SHOWN else text) or "(no question of words)"

    @display(description="Question")
    def said(self, entry: CacheEntry) -> str:
        return entry.question or "(no question of words)"

    @display(description="Answer")
    def answer_words(self, entry: CacheEntry) -> SafeString:
        text = answer_text(entry) or "(no words)"
        return format_html('<span class="gh-said">{}</span>', text)

    @display(description="Known again by", label=_LABELS)
    def kind_label(self, entry: CacheEntry) -> tuple[str, str]:
        return entry.kind, str(entry.get_kind_display())

    @display(description="Where")
    def where(self, entry: CacheEntry) -> SafeString:
        version = f" version {entry.prompt_version}" if entry.prompt_version else ""
        return header(
            entry.route, f"{entry.team}, {entry.prompt}{version}" if entry.prompt else str(entry.team)
        )

    @display(description="Where")
    def place(self, entry: CacheEntry) -> str:
        version = f" version {entry.prompt_version}" if entry.prompt_version else ""
        prompt = f", prompt {entry.prompt}{version}" if entry.prompt else ""
        return f"{entry.team}, route {entry.route}{prompt}"

    @display(description="Given to")
    def whom_for(self, entry: CacheEntry) -> str:
        if not entry.has_values:
            return f"Anybody of {entry.team} who asks the same: it holds no value of anybody."
        return f"{entry.end_user or 'Calls without an end user'} alone: it holds placeholders of values."

    @display(description="Age")
    def age(self, entry: CacheEntry) -> str:
        now = utc_now()
        left = f"{timeuntil(entry.ends_at, now, depth=1)} left" if entry.ends_at > now else "over"
        return f"{timesince(entry.created_at, now, depth=1)}, {left}"

    @display(description="Given again")
    def served(self, entry: CacheEntry) -> str:
        barred = ", now for the same question alone" if entry.is_barred else ""
        return f"{entry.hits:,} times{barred}" if entry.hits != 1 else f"once{barred}"

    @display(description="Saved")
    def saved(self, entry: CacheEntry) -> str:
        return format_usd(entry.hits * entry.cost_nanos)

    @display(description="Whose answer")
    def call(self, entry: CacheEntry) -> str:
        if entry.call_id is None:
            return "-"
        url = reverse("admin:governance_auditrecord_change", args=[entry.call_id])
        return format_html('<a class="gh-link" href="{}">{}…</a>', url, str(entry.call_id)[:8])

    @display(description="Made from")
    def uses_text(self, entry: CacheEntry) -> str:
        return ", ".join(each.replace(":", " ") for each in entry.uses) or "nothing that can change"

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if self.may_change(request, None) else {}

    @admin.action(description="End these answers")
    def end_selected(self, request: HttpRequest, rows: QuerySet[CacheEntry]) -> None:
        entries = list(rows.select_related("team"))
        if not all(self.may_change(request, entry) for entry in entries):
            raise PermissionDenied
        for entry in entries:
            end_entry(entry, by=person(request))
        messages.success(request, f"{len(entries):,} ended: they are given to nobody any more.")

    def has_end_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        entry = None if object_id is None else self.get_object(request, str(object_id))
        return self.may_change(request, entry) and (object_id is None or entry is not None)

    @action(description="End this answer", url_path="end", permissions=["end"])
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        entry = self.get_object(request, object_id)
        if entry is None or not self.may_change(request, entry):
            raise PermissionDenied
        if request.method != "POST":
            return self.render_page(
                request, "gateway/cache/end_entry", title="End this answer", entry=entry, words=answer_text(entry)
            )  # fmt: skip
        end_entry(entry, by=person(request), reason=request.POST.get("reason", "").strip()[:200])
        messages.success(request, "It is ended: it is given to nobody any more.")
        return HttpResponseRedirect(reverse("admin:gateway_cacheentry_changelist"))

    def has_purge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.may_change(request, None)

    @action(description="Purge", icon="delete_sweep", url_path="purge", permissions=["purge"])
    def purge(self, request: HttpRequest) -> HttpResponse:
        """The form is on the page of purges."""
        return HttpResponseRedirect(reverse("admin:gateway_cachepurge_purge"))


def _state(entry: CacheEntry) -> dict[str, str]:
    """How it stands, in words."""
    now = utc_now()
    if entry.is_barred:
        return {
            "text": "It was wrong for a similar question: it is given for the same one alone.",
            "kind": "warning",
        }
    if entry.expires_at <= now < entry.ends_at:
        return {
            "text": "It is stale: it is given, and says so, while a new answer is made.",
            "kind": "warning",
        }
    if entry.ends_at <= now:
        return {
            "text": "Its time is over: it is given to nobody, and goes within a minute.",
            "kind": "warning",
        }
    return {}
