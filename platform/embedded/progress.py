"""What `run` says while it works: one line for each step, and a sign of life in a long one."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress

QUIET_SECONDS = 3.0


class Progress:
    """Lines with the seconds since the start. `tick` repeats the present step when nothing was said for a while."""

    def __init__(
        self, write: Callable[[str], object] | None = None, *, quiet_seconds: float = QUIET_SECONDS
    ) -> None:
        self._write = write or sys.stdout.write
        self._began = self._said_at = time.monotonic()
        self._step = ""
        self._quiet_seconds = quiet_seconds

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """One finished fact."""
        self._line(text)

    def step(self, text: str) -> None:
        """The start of something that may take a while."""
        self._step = text
        self._line(text)

    def tick(self, what: str = "") -> None:
        """To be called while waiting for `what`."""
        if self._step and time.monotonic() - self._said_at > self._quiet_seconds:
            self._line(f"{self._step} (waiting for {what})" if what else f"{self._step} (still at it)")

    def done(self) -> None:
        """Nothing is being waited for now."""
        self._step = ""

    def plain(self, text: str) -> None:
        """Text without the clock."""
        # Nobody may be reading any more (`make run | head`): that must not keep the children from being stopped.
        with suppress(OSError):
            self._write(text + "\n")
            sys.stdout.flush()
        self._said_at = time.monotonic()

    def _line(self, text: str) -> None:
        self.plain(f"[{self.seconds:5.1f} s] {text}")
