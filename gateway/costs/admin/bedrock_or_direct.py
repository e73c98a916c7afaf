"""The page “Bedrock or direct”: questions, what both cost, a recommendation with its reasons, and the rules that make it so."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.access.principals import principal, team_ids
from accounts.admin.base import BaseAdmin, person, told, without_store
from accounts.policy.roles import Capability
from gateway.catalogue.models import Deployment, Route, RoutingRule
from gateway.catalogue.services.routing_rules import add_rules
from gateway.costs.models import CostScenario
from gateway.costs.policy.advice import QUESTIONS, Advice, Costs, advise
from gateway.costs.policy.choice import Choice, choice_from
from gateway.costs.policy.scenario import ImpossibleScenarioError, Scenario, scenario_from
from gateway.costs.selectors.past import last_days, scenario_of
from gateway.costs.selectors.price_lists import routes_with_a_price
from gateway.costs.services.analysis import analyse
from kernel.clock import utc_now
from kernel.money import format_usd

_CHOICES = {
    "bedrock": "Bedrock", "direct": "The provider's own API", "both": "Both, on one route", "split": "A route for each",
}  # fmt: skip
_WHY = {
    "bedrock": "Calls stay in AWS.",
    "direct": "Calls go to the provider itself.",
    "both": "Each call goes where it is served best, and an outage of one side is a fail-over.",
    "split": "Something must stay in AWS, and something else is only at the provider: give each a route of its own. The rule keeps this route in AWS.",
}  # fmt: skip


def bedrock_or_direct(admin_page: BaseAdmin, request: HttpRequest) -> HttpResponse:
    """Answers are in the address, so that they can be sent to somebody; posted, they become rules."""
    sent = request.POST if request.method == "POST" else request.GET
    answers = {question.key: question.chosen(sent).value for question in QUESTIONS}
    routes = routes_with_a_price(now=utc_now())
    route = sent.get("route") if sent.get("route") in routes else ""
    regions = tuple(
        place.strip().lower() for place in sent.get("regions", "")[:200].split(",") if place.strip()
    )
    use_cases = frozenset(each.strip() for each in sent.get("use_cases", "")[:400].split(",") if each.strip())
    costs, about, providers = _costs(request, sent, route)
    name = sent.get("name", "").strip()[:60]
    found = advise(
        answers, costs, routes=frozenset([route]) if route else frozenset(), use_cases=use_cases, regions=regions,
        providers=providers, name=name,
    )  # fmt: skip
    problem = _problem(answers, regions, found, providers=providers, route=route or "")
    if request.method == "POST":
        if not RoutingRule.owned_by.may_create(principal(request)):
            raise PermissionDenied
        return _made(admin_page, request, found, problem)
    return without_store(
        admin_page.render_page(
            request, "gateway/costs/bedrock_or_direct", title="Bedrock or direct", questions=[(each, answers[each.key]) for each in QUESTIONS],
            sent=sent, routes=routes, route=route, kept=CostScenario.objects.visible_to(principal(request))[:50], about=about, problem=problem,
            is_answered="compliance" in sent, advice=found, choice=_CHOICES[found.choice], why=_WHY[found.choice],
            sides=_sides(costs), rules=[(rule, _words(rule)) for rule in found.rules], by_score=_by_score(route),
            may_make=RoutingRule.owned_by.may_create(principal(request)), pairs=[(key, value) for key, value in sent.items()],
        )
    )  # fmt: skip


def _problem(
    answers: dict[str, str],
    regions: tuple[str, ...],
    found: Advice,
    *,
    providers: tuple[str, ...],
    route: str,
) -> str:
    if answers["residency"] == "yes" and not regions:
        return "Name the region or geography that it must stay in, such as eu or eu-central-1."
    if found.choice == "direct" and not route:
        return "Choose the model: a rule that keeps to a provider's own API would leave the other routes without any."
    if found.choice == "direct" and not providers:
        return "There is no deployment at a provider's own API for this model yet: add an account, and a target of its route."
    return ""


def _made(admin_page: BaseAdmin, request: HttpRequest, found: Advice, problem: str) -> HttpResponse:
    if problem:
        messages.error(request, problem)
        return HttpResponseRedirect(reverse("admin:gateway_costscenario_advice") + f"?{_asked(request)}")
    with told(request):
        for rule in add_rules(found.rules, first=True):
            admin_page.log_addition(
                request, rule, f"Made of answers on “Bedrock or direct” by {person(request)}."
            )
            where = "before all others" if rule == RoutingRule.objects.first() else "in the place that it had"
            messages.success(request, f"The rule “{rule.name}” is made, {where}.")
        return HttpResponseRedirect(reverse("admin:gateway_routingrule_changelist"))
    return HttpResponseRedirect(reverse("admin:gateway_costscenario_advice") + f"?{_asked(request)}")


def _asked(request: HttpRequest) -> str:
    found = request.POST.copy()
    found.pop("csrfmiddlewaretoken", None)
    return found.urlencode()


def _costs(request: HttpRequest, sent: Any, route: str | None) -> tuple[Costs, str, tuple[str, ...]]:
    """What both sides cost, of which scenario, and which providers' places the route can go to."""
    scenario, choice, about = _scenario(request, sent)
    name = route or (choice.routes[0] if choice and choice.routes else "")
    if scenario is None or not name:
        return Costs(None, None), about, _providers(name)
    terms = choice or Choice(routes=(name,))
    asked = Choice(
        routes=(name,), with_batch=False, with_direct=True, bedrock_discount=terms.bedrock_discount, direct_discount=terms.direct_discount,
        bedrock_fixed_nanos=terms.bedrock_fixed_nanos, direct_fixed_nanos=terms.direct_fixed_nanos,
    )  # fmt: skip
    try:
        ways = analyse(scenario, asked, now=utc_now()).ways
    except ImpossibleScenarioError as error:
        return Costs(None, None), str(error), _providers(name)
    totals = [
        min((way.total for way in ways if way.way == side), default=None) for side in ("on_demand", "direct")
    ]
    return Costs(*totals), f"{about} At the prices of {name}, {scenario.months} months.", _providers(name)


