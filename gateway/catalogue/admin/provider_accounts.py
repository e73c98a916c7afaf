from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.access.admin import OwnedForm, as_typed
from accounts.access.principals import may_manage_shared, principal
from accounts.admin.typed import action, display
from gateway.catalogue.admin.models import CatalogAdmin
from gateway.catalogue.models import ProviderAccount
from gateway.catalogue.services.account_keys import set_key
from gateway.catalogue.services.direct import offer
from gateway.catalogue.services.try_account import try_account


class AccountForm(OwnedForm):
    """The key is typed in, and never shown again."""

    new_key = forms.CharField(
        label="Key",
        required=False,
        strip=True,
        help_text="Kept encrypted, and never shown again. Empty: it stays as it is.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = ProviderAccount
        fields = ("name", "provider", "base_url", "organisation", "is_enabled", "key_expires_on")

    def clean_new_key(self) -> str:
        key: str = self.cleaned_data["new_key"]
        if not key and not self.instance.sealed_key:
            raise forms.ValidationError("Enter the key that the provider gave you.")
        if key:
            with as_typed():
                set_key(self.instance, key)
        return ""


@admin.register(ProviderAccount)
class ProviderAccountAdmin(CatalogAdmin):
    """Accounts with providers beside Bedrock."""

    empty_hint = "With an account of OpenAI, Anthropic, Perplexity or whoever speaks as OpenAI, routes may lead there, too. Only teams that may leave AWS are let."
    form = AccountForm
    list_display = ("name", "provider", "key_hint", "key_expires_on", "last_refused_at", "is_enabled")
    list_filter = ("provider", "is_enabled")
    search_fields = ("name",)
    fixed_fields = ("provider",)
    readonly_fields = ("key_shown", "last_refused_at")
    fieldsets = (
        (None, {"fields": ("name", "provider", "base_url", "organisation", "is_enabled")}),
        ("Key", {"fields": ("key_shown", "new_key", "key_expires_on", "last_refused_at")}),
    )
    actions_detail: ClassVar[list[str]] = ["try_it"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers alone, for the list too: who may change rows of a team has none here."""
        return may_manage_shared(principal(request))

    @display(description="Key in use")
    def key_shown(self, account: ProviderAccount) -> str:
        return account.key_hint or "none"

    def save_model(self, request: HttpRequest, obj: ProviderAccount, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and (number := offer(obj)):
            messages.info(
                request,
                f"{number} deployments with prices are in the catalogue now. Add them to routes, and let teams leave AWS.",
            )

    @action(description="Try this account", url_path="try")
    def try_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        account = self.get_object(request, object_id)
        if account is None or not self.has_change_permission(request, account):
            raise PermissionDenied
        if request.method != "POST":
            return self.render_page(
                request, "gateway/provider_account_try", title="Try this account", account=account
            )
        tried = try_account(account)
        (messages.success if tried.works else messages.error)(request, tried.told)
        return self.to_page(account)
