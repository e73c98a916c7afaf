"""How much, where it is dollars for a budget and a number for a rate limit."""

import re
from typing import Any

from rest_framework import serializers

from accounts.api.fields import UsdField
from kernel.money import plain_usd

_NUMBER = re.compile(r"[0-9]{1,15}")


class AmountField(serializers.CharField):
    """A decimal string, or a whole number: JSON's fractions are not exact."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, float):
            raise serializers.ValidationError('Write it as a string, such as "50.00".')
        return super().to_internal_value(data)


def amount_of(text: Any, *, in_dollars: bool) -> int:
    """Nano-dollars, or a number. As strict as the same amounts are elsewhere."""
    if text is None:
        return 0
    if not in_dollars:
        if not _NUMBER.fullmatch(str(text)):
            raise serializers.ValidationError({"amount": ["Enter a whole number, such as 500."]})
        return int(text)
    try:
        return UsdField().to_internal_value(text)
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"amount": error.detail}) from error


def amount_text(found: Any) -> str:
    return plain_usd(found.amount) if found.budget_id else str(found.amount)
