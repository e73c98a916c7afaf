"""The people of a team, on the team's page."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.access.principals import has_capability
from accounts.admin.base import OwnedInline, principal
from accounts.admin.typed import InlineFormSet, ModelForm, display
from accounts.models import Membership, Role
from accounts.policy.roles import Capability


class MembershipForm(ModelForm):
    """A member is named by e-mail address, so that nobody needs to see everybody who can sign in."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="They are in from their next sign-in with this address.",
    )

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.fields["email"].initial = self.instance.address
            self.fields["email"].disabled = True

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if self.instance.pk is None:
            self.instance.waits_for = email  # whether it has an account is not told
        return email


class MembershipFormSet(InlineFormSet):
    """Checks the rows together: nobody twice, and owners are made and unmade by owners only."""

    may_manage_owners = False

    def clean(self) -> None:
        super().clean()
        seen: set[str] = set()
        for form in self.forms:
            if not hasattr(form, "cleaned_data") or not form.cleaned_data.get("email"):
                continue
            if self._touches_owner(form) and not self.may_manage_owners:
                raise ValidationError("Only an owner of the team can add, change or remove an owner.")
            if form.cleaned_data.get("DELETE"):
                continue
            if form.cleaned_data["email"] in seen:
                raise ValidationError(f"{form.cleaned_data['email']} is in the list twice.")
            seen.add(form.cleaned_data["email"])

    def _touches_owner(self, form: Any) -> bool:
        was = form.initial.get("role") if form.instance.pk is not None else None
        if form.cleaned_data.get("DELETE"):
            return was == Role.OWNER
        return Role.OWNER in {was, form.cleaned_data.get("role")} and form.has_changed()


class MembershipInline(OwnedInline):
    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("email", "role", "state")
    readonly_fields = ("state",)
    verbose_name = "member"
    verbose_name_plural = "members"

    @display(description="State")
    def state(self, membership: Membership) -> str:
        if membership.pk is None:
            return ""
        return "Waits for the next sign-in" if membership.is_waiting else "In"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = cast("type[MembershipFormSet]", super().get_formset(request, obj, **kwargs))
        formset.may_manage_owners = obj is not None and has_capability(
            principal(request), Capability.MANAGE_OWNERS, obj.pk
        )
        return formset

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user")
