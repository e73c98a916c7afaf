"""The list of whom a team's placeholders stand for."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.access.admin import as_typed
from accounts.admin.base import OwnedAdmin, OwnedForm, person, principal
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import ChangeList, TextInput, action, display
from accounts.models import Team
from accounts.policy.roles import Capability
from governance.records.models import KnownPerson
from governance.records.services.key_wrappers import KeyUnavailableError
from governance.records.services.known_people import (
    MAX_LINES,
    Entry,
    entries_of,
    entry_of,
    keep,
    kept_for,
    names_of_people,
)

GONE = "Can't be read: its key is erased, or not to be had."


class KnownPersonForm(OwnedForm):
    """A person as clients send them; what is kept of that follows from it."""

    tag = forms.CharField(
        label="As clients send it", max_length=200, widget=TextInput(attrs={"autocomplete": "off"}),
        help_text="Such as jane.doe@example.com or dev-17; or a placeholder, as pages show it. It is not kept as you type it.",
    )  # fmt: skip
    name = forms.CharField(
        label="Name", max_length=200, required=False, widget=TextInput(attrs={"autocomplete": "off"}),
        help_text="What pages show beside the placeholder, to this team's members, but for viewers. Empty: what clients send.",
    )  # fmt: skip
    entry: Entry

    class Meta:
        model = KnownPerson
        fields = ("team",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.placeholder:
            self.fields.pop("tag", None)
            if "name" in self.fields:
                self.initial["name"] = names_of_people([self.instance])[self.instance.pk] or ""
                self.fields["name"].required = True

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if not self.errors:
            tag = self.instance.placeholder or self.cleaned_data["tag"]
            with as_typed():
                self.entry = entry_of(tag, self.cleaned_data["name"])
            if not self.instance.placeholder:
                self._is_new(self.cleaned_data["team"])
        return values

    def _is_new(self, team: Team) -> None:
        self.instance.placeholder = kept_for(team, self.entry.tag)
        if KnownPerson.objects.filter(team=team, placeholder=self.instance.placeholder).exists():
            self.add_error("tag", f"{self.instance.placeholder} is on the list: change its name there.")
            self.instance.placeholder = ""


class ImportForm(forms.Form):
    """Many people at once, into one team's list."""

    team = forms.ModelChoiceField(queryset=Team.objects.none())
    lines = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 12, "autocomplete": "off", "spellcheck": "false"}),
        help_text=f"“jane.doe@example.com, Jane Doe”: what clients send and a name, one per line; at most {MAX_LINES:,}. "
        "Whoever is on the list gets the name given here.",
    )

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    def clean_lines(self) -> list[Entry]:
        with as_typed():
            return entries_of(self.cleaned_data["lines"])


class PeopleList(ChangeList):
    """The rows of a page with their names, each key opened once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        names = names_of_people(rows)
        for row in rows:
            row.opened_name = names[row.pk]
        self.result_list = rows


@admin.register(KnownPerson)
class KnownPersonAdmin(OwnedAdmin):
    """People behind placeholders: kept by a team's owners and admins, seen by all of the team but viewers."""

    form = KnownPersonForm
    goes_along = True
    empty_hint = (
        "Calls keep whom they are for as a placeholder where that looks like personal data. Here a team's owners and "
        "admins may keep a list of whom those stand for. Names are encrypted with the team's key."
    )
    fixed_fields = ("team",)
    list_display = ("placeholder", "person_name", "team", "created_at")
    list_filter = (TeamFilter,)
    list_select_related = ("team", "key__team")
    search_fields = ("placeholder",)
    search_help_text = "A placeholder."
    actions_list = ("import_lines",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PeopleList

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("team", "tag", "name")}),)
        shown = "name" if self.has_change_permission(request, obj) else "person_name"
        return ((None, {"fields": ("team", "placeholder", shown, "created_at")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else (*fields, "placeholder", "person_name", "created_at")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Its own fields are no columns of the row."""
        return super().get_form(
            request, obj, change=change, **{**kwargs, "fields": ("team",) if obj is None else ()}
        )

    @display(description="Name")
    def person_name(self, row: Any) -> str:
        name = row.opened_name if hasattr(row, "opened_name") else names_of_people([row])[row.pk]
        return GONE if name is None else name

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.__dict__.update(keep(obj.team, [form.entry])[0].__dict__)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except KeyUnavailableError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:governance_knownperson_changelist"))

    @action(description="Import", icon="upload", url_path="import", permissions=["add"])
    def import_lines(self, request: HttpRequest) -> HttpResponse:
        """Many at once, all or none."""
        teams = Team.objects.changeable_by(principal(request), Capability.MANAGE_TEAM)
        form = ImportForm(request.POST if request.method == "POST" else None, teams=teams)
        if request.method == "POST" and form.is_valid():
            try:
                return self._import(request, form.cleaned_data["team"], form.cleaned_data["lines"])
            except KeyUnavailableError as error:
                form.add_error(None, str(error))
        return self.render_page(request, "governance/records/people_import", title="Import people", form=form)

    def _import(self, request: HttpRequest, team: Team, entries: list[Entry]) -> HttpResponse:
        with transaction.atomic():
            rows = keep(team, entries)
            LogEntry.objects.log_actions(person(request).pk, rows, ADDITION, "Imported.")
        self.message_user(request, f"{len(rows):,} people are on the list of {team}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:governance_knownperson_changelist"))
