"""Signals that ask the supervisor to stop: noted by the handler, acted upon where the supervisor waits."""

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Counts the requests to stop; the second one means: now."""

    def __init__(self) -> None:
        self.count = 0

    def listen(self) -> None:
        """To be called by the main thread, once."""
        for number in SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
