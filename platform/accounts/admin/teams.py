from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from accounts.access.principals import may_manage_shared
from accounts.admin.applications import ApplicationInline
from accounts.admin.base import OwnedAdmin, principal
from accounts.admin.memberships import MembershipInline
from accounts.models import Team


@admin.register(Team)
class TeamAdmin(OwnedAdmin):
    """Teams: made by superusers, run by their owners and admins."""

    empty_hint = "A team pays for calls. It has members, applications and a budget."
    list_display = ("name", "description", "applications_count", "members_count", "created_at")
    search_fields = ("name",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "description",
                    "weight",
                    "response_days",
                    "regions",
                    "may_leave_aws",
                    "time_zone",
                )
            },
        ),
        (
            "Agents",
            {
                "fields": ("end_user_from", "session_from", "loop_action", ("loop_repeats", "loop_tokens")),
                "description": "How the people and sessions behind one key are told apart, and what is done about an agent "
                "that goes round in circles.",
            },
        ),
    )
    usual_fields = ("weight", "loop_action", "loop_repeats", "loop_tokens")
    inlines = (MembershipInline, ApplicationInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                applications_count=Count("applications", distinct=True),
                members_count=Count("memberships", distinct=True),
            )
        )
        return found

    @admin.display(description="Applications", ordering="applications_count")
    def applications_count(self, team: Any) -> int:
        return int(team.applications_count)

    @admin.display(description="Members", ordering="members_count")
    def members_count(self, team: Any) -> int:
        return int(team.members_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A team's share against the others' is not its own to set, nor whether its calls may leave AWS."""
        fields = super().get_readonly_fields(request, obj)
        return fields if may_manage_shared(principal(request)) else (*fields, "weight", "may_leave_aws")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a team that has never had an application: the records of calls name their team."""
        if not may_manage_shared(principal(request)):
            return False
        return obj is None or not obj.applications.exists()

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> Any:
        """On to the new team's page, where members and applications are added."""
        if "_addanother" not in request.POST and "_popup" not in request.POST:
            self.message_user(
                request, f"The team {obj} is made. Add its members and applications.", messages.SUCCESS
            )
            return HttpResponseRedirect(reverse("admin:accounts_team_change", args=[obj.pk]))
        return super().response_add(request, obj, post_url_continue)
