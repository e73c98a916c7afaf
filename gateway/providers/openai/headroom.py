"""PURE: what OpenAI says of its quotas. Source: OpenAI API docs, Rate limits, "Rate limits in headers"."""

import re
from collections.abc import Callable

from gateway.providers.provider import Headroom

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def headroom_of(header: Callable[[str], str]) -> Headroom | None:
    """What is left; None where the answer does not say."""
    requests = number_of(header("x-ratelimit-remaining-requests"))
    tokens = number_of(header("x-ratelimit-remaining-tokens"))
    if requests is None and tokens is None:
        return None
    resets = [
        seconds
        for name in ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
        if (seconds := seconds_of(header(name))) is not None
    ]
    return Headroom(requests=requests, tokens=tokens, resets_seconds=min(resets, default=None))


def number_of(text: str) -> int | None:
    """A whole number in a header; None for anything else."""
    return int(text[:15]) if text.isdecimal() else None


def seconds_of(text: str) -> float | None:
    """A span as OpenAI writes it, such as `6m0s` or `120ms`."""
    parts = _SPAN.findall(text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
