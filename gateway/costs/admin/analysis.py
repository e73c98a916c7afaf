"""The page of cost analysis: a scenario, what it costs at each price list, where they cross, and those that were kept."""

from decimal import Decimal
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from accounts.access.principals import has_capability, principal, team_ids
from accounts.admin.base import BaseAdmin, SeenOnly, person, told, without_store
from accounts.models import Team
from accounts.policy.roles import Capability
from gateway.costs.admin.bedrock_or_direct import bedrock_or_direct
from gateway.costs.admin.course import course_of
from gateway.costs.admin.scenario_form import ScenarioForm, is_shown_whole, values_of
from gateway.costs.models import CostScenario
from gateway.costs.policy.choice import Choice, choice_from
from gateway.costs.policy.price_lists import Projected
from gateway.costs.policy.scenario import ImpossibleScenarioError, Kind, Scenario, scenario_from
from gateway.costs.selectors.past import last_days, routes_of, scenario_of
from gateway.costs.selectors.price_lists import routes_with_a_price
from gateway.costs.services.analysis import Analysis, Crossing, analyse
from gateway.costs.services.scenarios import keep_scenario
from kernel.clock import utc_now
from kernel.money import format_usd

KEPT_SHOWN = 20
ROUTES_AT_FIRST = 3
_MORE = (
    "The figures below are of all of it; the form has no place for some of it (kinds of calls, price lists or model units beyond those "
    "that it shows, or finer numbers), and what you work out or keep from here is without that."
)
_EMPTY = Scenario(
    calls=10_000, kinds=(Kind(name="Questions", share=Decimal(1), input_tokens=1500, output_tokens=300),)
)
"""What is on the page where there was no call yet."""


