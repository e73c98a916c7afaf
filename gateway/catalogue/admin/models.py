"""Pages of models; and the base of the catalogue's pages."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from accounts.admin.base import OwnedAdmin, OwnedInline
from accounts.admin.typed import display
from gateway.catalogue.models import Deployment, Model
from gateway.catalogue.seed import sources_of


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
        (None, {"fields": ("model_id", "name", "vendor", "kind")}),
        ("Limits", {"fields": ("context_window", "max_output_tokens")}),
        (
            "Input",
            {
                "fields": (
                    ("supports_images", "supports_documents", "supports_citations"),
                    ("supports_video", "supports_audio"),
                    "supports_prefill",
                )
            },
        ),
        (
            "Tools",
            {
                "fields": (
                    ("supports_tools", "supports_parallel_switch", "supports_images_in_results"),
                    ("supports_text_with_results", "needs_results_first"),
                    "tool_choices",
                )
            },
        ),
        (
            "Output",
            {
                "fields": (
                    "supports_structured_output",
                    "supports_stop_sequences",
                    "supports_streaming",
                    "supports_streamed_tools",
                    "sampling",
                    ("default_temperature", "default_top_p"),
                    "thinking",
                    "efforts",
                )
            },
        ),
        (
            "Prompt cache",
            {
                "fields": (
                    "supports_prompt_cache",
                    ("cache_points", "cache_min_tokens"),
                    "betas",
                    "cache_lifetimes",
                    "cache_places",
                )
            },
        ),
        ("Operations", {"fields": ("count_tokens_id", "invoke_families")}),
        ("Life cycle", {"fields": (("legacy_from", "extended_from", "end_of_life"), "successor", "sources")}),
    )
    readonly_fields = ("sources",)
    labels: ClassVar[dict[str, str]] = {
        "supports_tools": "Tools",
        "supports_images": "Images",
        "supports_documents": "Documents",
        "supports_video": "Video",
        "supports_audio": "Audio",
        "supports_prompt_cache": "Prompt cache is priced",
        "supports_structured_output": "Structured output",
    }

    @admin.display(description="Sources")
    def sources(self, model: Model) -> str:
        """Where the catalogue's facts are from."""
        found = sources_of(model.model_id) if model.model_id else []
        return format_html_join("", "<div>{}</div>", ((each,) for each in found))

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
            "documents": model.supports_documents,
            "prompt cache": model.cache_points > 0,
            "thinking": bool(model.thinking),
            "JSON Schema": model.supports_structured_output,
        }
        return ", ".join(name for name, has in names.items() if has)

    @admin.display(description="Deployments", ordering="deployments_count")
    def deployments_count(self, model: Any) -> int:
        return int(model.deployments_count)
