"""What commands are built from."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from kernel.errors import DomainError


@contextmanager
def named(name: str) -> Iterator[None]:
    """What can't be done within is told with a name before it, such as a file's."""
    try:
        yield
    except (DomainError, ValidationError) as error:
        raise CommandError(f"{name}: {' '.join(error.messages)}") from error


class Command(BaseCommand):
    """A command that tells in one line, with exit code 1, what can't be done as it was asked."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (DomainError, ValidationError) as error:
            raise CommandError(" ".join(error.messages)) from error