@admin.register(CostScenario)
class CostScenarioAdmin(SeenOnly, BaseAdmin):
    """One page, no objects."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "bedrock-or-direct/",
                self.admin_site.admin_view(self.advice),
                name="gateway_costscenario_advice",
            ),
            path("keep/", self.admin_site.admin_view(self.keep), name="gateway_costscenario_keep"),
            path(
                "<int:scenario_id>/drop/",
                self.admin_site.admin_view(self.drop),
                name="gateway_costscenario_drop",
            ),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        data, about, kept_as = self._asked(request)
        form = ScenarioForm(data, routes=routes_with_a_price(now=utc_now()))
        context: dict[str, Any] = {
            "title": "Cost analysis",
            "form": form,
            "about": about,
            "sent": request.GET,
            "past": _past_choices(request),
        }
        found, problem = _analysed(form, kept_as)
        if kept_as is not None and not is_shown_whole(form, *kept_as):
            context["about"] = f"{about} {_MORE}"
        if found is not None:
            context |= _shown(found) | {"values": _pairs(data)}
        kept = list(CostScenario.objects.visible_to(principal(request)).select_related("team")[:KEPT_SHOWN])
        context |= {
            "problem": problem,
            "kept": [
                (row, row.owned_by.reach_to_change(principal(request)).covers(row.team_id)) for row in kept
            ],
            "compared": [_compared(row) for row in kept if str(row.pk) in request.GET.getlist("compare")],
            "keepers": _keepers(request),
        }
        return without_store(self.render_page(request, "gateway/costs/analysis", **context))

    def _asked(self, request: HttpRequest) -> tuple[QueryDict, str, tuple[Scenario, Choice] | None]:
        """What the form shows, where it is from, and what was kept, where it is that."""
        sent = request.GET
        if sent.get("kept", "").isdecimal():
            row = (
                CostScenario.objects.visible_to(principal(request)).filter(pk=int(sent["kept"][:18])).first()
            )
            if row is None:
                raise Http404("There is no such scenario, or it is another team's.")
            kept = scenario_from(row.scenario), choice_from(row.choice)
            return _data(*kept), f"“{row.name}”, as it was kept.", kept
        if "calls" in sent and "fill" not in sent:
            return sent, "", None
        teams = team_ids(principal(request), Capability.VIEW_USAGE)
        filters: dict[str, Any] = {name: sent[name][:200] for name in ("feature", "route") if sent.get(name)}
        if sent.get("team", "").isdecimal():
            filters["team"] = int(sent["team"][:18])
        query, zone = last_days(now=utc_now(), teams=teams, filters=filters), ZoneInfo(settings.TIME_ZONE)
        past = scenario_of(query, zone=zone)
        priced = routes_with_a_price(now=utc_now())
        used = [name for name in routes_of(query, zone=zone, at_most=ROUTES_AT_FIRST * 2) if name in priced]
        choice = Choice(routes=tuple((used or priced)[:ROUTES_AT_FIRST]), with_batch=True, with_direct=True)
        if past is None:
            about = "There were no such calls in the last thirty days: these numbers are only a beginning."
            return _data(_EMPTY, choice), about, None
        about = (
            f"{past.calls:,} calls of the last thirty days, by feature. Change whatever will be otherwise."
        )
        return _data(past, choice), about, None

    def keep(self, request: HttpRequest) -> HttpResponse:
        """Keeps what is on the page under a name."""
        back = reverse("admin:gateway_costscenario_changelist")
        if request.method != "POST":
            raise PermissionDenied
        team_id = int(request.POST["for"]) if request.POST.get("for", "").isdecimal() else None
        if not CostScenario.owned_by.reach_to_change(principal(request)).covers(team_id):
            raise PermissionDenied
        form = ScenarioForm(request.POST, routes=routes_with_a_price(now=utc_now()))
        name = request.POST.get("keep_name", "").strip()[:100]
        if not form.is_valid() or not name:
            messages.error(request, "Give the scenario a name, and numbers that fit.")
            return HttpResponseRedirect(f"{back}?{_typed(request)}")
        with told(request):
            team = get_object_or_404(Team, pk=team_id) if team_id else None
            row = keep_scenario(
                team=team, name=name, scenario=form.scenario(), choice=form.choice(), by=person(request)
            )
            messages.success(request, f"“{row.name}” is kept.")
            return HttpResponseRedirect(f"{back}?kept={row.pk}")
        return HttpResponseRedirect(f"{back}?{_typed(request)}")

    def advice(self, request: HttpRequest) -> HttpResponse:
        """“Bedrock or direct”."""
        return bedrock_or_direct(self, request)

    def drop(self, request: HttpRequest, scenario_id: int) -> HttpResponse:
        """Throws a scenario away."""
        row = CostScenario.objects.visible_to(principal(request)).filter(pk=scenario_id).first()
        if row is None:
            raise Http404
        if request.method != "POST" or not row.owned_by.reach_to_change(principal(request)).covers(
            row.team_id
        ):
            raise PermissionDenied
        row.delete()
        messages.success(request, f"“{row.name}” is gone.")
        return HttpResponseRedirect(reverse("admin:gateway_costscenario_changelist"))


def _data(scenario: Scenario, choice: Choice) -> QueryDict:
    found = QueryDict(mutable=True)
    for name, value in values_of(scenario, choice).items():
        found.setlist(name, [str(each) for each in value] if isinstance(value, list) else [str(value)])
    return found


def _pairs(data: QueryDict) -> list[tuple[str, str]]:
    """For hidden fields; those of the page's other forms are left out."""
    return [
        (name, value)
        for name, values in data.lists()
        for value in values
        if name not in ("compare", "kept", "fill")
    ]


def _typed(request: HttpRequest) -> str:
    """The page with what was typed."""
    found = request.POST.copy()
    for name in ("csrfmiddlewaretoken", "keep_name", "for"):
        found.pop(name, None)
    return found.urlencode()


def _analysed(form: ScenarioForm, kept: tuple[Scenario, Choice] | None) -> tuple[Analysis | None, str]:
    if kept is not None:  # as it was kept, also where the form has no place for all of it
        try:
            return analyse(*kept, now=utc_now()), ""
        except ImpossibleScenarioError as error:
            return None, str(error)
    if not form.is_valid():
        texts = [
            f"{form.fields[name].label if name in form.fields else 'Form'}: {errors[0]}"
            for name, errors in form.errors.items()
        ]
        return None, " ".join(texts)
    try:
        return analyse(form.scenario(), form.choice(), now=utc_now()), ""
    except ImpossibleScenarioError as error:
        return None, str(error)


