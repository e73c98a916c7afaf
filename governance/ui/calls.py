"""How pages show what calls came to."""

STATUS_LABELS = {
    "succeeded": "success",
    "refused": "warning",
    "failed": "danger",
    "expired": "danger",
    "cancelled": "info",
}
"""Colours of unfold's labels, by a call's status."""


def milliseconds(value: float | None) -> str:
    """A duration for people."""
    if value is None:
        return "-"
    if value < 1:
        return f"{value:.2f} ms"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.2f} s"
