"""Sends a stream's frames at the region's pace, and cuts or corrupts it where it should be."""

import asyncio
from collections.abc import Callable, Iterator
from enum import Enum

from embedded.simulator.caller import SimulatedCaller
from embedded.simulator.exceptions import SimulatedException
from embedded.simulator.faults import Settings
from embedded.simulator.framing import corrupted

_BATCH_BYTES = 16_384
# Frames due within this time go out together: at high pace a timer per token would be the main cost.
_TICK_SECONDS = 0.002


class Ending(Enum):
    """How a stream ended."""

    COMPLETED = "completed"
    CUT = "cut"
    FAILED = "failed"


async def pump(
    caller: SimulatedCaller,
    frames: Iterator[tuple[int, bytes]],
    settings: Settings,
    error: SimulatedException | None = None,
    *,
    corrupt: Callable[[bytes], bytes] = corrupted,
    failed: bytes | None = None,
) -> Ending:
    """Sends the frames; each comes with the number of tokens generated before it. Raises CallerLeft.

    `corrupt` spoils a frame, and `failed` is the last one where an error is to be met, of streams that are not AWS's.
    """
    last = failed if failed is not None or error is None else error.frame()
    if settings.time_to_first_token_ms:
        await caller.wait(settings.time_to_first_token_ms / 1000)
    loop = asyncio.get_running_loop()
    began = loop.time()
    pace = settings.tokens_per_second
    waiting: list[bytes] = []
    size = 0
    for number, (tokens, frame) in enumerate(frames):
        if number == settings.cut_after_events:
            await _flush(caller, waiting)
            return Ending.CUT
        if error is not None and number == error.after_events:
            await caller.chunk(b"".join([*waiting, last or b""]), more=False)
            return Ending.FAILED
        # Each frame has its own moment, so that a late one doesn't put off those after it.
        delay = began + tokens / pace - loop.time() if pace else 0.0
        if delay > _TICK_SECONDS:
            await _flush(caller, waiting)
            size = 0
            await caller.wait(delay)
        elif size > _BATCH_BYTES or number == 1:
            # The first frame goes alone, so that readers meet a stream in more than one part.
            await _flush(caller, waiting)
            size = 0
        waiting.append(corrupt(frame) if number == settings.corrupt_after_events else frame)
        size += len(frame)
    if error is not None:  # the stream was shorter: it ends in the exception all the same
        waiting.append(last or b"")
    await caller.chunk(b"".join(waiting), more=False)
    return Ending.COMPLETED if error is None else Ending.FAILED


async def _flush(caller: SimulatedCaller, waiting: list[bytes]) -> None:
    if waiting:
        await caller.chunk(b"".join(waiting), more=True)
        waiting.clear()
