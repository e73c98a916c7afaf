from typing import Any, ClassVar, cast

from django.db.models import Field

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.api.fields import UsdField
from gateway.catalogue.models import Price

RATES = (
    "input", "output", "cache_read", "cache_write", "cache_write_1h", "image", "request", "long_input", "long_output",
    "long_cache_read", "long_cache_write", "long_cache_write_1h",
)  # fmt: skip
_UNITS = {"image": "Dollars per image.", "request": "Dollars per request."}


def _usd(rate: str) -> UsdField:
    field = cast("Field[Any, Any]", Price._meta.get_field(f"{rate}_rate"))
    optional: dict[str, Any] = {"required": False, "allow_null": True} if field.null else {}
    if field.has_default() and not field.null:
        optional = {"required": False}
    return UsdField(
        source=f"{rate}_rate", help_text=_UNITS.get(rate, "Dollars per million tokens."), **optional
    )


class PriceSerializer(OwnedSerializer):
    """A cache price of null: such tokens cost what input costs."""

    fixed_fields = ("deployment",)

    class Meta:
        model = Price
        fields = (
            "id",
            "deployment",
            "tier",
            "valid_from",
            "valid_until",
            "long_context_threshold",
            "source",
            "created_at",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"tier": {"default": ""}}

    def get_fields(self) -> dict[str, Any]:
        """Each rate of the model as dollars."""
        return {**super().get_fields(), **{f"{rate}_usd": _usd(rate) for rate in RATES}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.merged(attrs).clean()
        return attrs


class PriceViewSet(OwnedModelViewSet):
    """What deployments cost, each price with its period, in dollars."""

    queryset = Price.objects.all()
    serializer_class = PriceSerializer