def _shown(found: Analysis) -> dict[str, Any]:
    cheapest, months = found.ways[0], found.scenario.months
    base = next(way for way in found.ways if way.name == found.base)
    calls = found.scenario.calls_in(0)
    return {
        "found": found,
        "course": course_of(found.ways),
        "lines": [_line(way, base) for way in found.ways],
        "crossings": [(each.other, _point(each), each.point.why, _share(each)) for each in found.crossings],
        "cards": [
            {"title": "Cheapest", "value": format_usd(cheapest.total), "note": f"{cheapest.name}, {months} month{'s' if months > 1 else ''}"},
            {"title": "First month", "value": format_usd(cheapest.months[0]), "note": f"{calls:,} calls"},
            {"title": "Last month", "value": format_usd(cheapest.months[-1]), "note": f"{found.scenario.calls_in(months - 1):,} calls"},
            {"title": "Infrastructure", "value": format_usd(found.scenario.infrastructure_nanos), "note": f"a month, in all figures; {_each(found, calls)} a call"},
        ],
    }  # fmt: skip


def _each(found: Analysis, calls: int) -> str:
    return format_usd(found.scenario.infrastructure_nanos // max(1, calls))


def _line(way: Projected, base: Projected) -> dict[str, Any]:
    change = "" if way is base or not base.total else f"{(way.total - base.total) * 100 / base.total:+.0f} %"
    units = f"{way.units[0]} to {way.units[-1]} units" if way.units and way.units[0] != way.units[-1] else ""
    if way.units and not units:
        units = f"{way.units[0]} unit{'s' if way.units[0] > 1 else ''}"
    owed = f"{format_usd(way.owed_after)} of it after the last month." if way.owed_after else ""
    return {
        "name": way.name, "note": " ".join(text for text in (units, owed, way.note) if text), "source": way.source,
        "each": format_usd(ceil(way.per_call)), "first": format_usd(way.months[0]), "last": format_usd(way.months[-1]),
        "total": format_usd(way.total), "change": change, "is_base": way is base,
    }  # fmt: skip


def _point(crossing: Crossing) -> str:
    match crossing.point.when:
        case "from":
            when = f", in month {crossing.month}" if crossing.month else ", which this scenario never has"
            return f"From {crossing.point.calls:,} calls a month{when}"
        case "up_to":
            return f"Up to {crossing.point.calls:,} calls a month"
        case "always":
            return "At any volume"
        case _:
            return "Never"


def _share(crossing: Crossing) -> str:
    return "" if crossing.cached_share is None else f"{crossing.cached_share * 100:.1f} %"


def _compared(row: CostScenario) -> dict[str, Any]:
    try:
        found = analyse(scenario_from(row.scenario), choice_from(row.choice), now=utc_now())
    except ImpossibleScenarioError as error:
        return {"row": row, "problem": str(error)}
    best = found.ways[0]
    return {
        "row": row, "calls": found.scenario.calls, "months": found.scenario.months, "best": best.name, "first": format_usd(best.months[0]),
        "last": format_usd(best.months[-1]), "total": format_usd(best.total),
    }  # fmt: skip


def _past_choices(request: HttpRequest) -> list[tuple[int, str]]:
    return list(Team.objects.visible_to(principal(request)).values_list("pk", "name"))


def _keepers(request: HttpRequest) -> list[tuple[str, str]]:
    """Whose scenario it may become."""
    who = principal(request)
    own = [
        (str(pk), name)
        for pk, name in Team.objects.visible_to(who).values_list("pk", "name")
        if has_capability(who, Capability.MANAGE_TEAM, pk)
    ]
    return [*([("", "The organisation")] if who.is_superuser else []), *own]
