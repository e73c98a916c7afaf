from typing import Any

import msgspec
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from prompts.admin.editor_fields import shown
from prompts.admin.pages import back, prompt_for, render, rights, version_for
from prompts.admin.versions import document_of
from prompts.models import Prompt, PromptVersion
from prompts.policy.document import Variable
from prompts.policy.variables import expected
from prompts.services.prompts import problems_of


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
        fields=_fields([each for each in (chosen, other) if each is not None]),
    )


def _chosen(prompt: Prompt, text: str | None) -> PromptVersion | None:
    if not text or not text.isdecimal() or len(text) > 8:
        return None
    return version_for(prompt, int(text))


def _fields(versions: list[PromptVersion]) -> list[dict[str, Any]]:
    """A field for every variable of these versions."""
    variables: dict[str, Variable] = {}
    for version in versions:
        for variable in document_of(version).variables:
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
        "value": shown(value),
        "choices": [shown(choice) for choice in choices] if choices else None,
        "is_long": variable.type in ("array", "object") or (variable.type == "string" and variable.schema.get("maxLength", 1000) > 120),
    }  # fmt: skip
