import json
from typing import Any

import msgspec
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from accounts.admin.base import principal
from prompts.evaluations.models import TestSet
from prompts.evaluations.policy.cases import BadCaseError, Case, check_case
from prompts.evaluations.services.test_sets import TooManyCasesError, add_cases
from prompts.registry.admin.editor_fields import shown_value
from prompts.registry.admin.pages import PAGES_OF_OTHERS, back, prompt_for, render, rights, version_for
from prompts.registry.models import Prompt, PromptVersion
from prompts.registry.policy.document import Variable
from prompts.registry.policy.variables import expected
from prompts.registry.selectors.prompts import readable_document
from prompts.registry.services.prompts import problems_of

_UNREADABLE = (KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""What JSON raises that is not what is expected."""


def playground_view(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Runs a version with variables of one's own, and another beside it to compare."""
    prompt = prompt_for(request, prompt_id, edits=True)
    if not rights(request, prompt).read:
        raise PermissionDenied
    versions = list(prompt.versions.all())
    if not versions:
        messages.warning(request, "There is no version to run. Begin a draft.")
        return back(request, prompt)
    chosen = _chosen(prompt, request.GET.get("version")) or versions[0]
    other = _chosen(prompt, request.GET.get("compare"))
    return render(
        request,
        "playground",
        prompt,
        title=f"{prompt.name}: playground",
        tab="playground",
        versions=versions,
        version=chosen,
        other=other,
        problems=problems_of(chosen),
        test_sets=_sets(request, prompt),
        fields=_fields([each for each in (chosen, other) if each is not None]),
    )


def _sets(request: HttpRequest, prompt: Prompt) -> QuerySet[TestSet]:
    """The prompt's test sets that the person may change: of a shared prompt, other teams have theirs."""
    return TestSet.objects.changeable_by(principal(request)).filter(prompt=prompt)


def save_case_view(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Keeps what was tried as a case of a test set. JSON in, JSON out: the page stays as it is."""
    prompt = prompt_for(request, prompt_id, edits=True)
    if request.method != "POST" or not rights(request, prompt).read:
        raise PermissionDenied
    try:
        sent = json.loads(request.body)
        test_set = _sets(request, prompt).get(pk=int(sent["test_set"]))
        case = Case(variables=dict(sent["variables"]), expected=sent.get("expected") or None)
        add_cases(test_set, [check_case(case)])
    except (*_UNREADABLE, BadCaseError, TestSet.DoesNotExist):
        return JsonResponse(
            {"message": "The case can't be saved. Reload the page and try again."}, status=400
        )
    except TooManyCasesError as error:
        return JsonResponse({"message": str(error)}, status=409)
    url = reverse("admin:prompts_testset_change", args=[test_set.pk])
    return JsonResponse({"message": f"Kept in {test_set.name}.", "url": url})


def _chosen(prompt: Prompt, text: str | None) -> PromptVersion | None:
    if not text or not text.isdecimal() or len(text) > 8:
        return None
    return version_for(prompt, int(text))


def _fields(versions: list[PromptVersion]) -> list[dict[str, Any]]:
    """A field for every variable of these versions."""
    variables: dict[str, Variable] = {}
    for version in versions:
        for variable in readable_document(version).variables:
            variables.setdefault(variable.name, variable)
    return [_field(variable) for variable in variables.values()]


def _field(variable: Variable) -> dict[str, Any]:
    value = variable.default if variable.default is not msgspec.UNSET else variable.example
    choices = variable.schema.get("enum")
    if variable.type == "boolean":
        choices = [True, False]
    return {
        "name": variable.name,
        "type": variable.type,
        "hint": variable.description or f"{expected(variable)[:1].upper()}{expected(variable)[1:]}.",
        "is_required": variable.is_required,
        "is_personal": variable.is_personal,
        "value": shown_value(value),
        "choices": [shown_value(choice) for choice in choices] if choices else None,
        "is_long": variable.type in ("array", "object") or (variable.type == "string" and variable.schema.get("maxLength", 1000) > 120),
    }  # fmt: skip


PAGES_OF_OTHERS += [
    ("playground/", "playground", playground_view),
    ("playground/case/", "case", save_case_view),
]
