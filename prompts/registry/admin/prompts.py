from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.admin.base import OwnedAdmin, OwnedForm, person, told
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from accounts.models import User
from kernel.clock import utc_now
from kernel.errors import at
from prompts.registry.admin import labels, versions
from prompts.registry.admin.pages import PAGES_OF_OTHERS, back, prompt_for, render
from prompts.registry.models import Label, Prompt, PromptVersion, VersionState
from prompts.registry.selectors.prompts import figures_of, helpful_by_version
from prompts.registry.services.labels import previous_version
from prompts.registry.services.prompts import (
    archive,
    check_prompt_tags,
    new_draft,
    note_change,
    restore,
    switch,
)
from prompts.registry.services.proposals import proposal_for, propose

_MAX_VERSIONS = 50
_MAX_MOVES = 20


class PromptForm(OwnedForm):
    """Tags that approval rules go by are for who manages the team."""

    user: ClassVar[User]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance.pk is not None and "tags" in cleaned:
            with at("tags"):
                check_prompt_tags(
                    prompt=Prompt.objects.get(pk=self.instance.pk), tags=cleaned["tags"] or [], by=self.user
                )
        return cleaned


class ArchivedFilter(admin.SimpleListFilter):
    """Archived prompts are left out unless they are asked for."""

    title = "archived"
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Archived")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return (
            queryset.exclude(archived_at=None) if self.value() == "yes" else queryset.filter(archived_at=None)
        )


@admin.register(Prompt)
class PromptAdmin(OwnedAdmin):
    """Prompts: what applications call by name. The words are in versions, which have pages of their own."""

    form = PromptForm
    fixed_fields = ("team", "name")
    list_display = ("name_label", "labels_label", "state_label", "tags_label")
    list_filter = (TeamFilter, ArchivedFilter)
    search_fields = ("name", "description", "team__name")
    search_help_text = "A name, a team, or words of the description."
    fields: ClassVar[tuple[Any, ...]] = (("team", "name"), "description", "tags", "fallback")
    empty_hint = "A prompt is a text with variables that applications call by name. Add one, write it, try it in the playground, and give it a label."

    @display(description="Name", header=True)
    def name_label(self, prompt: Prompt) -> list[str]:
        return [prompt.name, str(prompt.team) if prompt.team else "Shared by all teams"]

    @admin.display(description="Labels")
    def labels_label(self, prompt: Prompt) -> str:
        return (
            ", ".join(f"{label.name} → {label.version.number}" for label in prompt.labels.all()) or "none yet"
        )

    @display(
        description="State", label={"on": "success", "off": "danger", "review": "warning", "draft": "info"}
    )
    def state_label(self, prompt: Prompt) -> tuple[str, str]:
        states = {version.state for version in prompt.versions.all()}
        if not prompt.is_enabled:
            return "off", "Switched off"
        if VersionState.IN_REVIEW in states:
            return "review", "Waits for review"
        return ("on", "On") if prompt.labels.all() else ("draft", "Draft")

    @admin.display(description="Tags")
    def tags_label(self, prompt: Prompt) -> str:
        return ", ".join(prompt.tags)

    # --- who may do what ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("team")
        return rows.prefetch_related(
            Prefetch("labels", queryset=Label.objects.select_related("version")),
            Prefetch("versions", queryset=PromptVersion.objects.only("prompt_id", "state", "number")),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # prompts are archived: records name them

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.user = person(request)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = person(request)
        super().save_model(request, obj, form, change)
        if not change:
            new_draft(prompt=obj, by=person(request))

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, "Here is its first draft. Write it, save it, and try it in the playground.")
        return back(request, obj, "draft", 1)

    # --- pages ---

    def get_urls(self) -> list[URLPattern]:
        pages: tuple[tuple[str, str, Any], ...] = (
            ("<int:prompt_id>/change/", "change", self.overview),
            ("<int:prompt_id>/settings/", "settings", self.settings_view),
            ("<int:prompt_id>/do/", "do", self.do_view),
            ("<int:prompt_id>/labels/", "labels", labels.labels_view),
            ("<int:prompt_id>/versions/<int:number>/", "version", versions.version_view),
            ("<int:prompt_id>/versions/<int:number>/draft/", "draft", versions.draft_view),
            ("<int:prompt_id>/versions/<int:number>/yaml/", "yaml", versions.yaml_view),
            ("<int:prompt_id>/versions/<int:number>/do/", "version-do", versions.do_view),
            ("<int:prompt_id>/diff/<int:before>/<int:after>/", "diff", versions.diff_view),
            *((f"<int:prompt_id>/{route}", name, view) for route, name, view in PAGES_OF_OTHERS),
        )
        own = [
            path(route, self.admin_site.admin_view(view), name=f"prompts_prompt_{name}")
            for route, name, view in pages
        ]
        return [*own, *super().get_urls()]

    def overview(self, request: HttpRequest, prompt_id: int) -> HttpResponse:
        """A prompt at a glance: where its labels lead, its versions, what happened to it."""
        prompt = prompt_for(request, prompt_id)
        found = list(prompt.versions.select_related("author").prefetch_related("labels")[:_MAX_VERSIONS])
        now = utc_now()
        helpful = helpful_by_version(prompt.pk, now=now)
        return render(
            request,
            "overview",
            prompt,
            title=prompt.name,
            tab="overview",
            versions=[
                (version, figures_of(version, now=now), _helpful(helpful.get(version.number)))
                for version in found
            ],
            labels=[(label, previous_version(label)) for label in prompt.labels.select_related("version")],
            submitted=[
                version
                for version in found
                if version.state in (VersionState.IN_REVIEW, VersionState.APPROVED)
            ],
            proposal=proposal_for(prompt, now=now),
            moves=prompt.label_moves.select_related("moved_by")[:_MAX_MOVES],
        )

    def settings_view(self, request: HttpRequest, prompt_id: int) -> HttpResponse:
        """Description, tags and fallback: Django's own form."""
        return self.changeform_view(request, str(prompt_id))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        messages.success(request, "Saved.")
        return back(request, obj)

    def do_view(self, request: HttpRequest, prompt_id: int) -> HttpResponse:
        """Switching on and off, archiving, a new draft."""
        prompt = prompt_for(request, prompt_id, edits=True)
        if request.method != "POST":
            raise PermissionDenied
        user, reason = person(request), request.POST.get("reason", "")[:2000]
        with told(request):
            match request.POST.get("action"):
                case "on" | "off" as which:
                    switch(prompt=prompt, on=which == "on", by=user, reason=reason)
                    messages.success(request, f"Switched {which}, on every process within a second.")
                case "archive":
                    archive(prompt=prompt, by=user)
                    messages.success(request, "Archived. It can be brought back.")
                case "restore":
                    restore(prompt=prompt, by=user)
                    messages.success(request, "Brought back.")
                case "shorten":
                    draft = propose(prompt=prompt, by=user, now=utc_now())
                    messages.success(
                        request,
                        "A shorter draft is proposed. Run the tests on it: it can be submitted where they hold.",
                    )
                    return back(request, prompt, "version", draft.number)
                case "draft":
                    based_on = prompt.versions.filter(number=_number(request.POST.get("number"))).first()
                    draft = new_draft(prompt=prompt, by=user, based_on=based_on)
                    note_change(prompt, user, f"Began draft {draft.number}.")
                    return back(request, prompt, "draft", draft.number)
        return back(request, prompt)


def _helpful(found: tuple[int, int] | None) -> str:
    """The share of feedback that says so, and of how many, for the page."""
    return "" if found is None else f"{found[0] * 100 / found[1]:.0f} % of {found[1]:,}"


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 9 else 0
