"""PURE: how long another side asks to wait, in any of the forms that it may take (RFC 9110, 10.2.3), and in parts of a second."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"[0-9]{1,300}(\.[0-9]{0,300})?")
_MAX_SECONDS = 24 * 3600.0


def seconds_of(text: str, *, milliseconds: str = "", now: datetime) -> float | None:
    """Seconds, 0 to a day: of `milliseconds`, where that is a number, else of a number or a date; None where neither is."""
    if _NUMBER.fullmatch(number := milliseconds.strip()):
        return _bounded(float(number) / 1000)
    if _NUMBER.fullmatch(number := text.strip()):
        return _bounded(float(number))
    try:
        return _bounded((parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _MAX_SECONDS)
