"""The page of cache rules, in words."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from gateway.catalogue.cache_words import cautions, said
from gateway.catalogue.models import CacheRule
from gateway.catalogue.selectors import embedding_routes


@admin.register(CacheRule)
class CacheRuleAdmin(OwnedAdmin):
    """Cache rules: a team's owners and admins make their own, superusers those of all teams."""

    empty_hint = (
        "Without a rule nothing is kept, and every call asks its model. A rule of a prompt comes before one of a route, "
        "and that before one of a team. Similar questions begin in shadow: what would have been served is only noted."
    )
    fixed_fields = ("team",)
    list_display = ("name", "holds_for", "sentence", "is_enabled")
    list_filter = ("is_enabled", "semantic", TeamFilter)
    list_select_related = ("team", "route", "prompt", "embedder")
    search_fields = ("name", "route__name", "prompt__name", "team__name")
    search_help_text = "A name, a route, a prompt or a team."
    autocomplete_fields = ("route",)
    labels: ClassVar[dict[str, str]] = {
        "with_tools": "Calls with tools, too",
        "counts_requests": "Count in limits of requests",
    }
    usual_fields = (
        "seconds", "max_temperature", "min_similarity", "error_bound", "check_share", "semantic_ms", "max_characters", "slot_seconds",
        "stale_seconds", "max_entries",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("name", "is_enabled")}),
        ("Which calls", {"fields": ("team", "route", "prompt")}),
        ("Same requests", {"fields": ("exact", "seconds", "max_temperature", "with_tools")}),
        (
            "Similar questions",
            {
                "fields": (
                    "semantic",
                    "error_bound",
                    "check_share",
                    "min_similarity",
                    "max_characters",
                    "semantic_ms",
                    "embedder",
                )
            },
        ),
        ("Slots", {"fields": ("slots", "slot_seconds", "stale_seconds")}),
        ("Knowledge, limits and room", {"fields": ("retrieval", "counts_requests", "max_entries")}),
    )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "embedder":
            kwargs["queryset"] = embedding_routes()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in ("seconds", "slot_seconds"):
            field.help_text = "Seconds: 3600 are an hour, 86400 a day."
        return field

    @display(description="Holds for")
    def holds_for(self, rule: CacheRule) -> str:
        named = [
            f"prompt {rule.prompt}" if rule.prompt else "",
            f"route {rule.route}" if rule.route else "",
            str(rule.team) if rule.team else "all teams",
        ]
        return ", ".join(name for name in named if name)

    @display(description="What it keeps")
    def sentence(self, rule: CacheRule) -> str:
        return said(rule)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for text in cautions(obj):
            self.message_user(request, text, messages.WARNING)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Whoever opens a loose rule is told what is loose about it."""
        rule = self.get_object(request, object_id) if object_id and request.method == "GET" else None
        for text in cautions(rule) if rule is not None else ():
            self.message_user(request, text, messages.WARNING)
        return super().changeform_view(request, object_id, *args, **kwargs)
