"""Pages of teams' keys, and of who has read raw text."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.access.principals import principal, sees_everything
from accounts.admin.base import OwnedAdmin, SeenOnly, person, told
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import action, display
from governance.records.models import RawAccess, TeamKey
from governance.records.services import team_keys
from governance.records.services.inventory import inventory
from kernel.clock import utc_now

LIVE, DECRYPTS, ERASED = "In use", "Reads older text", "Erased"


class EraseForm(forms.Form):
    """Asks twice: erasing can't be taken back."""

    which = forms.ChoiceField(
        label="What to erase",
        choices=(
            ("this", "The text under this key"),
            ("all", "All raw text of the team: every key it has had"),
        ),
    )
    reason = forms.CharField(
        label="Why", min_length=5, max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It is shown wherever the text was.",
    )  # fmt: skip
    confirm = forms.CharField(label="The team's name, to confirm", max_length=200)

    def __init__(self, *arguments: Any, team: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._team = team

    def clean_confirm(self) -> str:
        text: str = self.cleaned_data["confirm"]
        if text.strip() != self._team:
            raise forms.ValidationError(f"Write “{self._team}” to confirm.")
        return text


@admin.register(TeamKey)
class TeamKeyAdmin(SeenOnly, OwnedAdmin):
    """The keys that raw text is encrypted with. Their bytes are shown to nobody."""

    goes_along = True
    empty_hint = "A team gets its key when the first raw text of its calls is stored. Without a policy that asks for that, there are none."
    list_display = ("title", "status", "provider", "created_at")
    list_filter = (TeamFilter,)
    list_select_related = ("team",)
    sortable_by = ()
    actions_detail = ("rotate", "erase")
    actions_list = ("inventory",)

    def has_inventory_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """It tells of all teams, and of the installation."""
        return sees_everything(principal(request))

    @action(description="What is encrypted with what", icon="inventory", permissions=["inventory"])
    def inventory(self, request: HttpRequest) -> HttpResponse:
        """What protects which data, and how many keys are under which master key or key of AWS KMS."""
        if not self.has_inventory_permission(request):
            raise PermissionDenied
        title = "What is encrypted with what"
        return self.render_page(request, "governance/records/encryption", title=title, found=inventory())

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        facts = ["team", "generation", "status", "provider", "created_at"]
        facts += [name for name in ("kms_key_id", "retired_at") if getattr(obj, name, None)]
        if obj is not None and obj.erased_at is not None:
            facts += ["erased_at", "erased_by_email", "erased_reason"]
        return ((None, {"fields": facts}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(self.get_fieldsets(request, obj)[0][1]["fields"])

    @display(description="Key", header=True)
    def title(self, key: TeamKey) -> list[str]:
        return [str(key.team), f"Key {key.generation}"]

    @display(description="Status", label={LIVE: "success", DECRYPTS: "info", ERASED: "danger"})
    def status(self, key: TeamKey) -> str:
        return LIVE if key.is_live else ERASED if key.erased_at else DECRYPTS

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Asked by the actions, with the id from the URL."""
        key = None if object_id is None else self.get_object(request, str(object_id))
        return self.may_change(request, key) and (object_id is None or key is not None)

    def has_erase_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What is gone can't be erased again."""
        if not self.has_manage_permission(request, object_id):
            return False
        return object_id is None or TeamKey.objects.filter(pk=object_id, erased_at=None).exists()

    @action(description="Make a new key", icon="autorenew", permissions=["manage"])
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """New text gets a new key; the others still open what is theirs."""
        key = self._manageable(request, object_id)
        if request.method != "POST":
            return self._render(request, "rotate", key, title="Make a new key")
        with told(request):
            made = team_keys.rotate(key.team, now=utc_now())
            self.log_addition(request, made, "Made by hand.")
            self.message_user(
                request,
                f"{made} encrypts what is stored from now on. Older text stays readable.",
                messages.SUCCESS,
            )
            return self.to_page(made)
        return self.to_page(key)

    @action(description="Erase", icon="delete_forever", permissions=["erase"])
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Deletes the key, and with it all text under it, for good."""
        key = self._manageable(request, object_id)
        form = EraseForm(request.POST if request.method == "POST" else None, team=key.team.name)
        if request.method != "POST" or not form.is_valid():
            return self._render(request, "erase", key, title="Erase raw text", form=form)
        chosen = TeamKey.objects.filter(team=key.team) if form.cleaned_data["which"] == "all" else [key]
        erased = team_keys.erase(
            chosen, by=person(request), reason=form.cleaned_data["reason"], now=utc_now()
        )
        for each in erased:
            self.log_change(request, each, f"Erased: {each.erased_reason}")
        text = "Erased. The raw text under it can't be read by anyone any more. Redacted text stays."
        self.message_user(
            request,
            text if erased else "It had been erased before.",
            messages.SUCCESS if erased else messages.WARNING,
        )
        return self.to_page(key)

    def _manageable(self, request: HttpRequest, object_id: str) -> TeamKey:
        key: TeamKey | None = self.get_object(request, object_id)
        if key is None or not self.may_change(request, key):
            raise PermissionDenied
        return key

    def _render(self, request: HttpRequest, page: str, key: TeamKey, **context: Any) -> HttpResponse:
        return self.render_page(
            request, f"governance/records/teamkey/{page}", original=key, key=key, **context
        )


@admin.register(RawAccess)
class RawAccessAdmin(SeenOnly, OwnedAdmin):
    """Who has read raw text, when and why. Everybody in the team can see it, and nobody can change it."""

    goes_along = True
    empty_hint = "Each time somebody reads the raw text of a call, it is logged here with their reason."
    list_display = ("created_at", "email", "reason", "team", "call", "via")
    list_display_links = None
    list_filter = (TeamFilter,)
    list_select_related = ("team",)
    search_fields = ("email", "reason")
    search_help_text = "A person or a reason."
    sortable_by = ()

    @display(description="Call")
    def call(self, access: RawAccess) -> str:
        url = reverse("admin:governance_auditrecord_change", args=[access.call_id])
        return format_html('<a href="{}">{}…</a>', url, str(access.call_id)[:13])
