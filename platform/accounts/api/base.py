"""What all views of the management API share."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.exceptions import invalid
from kernel.errors import DomainError


class CheckedField(serializers.JSONField):
    """JSON that is checked by the rule it is for: what this says is said at the field."""

    def checked(self, data: Any) -> Any:
        """The value. Raises a DomainError for one that can't be used."""
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self.checked(data)
        except DomainError as error:
            raise invalid(error) from error


def without_store(response: Response) -> Response:
    """A response that no cache keeps."""
    response["Cache-Control"] = "no-store"
    return response


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body of a request, as a serializer takes it. ValidationError by field where it does not."""
    return _read(serializer, request, request.data)


def read_query(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The same of the query."""
    return _read(serializer, request, request.query_params)


def _read(serializer: type[serializers.Serializer[Any]], request: Request, data: Any) -> dict[str, Any]:
    found = serializer(data=data, context={"request": request})
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)
