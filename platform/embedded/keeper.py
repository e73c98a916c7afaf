"""Looks after one running child: a child that dies is started again, after a wait, and it is said."""

import signal
import subprocess
import time

from embedded.backoff import Backoff
from embedded.child import Child
from embedded.errors import StartError
from embedded.progress import Progress


class Keeper:
    """To be looked at again and again by the one loop of the supervisor."""

    def __init__(self, child: Child, progress: Progress) -> None:
        self.child = child
        self._progress = progress
        self._backoff = Backoff()
        self._start_at: float | None = None
        self._coming_back = False

    def look(self, now: float) -> bool:
        """Takes the next step, if one is due; True when a process was started or has ended. `now` is monotonic."""
        if self._start_at is not None:
            return now >= self._start_at and self._start_again()
        if not self.child.is_alive():
            self._died(now)
            return True
        if self._coming_back and self._is_ready():
            self._coming_back = False
            self._progress.say(f"{self.child.command.title} is back")
        return False

    def hurry(self, now: float) -> None:
        """What kept it from running is mended: it is started at the next look, if it does not run."""
        self._backoff = Backoff()
        if self._start_at is not None:
            self._start_at = now

    def _is_ready(self) -> bool:
        try:
            return self.child.is_ready()
        except (OSError, StartError):  # its log can't be read, or it does not let us in: not yet
            return False

    def _died(self, now: float) -> None:
        code = self.child.exit_code()
        self.child.kill()  # what it has started may still hold its port
        delay = self._backoff.after(lived_seconds=now - self.child.started_at)
        self._start_at = now + delay
        title, log = self.child.command.title, self.child.log.path
        self._progress.say(
            f"{title} ended ({how(code)}); starting it again in {delay:.0f} s. Its log is {log}"
        )

    def _start_again(self) -> bool:
        self._start_at = None
        try:
            self.child.start(may_lack_log=True)
        except (OSError, StartError, ValueError, subprocess.SubprocessError) as error:
            delay = self._backoff.after(lived_seconds=0)
            self._start_at = time.monotonic() + delay
            self._progress.say(f"{self.child.command.title} cannot be run: {error}; again in {delay:.0f} s")
            return False
        self._coming_back = True
        return True


def how(code: int | None) -> str:
    """How a process ended, for people."""
    if code is None:
        return "still running"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
