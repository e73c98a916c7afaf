"""Pages of models; and the base of the catalogue's pages."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin, OwnedInline
from accounts.admin.typed import display
from gateway.catalogue.models import Deployment, Model


class CatalogAdmin(OwnedAdmin):
    """The catalogue, which belongs to no team: everybody looks at it, superusers change it."""

    empty_hint = "“manage.py load_catalog” fills the catalogue with Bedrock's models, prices and routes."


class CatalogInline(OwnedInline):
    """Rows of the catalogue on their parent's page."""


class DeploymentInline(CatalogInline):
    model = Deployment
    fields = ("region", "profile", "arn", "is_enabled")
    show_change_link = True


@admin.register(Model)
class ModelPageAdmin(CatalogAdmin):
    """Foundation models."""

    list_display = (
        "name",
        "vendor",
        "kind_label",
        "context",
        "abilities",
        "deployments_count",
        "end_of_life",
    )
    list_filter = ("vendor", "kind", "supports_tools", "supports_images", "supports_prompt_cache")
    search_fields = ("name", "model_id", "vendor")
    list_per_page = 100
    inlines = (DeploymentInline,)
    fieldsets = (
        (None, {"fields": ("model_id", "name", "vendor", "kind", "end_of_life")}),
        ("Limits", {"fields": ("context_window", "max_output_tokens")}),
        (
            "Abilities",
            {
                "fields": (
                    "supports_tools",
                    "supports_images",
                    "supports_prompt_cache",
                    "supports_structured_output",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request).annotate(deployments_count=Count("deployments"))
        return found

    @display(description="Kind", ordering="kind", label={"Text": "info"})
    def kind_label(self, model: Model) -> str:
        return model.get_kind_display()

    @admin.display(description="Context window", ordering="context_window")
    def context(self, model: Model) -> str:
        return f"{model.context_window:,}"

    @admin.display(description="Abilities")
    def abilities(self, model: Model) -> str:
        names = {
            "tools": model.supports_tools,
            "images": model.supports_images,
            "prompt cache": model.supports_prompt_cache,
            "JSON Schema": model.supports_structured_output,
        }
        return ", ".join(name for name, has in names.items() if has)

    @admin.display(description="Deployments", ordering="deployments_count")
    def deployments_count(self, model: Any) -> int:
        return int(model.deployments_count)
