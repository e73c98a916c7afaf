from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from accounts.access.admin import OwnedForm, as_typed
from accounts.models import ApiKey
from accounts.policy.networks import parse_network
from accounts.services.known_models import unknown_of_key
from kernel.clock import utc_now


class ApiKeyForm(OwnedForm):
    """What a key may do."""

    class Meta:
        model = ApiKey
        fields = ("application", "name", "allowed_models", "allowed_networks", "expires_at")

    def clean_allowed_models(self) -> list[str]:
        names = list(
            dict.fromkeys(name.strip() for name in self.cleaned_data["allowed_models"] or () if name)
        )
        if (unknown := unknown_of_key(names)) is not None:
            raise ValidationError(f"There is no route named “{unknown}”. See Routes for the names.")
        return names

    def clean_allowed_networks(self) -> list[str]:
        with as_typed():
            return [
                parse_network(text.strip()) for text in self.cleaned_data["allowed_networks"] or () if text
            ]

    def clean_expires_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["expires_at"]
        if moment is not None and "expires_at" in self.changed_data and moment <= utc_now():
            raise ValidationError("This moment has passed. To end a key now, revoke it.")
        return moment


class RotateForm(forms.Form):
    """How long the old key goes on working."""

    OVERLAPS: ClassVar[list[tuple[int, str]]] = [
        (0, "Not at all: it ends now"),
        (1, "1 hour"),
        (24, "1 day"),
        (24 * 7, "7 days"),
        (24 * 30, "30 days"),
    ]
    overlap_hours = forms.TypedChoiceField(
        label="The old key keeps working for", choices=OVERLAPS, coerce=int, initial=24
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from unfold.widgets import UnfoldAdminSelectWidget

        self.fields["overlap_hours"].widget = UnfoldAdminSelectWidget(choices=self.OVERLAPS)
