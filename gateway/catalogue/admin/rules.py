"""Pages of routing rules, and of what is known of how good models are."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.typed import display
from gateway.catalogue.admin.models import CatalogAdmin
from gateway.catalogue.models import ModelQuality, RoutingRule


@admin.register(RoutingRule)
class RoutingRuleAdmin(CatalogAdmin):
    """Rules of routes that choose by score."""

    empty_hint = "Routes that choose by score go by their weights alone. “manage.py load_catalog” makes the rules that ship."
    list_display = ("name", "position", "when", "then", "confidence_text", "is_enabled")
    list_filter = ("is_enabled", "choose", "asks")
    search_fields = ("name", "use_cases", "routes")
    labels: ClassVar[dict[str, str]] = {"use_cases": "Use cases"}
    fieldsets = (
        (None, {"fields": (("name", "position"), "is_enabled")}),
        ("When", {"fields": ("asks", "use_cases", "routes")}),
        (
            "Then",
            {
                "fields": (
                    "choose",
                    "quality_bar",
                    "regions",
                    ("weight_cost", "weight_quality", "weight_latency"),
                    "confidence",
                )
            },
        ),
    )

    @display(description="When")
    def when(self, rule: RoutingRule) -> str:
        parts = [rule.get_asks_display() or "Any call"]
        if rule.use_cases:
            parts.append(f"use case {', '.join(rule.use_cases)}")
        if rule.routes:
            parts.append(f"of {', '.join(rule.routes)}")
        return ", ".join(parts)

    @display(description="Then")
    def then(self, rule: RoutingRule) -> str:
        parts = [rule.get_choose_display()]
        if rule.quality_bar is not None:
            parts.append(f"quality of {rule.quality_bar:g} or more")
        if rule.regions:
            parts.append(f"in {', '.join(rule.regions)}")
        return ", ".join(parts)

    @display(description="Confidence", ordering="confidence")
    def confidence_text(self, rule: RoutingRule) -> str:
        return "by its lead" if rule.confidence is None else f"{rule.confidence:.2f}"


@admin.register(ModelQuality)
class ModelQualityAdmin(CatalogAdmin):
    """How good models are at which use."""

    empty_hint = (
        "Quality is measured each hour from evaluations and feedback; what you enter here comes before that."
    )
    list_display = ("model", "use", "score_text", "answers", "source", "updated_at")
    list_filter = ("source", "model__vendor")
    search_fields = ("model__name", "model__model_id", "scope")
    autocomplete_fields = ("model",)
    fields = ("model", "scope", "score")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("model")

    def has_change_permission(self, request: HttpRequest, obj: ModelQuality | None = None) -> bool:
        """What was measured is measured again."""
        if obj is not None and obj.source == ModelQuality.Source.MEASURED:
            return False
        return super().has_change_permission(request, obj)

    @display(description="Use", ordering="scope")
    def use(self, quality: ModelQuality) -> str:
        return quality.scope or "all"

    @display(description="Quality", ordering="score")
    def score_text(self, quality: ModelQuality) -> str:
        return f"{quality.score:.2f}"
