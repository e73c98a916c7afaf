from typing import Any

import msgspec
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse

from accounts.admin.base import OwnedAdmin, person, told, without_store
from accounts.admin.dollars import DollarsField
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from kernel.money import format_usd, plain_usd
from prompts.evaluations.admin.quality_plot import plot_of
from prompts.evaluations.models import Evaluation, EvaluationResult
from prompts.evaluations.policy.grid import BadWeightsError, Grid, Row, Weights
from prompts.evaluations.selectors.evaluations import (
    candidate_names,
    changes_since,
    flakiness_for,
    grid_for,
    has_passed,
    previous_run,
    progress_of,
    results_of,
)
from prompts.evaluations.services import evaluations
from prompts.evaluations.services.test_sets import shown_json

_PER_PAGE = 25
_LABELS = {
    "queued": "info",
    "running": "warning",
    "stopped": "danger",
    "failed": "danger",
    "finished": "success",
}
_VERDICTS = {"passed": "success", "failed": "danger", "unjudged": "warning"}


class TeamOfSetFilter(TeamFilter):
    """By the team that pays for the run."""

    column = "test_set__team_id"


@admin.register(Evaluation)
class EvaluationAdmin(OwnedAdmin):
    """Runs of test sets: how far they are, which candidate to take, and what each answer was like."""

    empty_hint = "Open a test set and choose “Run”."
    list_display = ("name_label", "state_label", "done_label", "cost_label", "created_at")
    list_filter = ("state", TeamOfSetFilter)
    list_select_related = ("test_set__team", "test_set__prompt", "started_by")
    search_fields = ("test_set__name", "test_set__prompt__name")
    search_help_text = "A test set, or a prompt."

    @display(description="Run", header=True)
    def name_label(self, evaluation: Evaluation) -> list[str]:
        return [str(evaluation.test_set), ", ".join(candidate_names(evaluation))]

    @display(description="State", label=_LABELS)
    def state_label(self, evaluation: Evaluation) -> tuple[str, str]:
        return evaluation.state, evaluation.get_state_display()

    @admin.display(description="Passed")
    def done_label(self, evaluation: Evaluation) -> str:
        return f"{evaluation.passed:,} of {evaluation.done:,}"

    @admin.display(description="Cost")
    def cost_label(self, evaluation: Evaluation) -> str:
        return format_usd(evaluation.spent_nanos)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a run is started on the page of its test set

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_open)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<int:evaluation_id>/progress/", view, name="prompts_evaluation_progress"), *super().get_urls()]  # fmt: skip

    def progress_view(self, request: HttpRequest, evaluation_id: int) -> HttpResponse:
        """How far it is, for the bar."""
        found: QuerySet[Evaluation] = self.get_queryset(request).filter(pk=evaluation_id)
        evaluation = found.first()
        if evaluation is None:
            raise Http404("There is no such run, or it is another team's.")
        return without_store(JsonResponse(progress_of(evaluation)))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:  # fmt: skip
        evaluation = self.get_object(request, object_id) if object_id else None
        if evaluation is None:
            raise Http404("There is no such run, or it is another team's.")
        return self._act(request, evaluation) if request.method == "POST" else self._page(request, evaluation)

    def _act(self, request: HttpRequest, evaluation: Evaluation) -> HttpResponse:
        if not self.may_change(request, evaluation):
            raise PermissionDenied
        with told(request):
            if request.POST.get("action") == "cancel":
                evaluations.cancel(evaluation)
                messages.success(request, "No more calls are begun. What is done is kept.")
            elif request.POST.get("action") == "resume":
                cap = DollarsField(required=False).clean(request.POST.get("cap"))
                evaluations.resume(evaluation, budget_nanos=cap)
                messages.success(request, "It goes on where it stopped.")
            elif request.POST.get("action") == "again":
                options = {name: getattr(evaluation, name) for name in ("candidates", "repeats", "weights", "budget_nanos", "concurrency")}  # fmt: skip
                evaluation = evaluations.start(evaluation.test_set, by=person(request), **options)
        return HttpResponseRedirect(reverse("admin:prompts_evaluation_change", args=[evaluation.pk]))

    def _page(self, request: HttpRequest, evaluation: Evaluation) -> HttpResponse:
        grid = grid_for(evaluation, weights=self._weights(request))
        names, previous = candidate_names(evaluation), previous_run(evaluation)
        verdict, place = request.GET.get("verdict", ""), request.GET.get("candidate", "")
        verdict = verdict if verdict in _VERDICTS else ""
        rows = results_of(
            evaluation,
            verdict=verdict,
            candidate=int(place) if place.isdecimal() and len(place) < 5 else None,
        )
        results = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
        changes = changes_since(evaluation, previous, list(results))
        context = {
            "original": evaluation, "title": "Run",
            "evaluation": evaluation, "progress": progress_of(evaluation), "variant": _LABELS[evaluation.state],
            "may_change": self.may_change(request, evaluation), "cap": plain_usd(evaluation.budget_nanos * 2),
            "grid": grid, "lines": [_line(n, row, grid, evaluation) for n, row in enumerate(grid.rows)],
            "plot": plot_of(grid), "flakiness": flakiness_for(evaluation), "previous": previous, "pages": results,
            "weights": self._weights(request) or msgspec.convert(evaluation.weights, Weights),
            "rows": [_result(row, names, changes.get(row.pk)) for row in results],
            "names": list(enumerate(names)), "verdict": verdict, "candidate": place,
        }  # fmt: skip
        return without_store(self.render_page(request, "prompts/evaluations/evaluation", **context))

    def _weights(self, request: HttpRequest) -> Weights | None:
        """Weights of the query, if it has some that can be used."""
        if "quality" not in request.GET:
            return None
        with told(request):
            try:
                values = {name: float(request.GET.get(name) or 0) for name in ("cost", "quality", "latency")}
            except ValueError as error:
                raise BadWeightsError("Weights are numbers such as 0.3.") from error
            return Weights(**values)
        return None


def _line(place: int, row: Row, grid: Grid, evaluation: Evaluation) -> dict[str, Any]:
    """A candidate as the table shows it."""
    summary = row.summary
    return {
        "name": summary.name, "colour": place % 6, "is_best": place == grid.best and len(grid.rows) > 1,
        "accuracy": "-" if summary.accuracy is None else f"{summary.accuracy:.0%}",
        "interval": f"{summary.low:.0%} to {summary.high:.0%}" if summary.accuracy is not None else "",
        "p50": _ms(summary.p50_ms), "p95": _ms(summary.p95_ms), "per_call": _usd(summary.nanos_per_call),
        "per_1000": _usd(summary.nanos_per_1000_tokens), "contract": summary.contract_failures,
        "errors": summary.errors, "unjudged": summary.unjudged, "is_efficient": row.is_efficient,
        "points": "-" if row.points is None else f"{row.points:.2f}",
        "has_passed": evaluation.state == "finished" and has_passed(evaluation, place),
    }  # fmt: skip


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def _usd(nanos: int | None) -> str:
    return "-" if nanos is None else format_usd(nanos)


def _result(row: EvaluationResult, names: list[str], change: Any) -> dict[str, Any]:
    return {
        "result": row, "variant": _VERDICTS.get(row.verdict, "info"), "name": names[row.candidate], "change": change,
        "variables": [(name, shown_json(value)) for name, value in row.case.variables.items()],
        "expected": shown_json(row.case.expected), "cost": format_usd(row.total_nanos),
    }  # fmt: skip
