"""Pairs to label: two questions side by side, with both answers, one after the other; and the list of all."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.admin.base import OwnedAdmin, SeenOnly, person, principal, without_store
from accounts.admin.filters import TeamFilter, is_id
from accounts.admin.typed import action, display
from accounts.models import Team
from gateway.cache.models import CachePair
from gateway.cache.selectors.pairs import next_pair, waiting
from gateway.cache.services.labels import label
from kernel.clock import utc_now
from prompts.registry.policy.text_diff import Span, text_diff

_OUTCOMES = {"same": "success", "different": "danger", "unsure": "warning"}
_LABELS = {"same": "success", "different": "danger"}
_COUNTED = 1000


@admin.register(CachePair)
class CachePairAdmin(SeenOnly, OwnedAdmin):
    """Pairs of questions that were taken for the same. A person's label counts before what was measured."""

    empty_hint = (
        "Where a cache rule looks for similar questions, answers that would have been given, and a share of those that were, "
        "are compared with what the model says. The pairs appear here, to be labelled."
    )
    list_display = ("questions", "where", "similarity_text", "measured", "said_label", "at")
    list_filter = ("outcome", "label", "source", TeamFilter)
    list_select_related = ("team", "prompt")
    lookups = ("entry",)
    search_fields = ("asked", "known", "route")
    search_help_text = "Words of a question, or a route."
    show_full_result_count = False
    sortable_by = ()
    actions_list = ("next",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.label_page)
        return [path("label/", view, name="gateway_cachepair_label"), *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A pair is looked at where it is labelled."""
        pair = self.get_object(request, object_id)
        if pair is None:
            raise PermissionDenied
        return self._shown(request, pair, team=None)

    @display(description="Asked, and known")
    def questions(self, pair: CachePair) -> SafeString:
        known = _spans(text_diff(pair.known, pair.asked))
        return format_html('<span class="gh-said gh-pair-line">{}</span>', known)

    @display(description="Where")
    def where(self, pair: CachePair) -> str:
        return f"{pair.route}, {pair.prompt}" if pair.prompt else pair.route

    @display(description="Similarity")
    def similarity_text(self, pair: CachePair) -> str:
        return f"{pair.similarity:.3f}"

    @display(description="Measured", label=_OUTCOMES)
    def measured(self, pair: CachePair) -> tuple[str, str]:
        return pair.outcome, str(pair.get_outcome_display())

    @display(description="Label", label=_LABELS)
    def said_label(self, pair: CachePair) -> tuple[str, str] | None:
        return (pair.label, str(pair.get_label_display())) if pair.label else None

    def has_next_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.may_change(request, None)

    @action(description="Label pairs", icon="rule", url_path="next", permissions=["next"])
    def next(self, request: HttpRequest) -> HttpResponse:
        """The page where pairs come one after the other."""
        return HttpResponseRedirect(reverse("admin:gateway_cachepair_label"))

    def label_page(self, request: HttpRequest) -> HttpResponse:
        """The pair to label next; sent back, it sets a label and goes on."""
        if not self.may_change(request, None):
            raise PermissionDenied
        sent = request.POST if request.method == "POST" else request.GET
        team = int(sent["team"]) if is_id(sent.get("team", "")) else None
        if request.method == "POST":
            return self._labelled(request, team)
        if wanted := request.GET.get("pair"):
            pair: CachePair | None = self._pair(request, wanted)
        else:
            after = request.GET.get("after")
            pair = next_pair(
                principal(request), team=team, after=self._pair(request, after) if after else None
            )
        return self._shown(request, pair, team=team)

    def _labelled(self, request: HttpRequest, team: int | None) -> HttpResponse:
        pair = self._pair(request, request.POST.get("pair", ""))
        said = request.POST.get("label", "")
        if said not in CachePair.Label.values or not self.may_change(request, pair):
            raise PermissionDenied
        label(pair=pair, label=said, by=person(request), now=utc_now())
        query = {"last": str(pair.pk), **({"team": str(team)} if team else {})}
        return HttpResponseRedirect(f"{reverse('admin:gateway_cachepair_label')}?{urlencode(query)}")

    def _pair(self, request: HttpRequest, pk: str) -> CachePair:
        pair: CachePair | None = self.get_object(request, pk) if is_id(pk) else None
        if pair is None:
            raise PermissionDenied
        return pair

    def _shown(self, request: HttpRequest, pair: CachePair | None, *, team: int | None) -> HttpResponse:
        who, last = principal(request), request.GET.get("last", "")
        context: dict[str, Any] = {
            "pair": pair,
            "team": team,
            "teams": Team.objects.filter(pk__in=waiting(who).order_by().values("team").distinct()),
            "waiting": waiting(who, team=team)[:_COUNTED].count(),
            "most": _COUNTED,
            "may_label": pair is not None and self.may_change(request, pair),
            "last": self.get_object(request, last) if is_id(last) else None,
        }
        if pair is not None:
            context |= _sides(pair)
        return without_store(
            self.render_page(request, "gateway/cache/label", title="Pairs to label", **context)
        )


def _sides(pair: CachePair) -> dict[str, Any]:
    """Both questions and both answers, each with what only it has marked."""
    questions, answers = text_diff(pair.known, pair.asked), text_diff(pair.served, pair.said)
    return {
        "known": _without(questions, "added"),
        "asked": _without(questions, "removed"),
        "served": _without(answers, "added"),
        "said": _without(answers, "removed"),
    }


def _without(spans: list[Span], kind: str) -> list[Span]:
    return [span for span in spans if span.kind != kind]


def _spans(spans: list[Span]) -> SafeString:
    marks = {"removed": "<del>{}</del>", "added": "<ins>{}</ins>", "equal": "{}"}
    return format_html_join("", "{}", ((format_html(marks[span.kind], span.text),) for span in spans))
