from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from accounts.access.admin import put_errors
from accounts.admin.base import OwnedAdmin, person, principal, told, without_store
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord
from governance.ui.keyset import uuid_of
from kernel.errors import DomainError
from prompts.evaluations.admin.assertion_fields import closed_rows
from prompts.evaluations.admin.test_set_forms import (
    CaseForm,
    FromCallsForm,
    ImportForm,
    RunForm,
    TestSetForm,
    WhichCallsForm,
)
from prompts.evaluations.models import TestCase, TestSet
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.selectors.test_sets import (
    calls_named,
    judge_names,
    names_of,
    recorded_calls,
    variables_of,
)
from prompts.evaluations.services import evaluations, test_sets
from prompts.evaluations.services.required_tests import RequiredTestError, why_not_loosen
from prompts.registry.models import Prompt

_PER_PAGE = 50


@admin.register(TestSet)
class TestSetAdmin(OwnedAdmin):
    """Test sets of prompts: cases, what is expected, and their runs."""

    form = TestSetForm
    fixed_fields = ("team", "prompt")
    empty_hint = "A test set has cases for a prompt, and says what every answer must be like. Add one, then run it over versions and models."
    list_display = ("name_label", "cases_label", "last_label", "required_label", "team")
    list_filter = (TeamFilter,)
    list_select_related = ("team", "prompt")
    search_fields = ("name", "prompt__name")
    search_help_text = "A test set, or a prompt."
    change_form_outer_before_template = "admin/prompts/evaluations/test_set_state.html"
    fields: ClassVar[Any] = (("team", "prompt"), "name", "description", "assertions", ("is_required", "pass_percent"))  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        live = Count("cases", filter=Q(cases__removed_at=None))
        rows: QuerySet[Any] = super().get_queryset(request).annotate(live_cases=live)
        return rows

    @display(description="Test set", header=True)
    def name_label(self, test_set: TestSet) -> list[str]:
        return [test_set.name, f"for {test_set.prompt.name}"]

    @admin.display(description="Cases")
    def cases_label(self, test_set: Any) -> str:
        return f"{test_set.live_cases:,}"

    @admin.display(description="Last run")
    def last_label(self, test_set: TestSet) -> str:
        last = test_set.evaluations.first()
        if last is None:
            return "Never run"
        return f"{last.passed:,} of {last.total:,} passed, {last.get_state_display().lower()}"

    @display(description="Required", label={"required": "warning"})
    def required_label(self, test_set: TestSet) -> Any:
        return ("required", "Required") if test_set.is_required else ""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "prompt":
            kwargs["queryset"] = Prompt.objects.filter(archived_at=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only read sees assertions as rows that are closed."""
        reads = obj is not None and not self.has_change_permission(request, obj)
        return [("assertions_label" if reads and name == "assertions" else name) for name in self.fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "assertions_label")

    @admin.display(description="Assertions for every case")
    def assertions_label(self, test_set: TestSet) -> str:
        return closed_rows(test_set.assertions, judges=judge_names([test_set.team_id]))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.by = person(request)
        own = Prompt.objects.visible_to(principal(request), self.owned_by.change)
        form.judges = judge_names([obj.team_id]) if obj else names_of(own)
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and why_not_loosen(obj, person(request)))  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.created_by = obj.created_by or person(request)
        with _refused():
            test_sets.save_set(obj, by=person(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with _refused():
            test_sets.delete_set(obj, by=person(request))

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, "Now give it cases: type them in, import a file, or take them from calls.")
        return self.to_page(obj, "cases")

    def beside(self, request: HttpRequest, obj: TestSet) -> dict[str, Any]:
        runs = list(obj.evaluations.select_related("started_by")[:5])
        return {
            "test_set": obj, "runs": runs, "may_change": self.may_change(request, obj),
            "closed": self._closed(request, obj),
        }  # fmt: skip

    # --- pages of its own ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:set_id>/cases/", view(self.cases_view), name="prompts_testset_cases"),
            path("<int:set_id>/cases/<int:case_id>/", view(self.case_view), name="prompts_testset_case"),
            path("<int:set_id>/import/", view(self.import_view), name="prompts_testset_import"),
            path("<int:set_id>/calls/", view(self.calls_view), name="prompts_testset_calls"),
            path("<int:set_id>/run/", view(self.run_view), name="prompts_testset_run"),
        ]
        return [*own, *super().get_urls()]

    def cases_view(self, request: HttpRequest, set_id: int) -> HttpResponse:
        """The cases, a form for another one, and taking some out."""
        test_set = self._set(request, set_id, writes=request.method == "POST")
        form = _case_form(request.POST if "add" in request.POST else None, test_set)
        if "remove" in request.POST:
            return self._removed(request, test_set)
        if "add" in request.POST and form.is_valid():
            with told(request):
                test_sets.add_cases(test_set, [Case(**form.values)])
                messages.success(request, "Added.")
                return self.to_page(test_set, "cases")
        page = Paginator(test_set.cases.filter(removed_at=None), _PER_PAGE).get_page(request.GET.get("page"))
        rows = [(case, [(name, test_sets.shown_json(value)) for name, value in case.variables.items()], test_sets.shown_json(case.expected)) for case in page]  # fmt: skip
        return self._render(request, "cases", test_set, title="Cases", pages=page, rows=rows, form=form)

    def _removed(self, request: HttpRequest, test_set: TestSet) -> HttpResponse:
        chosen = [int(each) for each in request.POST.getlist("case") if each.isdecimal() and len(each) < 19]
        with told(request):
            count = test_sets.remove_cases(test_set, chosen, by=person(request))
            messages.success(request, f"{count} case{'' if count == 1 else 's'} taken out. Earlier runs keep them.")  # fmt: skip
        return self.to_page(test_set, "cases")

    def case_view(self, request: HttpRequest, set_id: int, case_id: int) -> HttpResponse:
        """One case, to change."""
        test_set = self._set(request, set_id, writes=True)
        case = TestCase.objects.filter(test_set=test_set, pk=case_id, removed_at=None).first()
        if case is None:
            raise Http404("There is no such case, or it was changed meanwhile.")
        if closed := self._closed(request, test_set):
            messages.error(request, closed)
            return self.to_page(test_set, "cases")
        data = request.POST if request.method == "POST" else None
        form = _case_form(data, test_set, case=case)
        if data is not None and form.is_valid():
            if not form.says_something_new():
                messages.info(request, "Nothing was changed.")
                return self.to_page(test_set, "cases")
            with _refused():
                test_sets.change_case(case, by=person(request), **form.values)
            messages.success(request, "Changed. Earlier runs keep the case as it was.")
            return self.to_page(test_set, "cases")
        return self._render(request, "case", test_set, title=str(case), form=form, case=case)

    def import_view(self, request: HttpRequest, set_id: int) -> HttpResponse:
        """Cases of a file: all of them, or where something is wrong none, and what."""
        test_set = self._set(request, set_id, writes=True)
        is_post = request.method == "POST"
        form = ImportForm(request.POST if is_post else None, request.FILES if is_post else None)
        errors: list[str] = []
        if is_post and form.is_valid():
            try:
                found = test_sets.import_cases(test_set, form.raw(), kind=form.cleaned_data["kind"])
                errors = found.errors
                for note in found.notes:
                    messages.warning(request, note)
                if not errors:
                    count = len(found.cases)
                    messages.success(request, f"{count:,} case{'' if count == 1 else 's'} imported.")
                    return self.to_page(test_set, "cases")
            except DomainError as error:
                errors = error.messages
        columns = [variable.name for variable in variables_of(test_set)]
        return self._render(request, "import", test_set, title="Import cases", form=form, errors=errors, columns=columns)  # fmt: skip

    def calls_view(self, request: HttpRequest, set_id: int) -> HttpResponse:
        """Recorded calls to make cases from."""
        test_set = self._set(request, set_id, writes=True)
        if not self.allows(request, Capability.VIEW_CONTENT, test_set):
            raise PermissionDenied
        variables = variables_of(test_set)
        form = FromCallsForm(request.POST if request.method == "POST" else None, variables=variables)
        which = WhichCallsForm(request.GET, test_set=test_set)
        calls = recorded_calls(test_set, user=person(request), **which.chosen())
        if request.method == "POST" and form.is_valid():
            rows = calls_named(test_set, filter(None, map(uuid_of, request.POST.getlist("call"))))
            if rows:
                return self._made(request, test_set, form, rows)
            messages.error(request, "Choose at least one call.")
        return self._render(request, "from_calls", test_set, title="Cases from calls", form=form, calls=calls, which=which)  # fmt: skip

    def _made(self, request: HttpRequest, test_set: TestSet, form: FromCallsForm, rows: list[AuditRecord]) -> HttpResponse:  # fmt: skip
        cleaned = form.cleaned_data
        with told(request):
            made, missing = test_sets.cases_from_calls(
                test_set, rows, variable=cleaned["variable"], takes_answer=cleaned["takes_answer"]
            )
            messages.success(request, f"{len(made)} case{'' if len(made) == 1 else 's'} made." + (f" {missing} left out: {test_sets.WHY_MISSING}." if missing else ""))  # fmt: skip
        return self.to_page(test_set, "cases")

    def run_view(self, request: HttpRequest, set_id: int) -> HttpResponse:
        """Starts a run."""
        test_set = self._set(request, set_id, writes=True)
        form = RunForm(request.POST if request.method == "POST" else None, test_set=test_set)
        if request.method == "POST" and form.is_valid():
            try:
                evaluation = evaluations.start(test_set, by=person(request), **form.options())
                return HttpResponseRedirect(reverse("admin:prompts_evaluation_change", args=[evaluation.pk]))
            except DomainError as error:
                put_errors(form, error)
        cases = test_set.cases.filter(removed_at=None).count()
        return self._render(request, "run", test_set, title="Run", form=form, cases=cases)

    def _closed(self, request: HttpRequest, test_set: TestSet) -> str:
        """Why the person may only add to the set; "" where they may do more, or nothing at all."""
        return why_not_loosen(test_set, person(request)) if self.may_change(request, test_set) else ""

    def _set(self, request: HttpRequest, set_id: int, *, writes: bool) -> TestSet:
        found: TestSet | None = self.get_queryset(request).select_related("team", "prompt").filter(pk=set_id).first()  # fmt: skip
        if found is None:
            raise Http404("There is no such test set, or it is another team's.")
        if writes and not self.may_change(request, found):
            raise PermissionDenied
        return found

    def _render(self, request: HttpRequest, name: str, test_set: TestSet, **context: Any) -> HttpResponse:
        page = self.render_page(
            request, f"prompts/evaluations/test_set_{name}", original=test_set, test_set=test_set,
            may_change=self.may_change(request, test_set), closed=self._closed(request, test_set), **context,
        )  # fmt: skip
        return without_store(page)


def _case_form(data: Any, test_set: TestSet, *, case: TestCase | None = None) -> CaseForm:
    return CaseForm(data, variables=variables_of(test_set), case=case, judges=judge_names([test_set.team_id]))


@contextmanager
def _refused() -> Iterator[None]:
    """What the forms did not stop, because it became required meanwhile."""
    try:
        yield
    except RequiredTestError as error:
        raise PermissionDenied(str(error)) from error
