from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin.base import OwnedAdmin, SeenOnly
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from governance.records.models import RawAccess


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
