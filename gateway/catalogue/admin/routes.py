from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access.admin import OwnedForm
from accounts.admin.typed import InlineFormSet, display
from gateway.catalogue.admin.models import CatalogAdmin, CatalogInline
from gateway.catalogue.models import Route, RouteTarget
from gateway.catalogue.models.route import check_targets
from gateway.catalogue.services.renaming import why_not_renamed
from gateway.catalogue.services.shadow_budgets import keep_shadow_budget

_STRATEGIES = {"ordered": "In order", "weighted": "By weight", "spread": "Spread", "score": "By score"}


class RouteForm(OwnedForm):
    """Aliases are given once each."""

    class Meta:
        model = Route
        fields = (
            "name", "aliases", "description", "strategy", "default_max_tokens", "max_tokens_limit",
            "expected_output_tokens", "refuses_sampling", "prompt_cache", "timeout_seconds", "attempts", "default_temperature", "default_top_p", "wait_seconds", "regions", "fallbacks", "is_enabled",
            "weight_cost", "weight_quality", "weight_latency", "tighten_only", "shadow_route", "shadow_percent", "shadow_budget",
        )  # fmt: skip

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if why := why_not_renamed(self.instance, name):
            raise ValidationError(why)
        return name

    def clean_aliases(self) -> list[str]:
        return list(
            dict.fromkeys(name.strip() for name in self.cleaned_data["aliases"] or () if name.strip())
        )


class TargetFormSet(InlineFormSet):
    """Checks the rows together: they have a weight between them, where it is drawn by weight."""

    def clean(self) -> None:
        super().clean()
        rows = [getattr(form, "cleaned_data", {}) for form in self.forms]
        kept = [row for row in rows if row.get("deployment") and not row.get("DELETE")]
        check_targets(self.instance.strategy, [row.get("weight") or 0 for row in kept])


class TargetInline(CatalogInline):
    model = RouteTarget
    formset = TargetFormSet
    fields = ("position", "deployment", "weight")
    autocomplete_fields = ("deployment",)
    verbose_name = "target"
    verbose_name_plural = "targets: where calls go"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("deployment__model")


@admin.register(Route)
class RouteAdmin(CatalogAdmin):
    """Routes: the names callers pass as model."""

    form = RouteForm
    labels: ClassVar[dict[str, str]] = {
        "timeout_seconds": "Timeout in seconds",
        "fallbacks": "Falls back to",
        "default_max_tokens": "Usual max_tokens",
        "max_tokens_limit": "Highest max_tokens",
        "expected_output_tokens": "Expected output tokens",
    }
    usual_fields = ("expected_output_tokens", "attempts", "prompt_cache", "shadow_percent")
    list_display = ("name", "targets_text", "strategy_name", "usual_max_tokens", "is_enabled")
    list_filter = ("is_enabled", "strategy", "targets__deployment__model__vendor")
    search_fields = ("name", "aliases")
    list_per_page = 100
    inlines = (TargetInline,)
    fieldsets = (
        (None, {"fields": ("name", "aliases", "description", "is_enabled")}),
        (
            "Choice of target",
            {"fields": ("strategy", "regions", "fallbacks", ("timeout_seconds", "attempts"))},
        ),
        (
            "Scores",
            {
                "fields": (("weight_cost", "weight_quality", "weight_latency"), "tighten_only"),
                "description": "For the strategy “by score”. Empty: cost 0.3, quality 0.4, latency 0.3. A routing rule's or prompt's weights come first.",
            },
        ),
        ("Shadow", {"fields": ("shadow_route", ("shadow_percent", "shadow_budget"))}),
        ("Prompt cache", {"fields": ("prompt_cache",)}),
        (
            "Answers",
            {
                "fields": (
                    "default_max_tokens",
                    "max_tokens_limit",
                    "expected_output_tokens",
                    ("default_temperature", "default_top_p"),
                    "refuses_sampling",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("targets__deployment__model")

    def save_model(self, request: HttpRequest, obj: Route, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        keep_shadow_budget(obj)

    @admin.display(description="Strategy", ordering="strategy")
    def strategy_name(self, route: Route) -> str:
        return _STRATEGIES.get(route.strategy, route.strategy)

    @admin.display(description="Usual max_tokens", ordering="default_max_tokens")
    def usual_max_tokens(self, route: Route) -> str:
        return "the model's own" if route.default_max_tokens is None else f"{route.default_max_tokens:,}"

    @display(description="Targets")
    def targets_text(self, route: Route) -> str:
        deployments = [target.deployment for target in route.targets.all()]
        if not deployments:
            return "none: calls are refused"
        places = ", ".join(
            f"{each.profile}. in {each.region}" if each.profile else each.region for each in deployments
        )
        return f"{deployments[0].model.name}: {places}"
