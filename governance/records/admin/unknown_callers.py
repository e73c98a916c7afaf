"""The list of calls without a valid key, as they are counted."""

from typing import ClassVar

from django.contrib import admin

from accounts.admin.base import OwnedAdmin, SeenOnly
from accounts.admin.typed import display
from governance.records.models import UnknownCaller


@admin.register(UnknownCaller)
class UnknownCallerAdmin(SeenOnly, OwnedAdmin):
    """They are nobody's calls, so they are for superusers."""

    list_display = ("minute", "whose", "calls", "why", "what")
    list_display_links = None
    list_filter = ("address",)
    empty_hint: ClassVar[str] = "Nobody has called without a valid key."

    @display(description="Address", ordering="address")
    def whose(self, found: UnknownCaller) -> str:
        return found.address or "All others"

    @display(description="Refused as")
    def why(self, found: UnknownCaller) -> str:
        return str(found.sample.get("code", ""))

    @display(description="Asked for, the first time")
    def what(self, found: UnknownCaller) -> str:
        return str(found.sample.get("path", ""))
