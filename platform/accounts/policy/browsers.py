"""PURE: what a browser is called, of what it says of itself."""

_BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
"""The first that is found: what comes later names itself as what is compatible with it."""


def browser_name(client: str) -> str:
    """A few words for people, such as "Firefox on Linux"; its own, cut, where it is no known browser."""
    name = next((name for mark, name in _BROWSERS if mark in client), "")
    system = next((name for mark, name in _SYSTEMS if mark in client), "")
    return f"{name} on {system}" if name and system else name or client[:60] or "Unknown"
