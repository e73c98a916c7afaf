"""Two pages: what AWS has in each region and what of it is deployed; and a calendar of the models that end."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from accounts.access.principals import may_manage_shared
from accounts.admin.base import BaseAdmin, SeenOnly, principal, told, without_store
from gateway.discovery.admin.cells import lines_of, things_of
from gateway.discovery.models import Discovered, DiscoveredList, FoundKind, ModelNews
from gateway.discovery.policy import USED_DAYS
from gateway.discovery.selectors.endings import endings, retired_lines
from gateway.discovery.selectors.matrix import (
    ABILITIES,
    MatrixQuery,
    deployed_arns,
    found_of,
    matrix,
    regions_found,
    vendors_found,
)
from gateway.discovery.services.actions import deploy
from gateway.discovery.services.succession import succeed
from kernel.background import app
from kernel.clock import utc_now

_DISCOVER = "gateway.tasks.discover"
_PER_PAGE = 25
_NEWS = 20
_OWN = (
    FoundKind.CUSTOM, FoundKind.CUSTOM_DEPLOYMENT, FoundKind.IMPORTED, FoundKind.PROVISIONED, FoundKind.APPLICATION_PROFILE,
)  # fmt: skip


@admin.register(Discovered)
class DiscoveredAdmin(SeenOnly, BaseAdmin):
    """No objects: pages that show all of them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.endings_view)
        return [path("endings/", view, name="gateway_discovered_endings"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method == "POST":
            return self._look(request) if "look" in request.POST else self._deploy(request)
        query = _query(request)
        rows = matrix(query, now=utc_now())
        page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
        regions = [query.region] if query.region else regions_found()
        context = {
            "title": "Discovery",
            "query": query,
            "regions": regions,
            "all_regions": regions_found(),
            "vendors": vendors_found(),
            "abilities": [name for name, _ in ABILITIES],
            "number": len(rows),
            "page": page,
            "lines": lines_of(page, regions),
            "problems": DiscoveredList.objects.exclude(problem=""),
            "last": DiscoveredList.objects.exclude(read_at=None).order_by("-read_at").first(),
            "own": found_of(*_OWN, region=query.region),
            "deployed": deployed_arns(),
            "beside": [
                (title, things_of(found_of(kind, region=query.region), regions))
                for title, kind in (("Guardrails", FoundKind.GUARDRAIL), ("Knowledge bases", FoundKind.KNOWLEDGE_BASE))
            ],
            "may_change": may_manage_shared(principal(request)),
            "asked": _without_page(request),
        }  # fmt: skip
        return without_store(self.render_page(request, "gateway/discovery/discovered", **context))

    def endings_view(self, request: HttpRequest) -> HttpResponse:
        """The calendar, and what has been told."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._succeed(request)
        found = endings(principal(request), today=utc_now().date())
        context = {
            "title": "Ending models",
            "hitting": [each for each in found if each.uses or each.is_near],
            "quiet": [each for each in found if not (each.uses or each.is_near)],
            "retired": retired_lines(),
            "news": ModelNews.objects.all()[:_NEWS],
            "days": USED_DAYS,
            "may_change": may_manage_shared(principal(request)),
        }
        return without_store(self.render_page(request, "gateway/discovery/endings", **context))

    def _look(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        app.send_task(_DISCOVER)
        messages.success(request, "AWS is being asked. Reload this page in a minute.")
        return HttpResponseRedirect(request.get_full_path())

    def _deploy(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        chosen = request.POST.get("add", "")
        found = Discovered.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() else None
        if found is None:
            messages.error(request, "That is not in the list any more.")
            return HttpResponseRedirect(request.get_full_path())
        with told(request):
            made = deploy(found)
            self.log_addition(request, made, f"Found by discovery: {found.identifier} in {found.region}")
            messages.success(
                request, f"{made} is a deployment now. Enter its price: until then calls to it are refused."
            )
            return HttpResponseRedirect(reverse("admin:gateway_deployment_change", args=[made.pk]))
        return HttpResponseRedirect(request.get_full_path())

    def _succeed(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        with told(request):
            done = succeed(request.POST.get("model", ""))
            names = [*done.aliases, *(f"the route {name}" for name in done.routes)]
            messages.success(request, f"Lead to the successor now: {', '.join(names)}.")
            if done.left:
                messages.warning(request, f"Routes that still lead to the old model: {', '.join(done.left)}.")
        return HttpResponseRedirect(request.get_full_path())

    def _check(self, request: HttpRequest) -> None:
        if not may_manage_shared(principal(request)):
            raise PermissionDenied


def _query(request: HttpRequest) -> MatrixQuery:
    given = {name: request.GET.get(name, "")[:200] for name in MatrixQuery.__slots__}
    return MatrixQuery(**given)


def _without_page(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
