"""How the management API answers what goes wrong: every member of the family, the models' own rules, and conflicts."""

import logging
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.outages import sentences
from kernel.errors import ConflictError, DomainError, InvalidError, UnavailableError

logger = logging.getLogger(__name__)

_SOMEBODY_WAS_FIRST = "This conflicts with what is there already."


def answered(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception; None for one that is nobody's but ours."""
    if isinstance(error, IntegrityError):  # two people who do the same at once: one of them is told
        error = ConflictError(_SOMEBODY_WAS_FIRST)
    elif not isinstance(error, DomainError) and (text := sentences(error)):
        logger.warning("the management API: %s", text.partition(".")[0])
        error = UnavailableError(text)
    if isinstance(error, ModelError):
        error = serializers.ValidationError(by_field(error))
    elif isinstance(error, DomainError):
        error = _as_answer(error)
    return exception_handler(error, context)


def by_field(error: ModelError, names: dict[str, str] | None = None) -> dict[str, list[str]]:
    """A model's errors by field: by the names that callers know, where these differ."""
    if not hasattr(error, "error_dict"):
        return {"non_field_errors": error.messages}
    if names is None:
        names = {name: name for name in error.message_dict if name != "__all__"}
    return {names.get(name, "non_field_errors"): texts for name, texts in error.message_dict.items()}


def invalid(error: DomainError) -> serializers.ValidationError:
    """DRF's own, of what is wrong with what was sent: by field, or of the whole."""
    return serializers.ValidationError(error.fields or error.messages)


def _as_answer(error: DomainError) -> APIException:
    if error.is_invalid or isinstance(error, InvalidError):
        return invalid(error)
    found = APIException({"detail": str(error), "code": error.code, **error.details}, error.code)
    found.status_code = error.status
    return found
