"""Bodies of actions."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body of a request, as a serializer takes it. ValidationError by field where it does not."""
    found = serializer(data=request.data)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)
