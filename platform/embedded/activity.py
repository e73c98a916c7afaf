"""Does a child get anywhere? Told by what it and its own children use of the machine, and by its log."""

import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

from embedded.child import Child

LOOK_EVERY_SECONDS = 0.5
CPU_STEP_SECONDS = 0.1
"""CPU time that counts as work: what only waits uses some, too."""
_HELD_UP = (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)
"""It would go on if it had a processor, or its disk."""


class Activity:
    """How long children have done nothing: used no CPU time, waited for no processor and no disk, logged nothing.

    `helpers` are children that do a part of the work, as a database does for who migrates it.
    """

    def __init__(self, child: Child, helpers: Iterable[Child] = ()) -> None:
        self._child = child
        self._leaders = (child, *helpers)
        self._worked_at = self._looked_at = time.monotonic()
        self._cpu_seconds, _ = self._use()
        self._log_bytes = child.log.size

    def idle_seconds(self) -> float:
        """Since the last sign of work. To be asked again and again: between two answers nothing is watched."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY_SECONDS:
            self._looked_at = now
            if self._has_worked():
                self._worked_at = now
        return now - self._worked_at

    def _has_worked(self) -> bool:
        cpu_seconds, is_held_up = self._use()
        log_bytes = self._child.log.size
        # Less than before where a process of the family has ended, or the log began anew: these are signs, too.
        if abs(cpu_seconds - self._cpu_seconds) < CPU_STEP_SECONDS and log_bytes == self._log_bytes:
            return is_held_up
        self._cpu_seconds, self._log_bytes = cpu_seconds, log_bytes
        return True

    def _use(self) -> tuple[float, bool]:
        """CPU seconds of all processes, and whether one of them would work if it could."""
        cpu_seconds, is_held_up = 0.0, False
        for process in self._processes():
            with suppress(psutil.Error):
                cpu_seconds += sum(
                    process.cpu_times()[:4]
                )  # its own, and those of its children that have ended
                is_held_up = is_held_up or process.status() in _HELD_UP
        return cpu_seconds, is_held_up

    def _processes(self) -> Iterable[psutil.Process]:
        for leader in self._leaders:
            with suppress(psutil.Error):
                process = psutil.Process(leader.pid)
                yield process
                yield from process.children(recursive=True)
