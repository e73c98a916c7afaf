"""PURE: numbers of JSON as people write them, for whoever looks for card and phone numbers among them."""

MIN_NUMBER = 10**6
"""The least number that is looked at: as long as a phone number's."""
_MAX_EXACT = 10**22
"""From here on a float has no digits of its own any more."""


def digits_of(value: object) -> str:
    """The digits of a whole number as long as a phone number's, whatever its sign and form; "" of anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    size = abs(value)
    if isinstance(size, float):
        if not MIN_NUMBER <= size < _MAX_EXACT or not size.is_integer():
            return ""
        size = int(size)
    return str(size) if size >= MIN_NUMBER else ""
