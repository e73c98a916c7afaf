"""The environment, read with errors that name the variable."""

import re
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from kernel.valkey_address import broker


class Environment(environ.Env):  # type: ignore[misc]
    """django-environ's, for which a value that does not fit is a mistake in the configuration, not in the code."""

    def get_value(self, var: str, *arguments: Any, **options: Any) -> Any:
        try:
            return super().get_value(var, *arguments, **options)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} can't be used: {error}") from error

    def at_least(self, var: str, least: int, *, default: int) -> int:
        """A whole number that is not below `least`."""
        value: int = self.int(var, default=default)
        if value < least:
            raise ImproperlyConfigured(f"{var} can't be used: it is {value}, and must be {least} or more.")
        return value

    def matching(self, var: str, pattern: str, *, what: str) -> str:
        """A text of this form, or "" where nothing is set."""
        value: str = self.str(var, default="").strip()
        if value and re.fullmatch(pattern, value) is None:
            raise ImproperlyConfigured(f"{var} can't be used: it is {what}")
        return value

    def db_url_config(self, *arguments: Any, name: str = "DATABASE_URL", **options: Any) -> Any:
        try:
            return super().db_url_config(*arguments, **options)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} can't be used: {error}") from error

    def broker(self, var: str, url: str) -> tuple[str, dict[str, Any]]:
        """Celery's address of what `var` names, and its transport's options."""
        try:
            return broker(url)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} can't be used: {error}.") from error
