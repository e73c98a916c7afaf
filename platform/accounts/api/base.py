"""What all views of the management API share."""

from typing import Any

from rest_framework import serializers
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
