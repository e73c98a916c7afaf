from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


def known_zone(name: str) -> None:
    """ValidationError for a name that is no time zone's."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is an unknown time zone. Try one such as Europe/Berlin.")
