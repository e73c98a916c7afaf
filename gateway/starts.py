"""What a start waits for, and what an end does not."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.faults import is_away, is_not_migrated

logger = logging.getLogger(__name__)


class NotYetError(UnavailableError):
    """It can't start while something around it is away; the message says what, and what to do."""


def not_yet(error: Exception) -> NotYetError | None:
    """What a process that starts waits for; None where the error of Postgres would not pass by itself."""
    cause = error.__cause__ or error
    if is_not_migrated(error):
        text = str(cause).splitlines()[0]
        return NotYetError(f"The database is not migrated to this version ({text}): run `manage.py migrate`.")
    if is_away(error):
        return NotYetError(
            f"Postgres can't be used ({type(cause).__name__}). See that it runs, and that DATABASE_URL leads to it."
        )
    return None


async def each_within(seconds: float, *ends: Coroutine[Any, Any, Any]) -> None:
    """All of them, at once; what does not end in time, or fails, keeps nobody from ending."""
    outcomes = await asyncio.gather(*(within(seconds, each) for each in ends), return_exceptions=True)
    for outcome, end in zip(outcomes, ends, strict=True):
        if isinstance(outcome, Exception):
            logger.warning("%s: %s", getattr(end, "__qualname__", "an end"), type(outcome).__name__)
