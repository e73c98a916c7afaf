from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.db.models import Case, F, Q, QuerySet, TextField, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from accounts.admin.base import OwnedAdmin, SeenOnly, person
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from governance.records.selectors.calls import ids_beginning_with
from governance.reviews.admin.feedback_filters import (
    ApplicationOfCallFilter,
    GivenFilter,
    HelpfulFilter,
    PromptFilter,
)
from governance.reviews.models import LOW_SCORE, Feedback
from governance.reviews.selectors import content_teams, with_calls

NOTHING = "-"
_SHOWN = 160
_SHORT = 40


def verdict_of(feedback: Feedback) -> tuple[str, str]:
    """Whether an answer was `good` or `bad`, and that in words."""
    is_good = (feedback.score or 0) >= LOW_SCORE if feedback.helpful is None else feedback.helpful
    return "good" if is_good else "bad", str(feedback)


@admin.register(Feedback)
class FeedbackAdmin(SeenOnly, OwnedAdmin):
    """What end users said of answers. Comments are for those who may read what was said in the team's calls."""

    goes_along = True
    empty_hint = (
        "Feedback is what your users say of an answer. Your application passes it on, by the ID of the call."
    )
    empty_template = "admin/governance/reviews/feedback_empty.html"
    base_url = settings.PUBLIC_URL
    list_display = ("given", "verdict", "comment_begins", "prompt", "application", "call")
    list_display_links = ("given",)
    list_filter = (
        TeamFilter,
        HelpfulFilter,
        PromptFilter,
        ApplicationOfCallFilter,
        ("created_at", GivenFilter),
    )
    list_filter_submit = True
    list_select_related = ("team",)
    search_fields = ("call_id",)
    search_help_text = "A call ID, or an end user."
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    fields: ClassVar[tuple[Any, ...]] = (
        "said", "whole_comment", ("prompt", "call"), ("application_name", "team"), ("end_user", "given"), ("changed", "kept"),
    )  # fmt: skip
    readonly_fields = (
        "said",
        "whole_comment",
        "prompt",
        "call",
        "application_name",
        "given",
        "changed",
        "kept",
    )

    def own_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of the person's teams, and nothing besides."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        readable = content_teams(person(request))
        # None, wherever it is shown, for those who may not read it.
        comment = Case(When(team__in=readable, then=F("comment")), default=None, output_field=TextField(null=True))  # fmt: skip
        rows: QuerySet[Any] = with_calls(self.own_rows(request)).annotate(readable_comment=comment)
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        bounds = ids_beginning_with(term)
        is_call = Q(call_id__range=bounds) if bounds else Q(pk__in=())
        return queryset.filter(is_call | Q(end_user=term)), False

    @display(description="Given")
    def given(self, feedback: Feedback) -> str:
        return _on_one_line(_time(feedback.created_at))

    @admin.display(description="Changed")
    def changed(self, feedback: Feedback) -> str:
        changed, given = _time(feedback.updated_at), _time(feedback.created_at)
        return changed if changed != given else NOTHING

    @admin.display(description="Text of the call kept for it")
    def kept(self, feedback: Feedback) -> str:
        return _time(feedback.body_kept_at) if feedback.body_kept_at else NOTHING

    @display(description="What was said", label={"good": "success", "bad": "danger"})
    def verdict(self, feedback: Feedback) -> tuple[str, str]:
        return verdict_of(feedback)

    @admin.display(description="What was said")
    def said(self, feedback: Feedback) -> str:
        words = str(feedback)
        if feedback.helpful is None or feedback.score is None:
            return words
        return f"{words}, with a score of {feedback.score:g}"

    @admin.display(description="Comment")
    def comment_begins(self, feedback: Any) -> str:
        comment = feedback.readable_comment
        if comment is None:
            return "not for your role"
        return Truncator(comment).chars(_SHOWN) or NOTHING

    @admin.display(description="Comment")
    def whole_comment(self, feedback: Any) -> str:
        if feedback.readable_comment is None:
            return "Your role in this team shows figures only. Reviewers, developers, admins and owners can read comments."
        return str(feedback.readable_comment or NOTHING)

    @admin.display(description="Prompt")
    def prompt(self, feedback: Any) -> str:
        if not feedback.prompt_name:
            return NOTHING
        version = f", version {feedback.prompt_version}" if feedback.prompt_version else ""
        text = f"{feedback.prompt_name}{version}"
        return _on_one_line(text) if len(text) <= _SHORT else text

    @admin.display(description="Application")
    def application_name(self, feedback: Any) -> str:
        return feedback.application_name or NOTHING

    @display(description="Application", header=True)
    def application(self, feedback: Any) -> list[str]:
        return [feedback.application_name or NOTHING, str(feedback.team)]

    @admin.display(description="Call")
    def call(self, feedback: Feedback) -> str:
        url = reverse("admin:governance_auditrecord_change", args=[feedback.call_id])
        return format_html(
            '<a class="gh-link whitespace-nowrap" href="{}">{}…</a>', url, str(feedback.call_id)[:13]
        )


def _time(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def _on_one_line(text: str) -> str:
    return format_html('<span class="whitespace-nowrap">{}</span>', text)
