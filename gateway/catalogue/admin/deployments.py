from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from gateway.catalogue.admin.models import CatalogAdmin
from gateway.catalogue.admin.prices import PriceInline, dollars
from gateway.catalogue.models import Deployment, Price


@admin.register(Deployment)
class DeploymentAdmin(CatalogAdmin):
    """A model in a region, and what it costs there now."""

    list_display = ("model", "region", "profile_name", "input_price", "output_price", "is_enabled")
    list_select_related = ("model",)
    list_filter = ("region", "profile", "model__vendor", "is_enabled")
    search_fields = ("model__name", "model__model_id", "region")
    ordering = ("model__vendor", "model__name", "region", "profile")
    autocomplete_fields = ("model",)
    fields = ("model", "region", "profile", "arn", "is_enabled")
    inlines = (PriceInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        now = timezone.now()
        prices = Price.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=now),
            deployment=OuterRef("pk"),
            valid_from__lte=now,
        )
        found: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                input_now=Subquery(prices.values("input_rate")[:1]),
                output_now=Subquery(prices.values("output_rate")[:1]),
            )
        )
        return found  # fmt: skip

    @admin.display(description="Inference profile", ordering="profile")
    def profile_name(self, deployment: Deployment) -> str:
        return deployment.get_profile_display()

    @admin.display(description="Input, per million tokens")
    def input_price(self, deployment: Any) -> str:
        return "no price: refused" if deployment.input_now is None else dollars(deployment.input_now)

    @admin.display(description="Output, per million tokens")
    def output_price(self, deployment: Any) -> str:
        return dollars(deployment.output_now)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()
