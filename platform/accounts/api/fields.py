"""Fields of the management API: money; and who works a serializer."""

import re
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from kernel.money import MAX_NANOS, dollars_to_nanos, plain_usd

MAX_ID = 2**63 - 1
"""What a column of a number takes: more is an error of Postgres', not an answer."""
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")


@extend_schema_field({"type": "string", "format": "decimal", "example": "250.00"})
class UsdField(serializers.Field[int, Any, str, Any]):
    """Dollars as a decimal string outside, nano-dollars inside. Exact: JSON's numbers are not taken."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
            raise serializers.ValidationError(
                'Write dollars as a decimal string, such as "250.00", with at most nine places.'
            )
        nanos = dollars_to_nanos(data)
        if nanos > MAX_NANOS:
            raise serializers.ValidationError(
                "This is more than can be stored: at most nine billion dollars."
            )
        return nanos

    def to_representation(self, value: int) -> str:
        return plain_usd(value)


class IdField(serializers.IntegerField):
    """The id of a row, whether there is one or not."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": MAX_ID, **kwargs})


class NumberField(serializers.IntegerField):
    """A number that rows are counted by: of a version, or a revision."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": 2**31 - 1, **kwargs})


def signed_in(serializer: Any) -> User:
    """Who makes the request that a serializer or a field works for."""
    return cast(User, serializer.context["request"].user)
