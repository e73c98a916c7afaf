"""What the pages of one prompt share: finding it, what the person may do, and the tabs above."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.access.principals import has_capability
from accounts.admin.base import principal, without_store
from accounts.policy.roles import Capability
from prompts.registry.models import Prompt, PromptVersion

PageView = Callable[..., HttpResponse]

PAGES_OF_OTHERS: list[tuple[str, str, PageView]] = []
"""(path below a prompt's, name, view) of pages that other nouns add to a prompt's own."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may do with a prompt."""

    edit: bool
    review: bool
    manage: bool
    read: bool
    """Content of calls: the playground, test cases."""


def rights(request: HttpRequest, prompt: Prompt) -> Rights:
    """What the person may do with the prompt."""
    who, team = principal(request), prompt.team_id
    return Rights(
        edit=has_capability(who, Capability.EDIT_PROMPTS, team),
        review=has_capability(who, Capability.APPROVE_PROMPTS, team),
        manage=has_capability(who, Capability.MANAGE_TEAM, team),
        read=has_capability(who, Capability.VIEW_CONTENT, team),
    )


def prompt_for(request: HttpRequest, prompt_id: int, *, edits: bool = False) -> Prompt:
    """The prompt of a page. 404 for another team's, 403 where it is to be changed and may not be."""
    prompt = Prompt.objects.visible_to(principal(request)).select_related("team").filter(pk=prompt_id).first()
    if prompt is None:
        raise Http404("There is no such prompt, or it is another team's.")
    if edits and not rights(request, prompt).edit:
        raise PermissionDenied
    return prompt


def version_for(prompt: Prompt, number: int) -> PromptVersion:
    """One version of a prompt, or 404."""
    version = prompt.versions.select_related("prompt__team", "author").filter(number=number).first()
    if version is None:
        raise Http404("There is no such version.")
    return version


def render(
    request: HttpRequest, page: str, prompt: Prompt, *, title: str, tab: str = "", **context: Any
) -> HttpResponse:
    """A page of a prompt, under its tabs. No cache keeps it."""
    found = {
        **admin.site.each_context(request),
        "opts": Prompt._meta,
        "original": prompt,
        "prompt": prompt,
        "title": title,
        "rights": rights(request, prompt),
        "tabs": tabs(prompt),
        "tab": tab,
        **context,
    }
    return without_store(TemplateResponse(request, f"admin/prompts/registry/{page}.html", found))


def tabs(prompt: Prompt) -> list[tuple[str, str, str]]:
    """(key, title, address) of the pages of a prompt."""
    own = [("overview", "Overview", "change"), ("playground", "Playground", "playground")]
    found = {"q": prompt.name}
    lists = [
        ("testset", "Tests"),
        ("evaluation", "Test runs"),
        ("experiment", "Experiments"),
        ("rollout", "Rollouts"),
        ("servicecontract", "Service contract"),
    ]
    return [
        *((key, title, page_url(prompt, name)) for key, title, name in own),
        *(
            (key, title, f"{reverse(f'admin:prompts_{key}_changelist')}?{urlencode(found)}")
            for key, title in lists
        ),
    ]


def page_url(prompt: Prompt, name: str, *args: Any) -> str:
    """The address of a page of a prompt."""
    return reverse(f"admin:prompts_prompt_{name}", args=[prompt.pk, *args])


def back(request: HttpRequest, prompt: Prompt, name: str = "change", *args: Any) -> HttpResponseRedirect:
    """To a page of the prompt."""
    return HttpResponseRedirect(page_url(prompt, name, *args))
