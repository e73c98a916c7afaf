from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone

from accounts.access.admin import OwnedForm
from accounts.admin.base import SeenOnly
from accounts.admin.dollars import DollarsField
from accounts.admin.typed import DropdownFilter, display
from gateway.catalogue.admin.models import CatalogAdmin, CatalogInline
from gateway.catalogue.models import Price
from kernel.money import plain_usd

RATES = ("input_rate", "output_rate", "cache_read_rate", "cache_write_rate", "cache_write_1h_rate")
LONG_RATES = Price.LONG_RATES
OTHER_RATES = ("image_rate", "request_rate")
_HELP = {"image_rate": "Dollars per image.", "request_rate": "Dollars per request."}


class PriceForm(OwnedForm):
    """Prices as AWS lists them: dollars per million tokens."""

    class Meta:
        model = Price
        fields = (
            "deployment", "tier", "valid_from", "valid_until", *RATES, *OTHER_RATES,
            "long_context_threshold", *LONG_RATES, "source",
        )  # fmt: skip


def dollars(nanos: int | None) -> str:
    """A price for a table."""
    return "-" if nanos is None else f"${plain_usd(nanos)}"


class InForceFilter(DropdownFilter):
    title = "in force"
    parameter_name = "in_force"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "Now"), ("past", "No longer"), ("future", "Not yet")]

    def queryset(self, request: Any, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "now":
                return queryset.filter(
                    Q(valid_until__isnull=True) | Q(valid_until__gt=now), valid_from__lte=now
                )
            case "past":
                return queryset.filter(valid_until__lte=now)
            case "future":
                return queryset.filter(valid_from__gt=now)
        return queryset


class PriceInline(SeenOnly, CatalogInline):
    """A deployment's prices, to look at; a price has a page of its own."""

    model = Price
    fields = ("valid_from", "valid_until", "tier", "input_price", "output_price")
    readonly_fields = fields
    show_change_link = True

    @admin.display(description="Input")
    def input_price(self, price: Price) -> str:
        return dollars(price.input_rate)

    @admin.display(description="Output")
    def output_price(self, price: Price) -> str:
        return dollars(price.output_rate)


@admin.register(Price)
class PriceAdmin(CatalogAdmin):
    """Prices: dollars per million tokens, each with its period."""

    form = PriceForm
    labels: ClassVar[dict[str, str]] = {"long_context_threshold": "From how many tokens of input"}
    list_display = (
        "deployment_name", "place", "tier_name", "input_price", "output_price", "cache_read_price", "cache_write_price",
        "valid_from", "valid_until",
    )  # fmt: skip
    list_select_related = ("deployment__model",)
    list_filter = (
        InForceFilter,
        "tier",
        "deployment__model__vendor",
        "deployment__profile",
        "deployment__region",
    )
    list_filter_submit = True
    search_fields = ("deployment__model__name", "deployment__model__model_id", "deployment__region")
    ordering = ("deployment__model__vendor", "deployment__model__name", "deployment__region", "-valid_from")
    autocomplete_fields = ("deployment",)
    fieldsets = (
        (None, {"fields": ("deployment", "tier", "valid_from", "valid_until", "source")}),
        (
            "Dollars per million tokens",
            {
                "fields": (
                    ("input_rate", "output_rate"),
                    ("cache_read_rate", "cache_write_rate"),
                    "cache_write_1h_rate",
                )
            },
        ),
        (
            "Long context",
            {"fields": ("long_context_threshold", LONG_RATES[:2], LONG_RATES[2:4], LONG_RATES[4:])},
        ),
        ("Per image and request", {"fields": (OTHER_RATES,)}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in (*RATES, *LONG_RATES, *OTHER_RATES):
            return DollarsField(
                label=str(db_field.verbose_name).capitalize(),
                required=not db_field.blank,
                help_text=_HELP.get(db_field.name, ""),
                initial=None if db_field.name != "output_rate" else 0,
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description="Deployment", ordering="deployment__model__name")
    def deployment_name(self, price: Price) -> str:
        return price.deployment.model.name

    @admin.display(description="Where", ordering="deployment__region")
    def place(self, price: Price) -> str:
        profile = price.deployment.profile
        return f"{price.deployment.region} · {profile}." if profile else price.deployment.region

    @admin.display(description="Tier", ordering="tier")
    def tier_name(self, price: Price) -> str:
        return price.get_tier_display()

    @admin.display(description="Input", ordering="input_rate")
    def input_price(self, price: Price) -> str:
        return dollars(price.input_rate)

    @admin.display(description="Output", ordering="output_rate")
    def output_price(self, price: Price) -> str:
        return dollars(price.output_rate)

    @admin.display(description="Cache read", ordering="cache_read_rate")
    def cache_read_price(self, price: Price) -> str:
        return dollars(price.cache_read_rate)

    @admin.display(description="Cache write", ordering="cache_write_rate")
    def cache_write_price(self, price: Price) -> str:
        return dollars(price.cache_write_rate)
