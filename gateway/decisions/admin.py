"""The page of routing decisions: by use case; a route's rules played against past calls; copies compared."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.admin.base import BaseAdmin, SeenOnly, principal, without_store
from gateway.catalogue.models import Route
from gateway.decisions.asked import RULES, rules_asked, weights_asked
from gateway.decisions.by_use_case import by_use_case
from gateway.decisions.dry_run import MAX_CALLS, DryRun, play
from gateway.decisions.models import RoutingDecision
from gateway.decisions.shadows import shadow_grid
from kernel.clock import utc_now
from kernel.money import format_usd
from kernel.replica import may_be_stale
from prompts.evaluations.policy.grid import Grid


def _weight(name: str) -> forms.FloatField:
    return forms.FloatField(required=False, min_value=0, max_value=1, label=f"Weight of {name}")


class DecisionsForm(forms.Form):
    """What is looked at: in the page's address."""

    RANGES: ClassVar[list[tuple[str, str]]] = [
        ("1", "Last day"),
        ("7", "Last 7 days"),
        ("30", "Last 30 days"),
    ]

    days = forms.ChoiceField(choices=RANGES, required=False, initial="1", label="Range")
    route = forms.ChoiceField(required=False)
    rules = forms.ChoiceField(choices=tuple(RULES.items()), required=False, initial="enabled")
    cost = _weight("cost")
    quality = _weight("quality")
    latency = _weight("latency")

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.GET or None, initial={"days": "1", "rules": "enabled"})
        names = Route.objects.order_by("name").values_list("name", flat=True)
        field: Any = self.fields["route"]
        field.choices = [("", "All routes"), *((name, name) for name in names)]

    def chosen(self, name: str) -> Any:
        """What was chosen, or what is chosen unless somebody chooses."""
        cleaned = self.cleaned_data if self.is_bound and self.is_valid() else {}
        value = cleaned.get(name)
        return self.initial.get(name, "") if value in (None, "") and name in self.initial else value


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(SeenOnly, BaseAdmin):
    """One page, no objects."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)

    @may_be_stale
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        form, now = DecisionsForm(request), utc_now()
        context: dict[str, Any] = {"title": "Routing decisions", "form": form, "most": MAX_CALLS}
        if form.is_bound and not form.is_valid():
            problem = "; ".join(f"{form[name].label}: {texts[0]}" for name, texts in form.errors.items())
            return self._render(request, {**context, "problem": problem})
        since = now - timedelta(days=int(form.chosen("days") or 1))
        name = form.chosen("route") or ""
        context["lines"] = by_use_case(principal(request), since=since, until=now, route=name)
        route = Route.objects.filter(name=name).first() if name else None
        if route is not None:
            context["route"] = route
            context["shadow"] = _compared(shadow_grid(principal(request), route, since=since))
            try:
                weights = weights_asked(*(form.chosen(each) for each in ("cost", "quality", "latency")))
            except ValueError as error:
                return self._render(request, {**context, "problem": f"Weights: {error}."})
            found = play(
                principal(request), route, since=since, until=now, rules=rules_asked(form.chosen("rules")), weights=weights
            )  # fmt: skip
            context["played"] = _played(found)
        return self._render(request, context)

    def _render(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        return without_store(self.render_page(request, "gateway/decisions/decisions", **context))


def _compared(grid: Grid | None) -> dict[str, Any] | None:
    if grid is None:
        return None
    rows = [(row, format_usd(row.summary.nanos_per_call or 0, places=6)) for row in grid.rows]
    return {"text": grid.text, "rows": rows}


def _played(found: DryRun) -> dict[str, Any]:
    before = found.nanos_before - found.nanos_unsuitable
    change = found.nanos_after - before
    rows = sorted(found.shares.values(), key=lambda each: (-each.calls_after, -each.calls_before, each.name))
    return {
        "calls": found.calls,
        "moved": found.moved,
        "unsuitable": found.unsuitable,
        "confidence": found.confidence,
        "before": format_usd(found.nanos_before),
        "after": format_usd(found.nanos_after),
        "change": f"{abs(change) / before:.0%} {'more' if change > 0 else 'less'}"
        if before and change
        else "",
        "rows": [
            (
                each.name,
                each.calls_before,
                each.calls_after,
                format_usd(each.nanos_before),
                format_usd(each.nanos_after),
            )
            for each in rows
        ],
        "rules": found.rules.most_common(),
    }