def _scenario(request: HttpRequest, sent: Any) -> tuple[Scenario | None, Choice | None, str]:
    if sent.get("scenario", "").isdecimal():
        row = (
            CostScenario.objects.visible_to(principal(request)).filter(pk=int(sent["scenario"][:18])).first()
        )
        if row is not None:
            return scenario_from(row.scenario), choice_from(row.choice), f"The scenario “{row.name}”."
    query = last_days(now=utc_now(), teams=team_ids(principal(request), Capability.VIEW_USAGE), filters={})
    found = scenario_of(query, zone=ZoneInfo(settings.TIME_ZONE))
    if found is None:
        return None, None, "There are no calls yet: keep a scenario to have costs compared."
    return found, None, "The calls of the last thirty days."


def _providers(route: str) -> tuple[str, ...]:
    """Where targets of the route are at a provider's own API."""
    targets = Deployment.objects.filter(route_targets__route__name=route, is_enabled=True).exclude(
        provider_account=None
    )
    return tuple(targets.order_by("region").values_list("region", flat=True).distinct())


def _sides(costs: Costs) -> list[tuple[str, str]]:
    pairs = (("Bedrock", costs.bedrock), ("The provider's own API", costs.direct))
    return [(side, "no price" if amount is None else format_usd(amount)) for side, amount in pairs]


def _words(rule: Any) -> str:
    made = RoutingRule(choose=rule.choose)
    parts = [str(made.get_choose_display())]
    if rule.quality_bar is not None:
        parts.append(f"quality of {rule.quality_bar:g} or more")
    if rule.regions:
        parts.append(f"in {', '.join(rule.regions)}")
    holds = [f"use case {', '.join(sorted(rule.use_cases))}"] if rule.use_cases else []
    holds.append(
        f"calls of {', '.join(sorted(rule.routes))}" if rule.routes else "all routes that choose by score"
    )
    return f"{', '.join(parts)}. For {', '.join(holds)}; confidence {rule.confidence:.2f}."


def _by_score(route: str | None) -> str:
    """What is still to be done before a rule can hold; "" where nothing is."""
    rows = Route.objects.filter(strategy=Route.Strategy.SCORE)
    if route and not rows.filter(name=route).exists():
        return f"{route} does not choose by score yet: rules hold only there. Change its strategy."
    return "" if route or rows.exists() else "No route chooses by score yet: rules hold only there."
