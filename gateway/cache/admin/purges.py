"""The page of purges: what ended answers, and a form to end some, which counts before it does."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.access.admin import put_errors
from accounts.access.principals import principal, sees_everything
from accounts.admin.base import OwnedAdmin, SeenOnly, person
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import action, display
from accounts.models import Team
from accounts.policy.roles import Capability
from gateway.cache.models import CachePurge
from gateway.cache.services.purging import planned, purge, would_end
from kernel.clock import utc_now
from kernel.errors import DomainError
from prompts.registry.models import Prompt

COUNTED = 100_000


class PurgeForm(forms.Form):
    """What to end: whatever is filled in must fit."""

    team = forms.ModelChoiceField(queryset=Team.objects.none(), required=False)
    prompt = forms.ModelChoiceField(
        queryset=Prompt.objects.none(), required=False, empty_label="Any, and calls of none"
    )
    route = forms.CharField(max_length=200, required=False, help_text="Empty: any.")
    end_user = forms.CharField(
        label="End user", max_length=200, required=False, help_text="What clients send, or a placeholder as pages show it. Pairs of theirs to label go along.",
    )  # fmt: skip
    uses = forms.CharField(
        label="Document", max_length=40, required=False, help_text="What answers were made from: document:7, base:2 or context:5."
    )  # fmt: skip
    older_than_days = forms.IntegerField(
        label="Older than", required=False, min_value=0, max_value=3650, help_text="Days. Empty: of any age."
    )  # fmt: skip
    reason = forms.CharField(
        label="Why", min_length=3, max_length=300, help_text="It is kept with the purge."
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who, self._sees_all = principal(request), sees_everything(principal(request))
        team: Any = self.fields["team"]
        team.queryset = Team.objects.changeable_by(who, Capability.MANAGE_TEAM)
        team.empty_label = "All teams" if self._sees_all else "Choose one"
        team.required = not self._sees_all
        prompt: Any = self.fields["prompt"]
        seen = Prompt.objects.visible_to(who, Capability.MANAGE_TEAM)
        prompt.queryset = seen.select_related("team").order_by("team__name", "name")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        team, prompt = values.get("team"), values.get("prompt")
        if prompt is not None and team is not None and prompt.team_id not in (None, team.pk):
            self.add_error("prompt", f"This prompt is {prompt.team}'s.")
        if not self.errors:
            try:
                planned(**self.asked())
            except DomainError as error:
                put_errors(self, error)
        return values

    def asked(self) -> dict[str, Any]:
        """What is to be ended, as the service takes it."""
        values, days = self.cleaned_data, self.cleaned_data.get("older_than_days")
        found = {name: values.get(name) for name in ("team", "prompt", "route", "end_user", "uses")}
        return {**found, "older_than": utc_now() - timedelta(days=days) if days else None}


@admin.register(CachePurge)
class CachePurgeAdmin(SeenOnly, OwnedAdmin):
    """Purges on record: by people, by erasures, and by documents that changed."""

    empty_hint = "What ends answers before their time is on record here: purges by people, erasures, and documents that changed."
    list_display = ("at", "what", "reason", "who", "number")
    list_display_links = None
    list_filter = (TeamFilter,)
    list_select_related = ("team", "prompt", "by")
    show_full_result_count = False
    sortable_by = ()
    actions_list = ("purge",)

    @display(description="What was ended")
    def what(self, row: CachePurge) -> str:
        return words_of(row)

    @display(description="By")
    def who(self, row: CachePurge) -> str:
        return str(row.by) if row.by else "Gatehouse"

    @display(description="Answers deleted")
    def number(self, row: CachePurge) -> str:
        return "in a minute" if row.ended is None else f"{row.ended:,}"

    def has_purge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.may_change(request, None)

    @action(description="Purge", icon="delete_sweep", url_path="purge", permissions=["purge"])
    def purge(self, request: HttpRequest) -> HttpResponse:
        """First what is asked for, then how many answers that is, then it is done."""
        if not self.has_purge_permission(request):
            raise PermissionDenied
        is_sent = request.method == "POST"
        form = PurgeForm(request.POST if is_sent else None, request=request, initial=request.GET.dict())
        if not is_sent or not form.is_valid() or "change" in request.POST:
            return self.render_page(request, "gateway/cache/purge", title="End answers", form=form)
        asked = form.asked()
        if "confirm" not in request.POST:
            plan = planned(**asked)
            number = would_end(plan, at_most=COUNTED)
            context = {"form": form, "words": words_of(plan), "number": number, "is_many": number == COUNTED}
            return self.render_page(request, "gateway/cache/purge_confirm", title="End answers", **context)
        made = purge(**asked, by=person(request), reason=form.cleaned_data["reason"])
        text = f"{words_of(made)}: ended. {made.ended:,} answers were deleted."
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:gateway_cachepurge_changelist"))


def words_of(row: CachePurge) -> str:
    """What a purge ends, for people."""
    parts = [
        f"prompt {row.prompt}" if row.prompt else "",
        f"route {row.route}" if row.route else "",
        f"end user {row.end_user}" if row.end_user else "",
        f"made from {row.uses.replace(':', ' ')}" if row.uses else "",
        f"older than {row.older_than:%Y-%m-%d %H:%M}" if row.older_than else "",
    ]
    named = [part for part in parts if part]
    whose = str(row.team) if row.team else "All teams"
    return f"{whose}: {', '.join(named)}" if named else f"{whose}: all answers"
