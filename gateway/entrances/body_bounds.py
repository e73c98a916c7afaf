"""How much a body may hold, looked at before objects are made of it.

Many small values cost a hundred times their bytes once they are objects, so large bodies are scanned first: by numpy, which
lets other threads run meanwhile.
"""

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from django.conf import settings

from gateway.refusals import Refusal, too_deep

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Signs: TypeAlias = NDArray[np.uint8]
    _Places: TypeAlias = NDArray[np.int64]
    _Flags: TypeAlias = NDArray[np.bool_]

LARGE_BODY = 256 * 1024
"""Bytes from which on a body is looked through and parsed off the event loop."""
_MAX_DEPTH = 200
_QUOTE, _BACKSLASH, _COMMA = ord('"'), ord("\\"), ord(",")
_OPENING, _CLOSING = (ord("["), ord("{")), (ord("]"), ord("}"))


async def check_bounds(body: bytes) -> None:
    """Refusal invalid_request for a large body of more values than are taken, or nested too deeply."""
    if len(body) < LARGE_BODY:
        return
    values, depth = await asyncio.to_thread(measure, body)
    if depth > _MAX_DEPTH:
        raise too_deep()
    if values > settings.GATEWAY_MAX_BODY_ITEMS:
        raise Refusal(
            "invalid_request",
            f"The request has {values:,} values in it, and Gatehouse takes {settings.GATEWAY_MAX_BODY_ITEMS:,}. "
            "Send fewer messages, or fewer and longer parts.",
        )


def measure(body: bytes) -> tuple[int, int]:
    """How many values a JSON text has about, and how deeply they are nested. What is no JSON gives any numbers."""
    import numpy as np  # by the first large body: a process starts without it

    signs = np.frombuffer(body, dtype=np.uint8)
    quotes = np.flatnonzero(signs == _QUOTE)
    quotes = quotes[~_is_escaped(signs, quotes)]
    marks = np.zeros(len(signs), dtype=bool)
    marks[quotes] = True
    # Odd behind an opening quote, even behind a closing one.
    outside = np.logical_xor.accumulate(marks)
    np.logical_not(outside, out=outside)
    opening = ((signs == _OPENING[0]) | (signs == _OPENING[1])) & outside
    closing = ((signs == _CLOSING[0]) | (signs == _CLOSING[1])) & outside
    commas = (signs == _COMMA) & outside
    steps = np.flatnonzero(opening | closing)
    depth = np.cumsum(np.where(opening[steps], 1, -1), dtype=np.int64)
    return int(opening.sum() + commas.sum()), int(depth.max(initial=0))


def _is_escaped(signs: "_Signs", quotes: "_Places") -> "_Flags":
    """Which quotes have an odd number of backslashes before them."""
    import numpy as np

    escaped = np.zeros(len(quotes), dtype=bool)
    behind = np.flatnonzero((quotes > 0) & (signs[quotes - 1] == _BACKSLASH))
    if behind.size:
        slashes = np.flatnonzero(signs == _BACKSLASH)
        starts = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)  # of each run, in the list of backslashes
        last = np.searchsorted(slashes, quotes[behind] - 1)
        first = starts[np.searchsorted(starts, last, side="right") - 1]
        escaped[behind] = (last - first) % 2 == 0
    return escaped
