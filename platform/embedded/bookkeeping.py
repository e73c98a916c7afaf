"""What the supervisor writes down beside its work. It goes on without, whatever the disk answers, and says once what is wrong."""

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import disk_usage

from embedded.progress import Progress

AGAIN_SECONDS = 1.0
"""After so long, what could not be written is tried again, and the disk looked at."""
FULL_BYTES, SPACE_BYTES = 16 * 1024 * 1024, 48 * 1024 * 1024
"""Less is a full disk: a segment of PostgreSQL's log takes 16 MiB. More is space again."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class Bookkeeping:
    """Of one data folder. To be looked at again and again by the one loop of the supervisor."""

    def __init__(self, data_dir: Path, progress: Progress) -> None:
        self._folder = data_dir
        self._progress = progress
        self._pending: dict[str, Callable[[], object]] = {}
        self._told: int | None = None
        self._looked_at = 0.0

    def do(self, name: str, work: Callable[[], object]) -> bool:
        """Does some writing, now or when it can be done; later work of the same name takes its place. Whether it is done."""
        self._pending.pop(name, None)
        try:
            work()
        except OSError as error:
            self._pending[name] = work
            self.note(error)
            return False
        return True

    def note(self, error: OSError) -> None:
        """Says what is wrong with the folder, once."""
        number = errno.ENOSPC if error.errno in _NO_SPACE else error.errno or 0
        if number == self._told:
            return
        self._told = number
        if number == errno.ENOSPC:
            self._progress.say(
                f"The disk of {self._folder} is full: make space. What ended is started again once there is some"
            )
        else:
            self._progress.say(f"Cannot read or write in {self._folder}: {error.strerror or error}. Going on")

    def look(self) -> bool:
        """Looks at the disk once a second, and tries what is pending; True where all is well again that was not."""
        now = time.monotonic()
        if now - self._looked_at < AGAIN_SECONDS:
            return False
        self._looked_at = now
        free = _free_bytes(self._folder)
        if free is not None and free < FULL_BYTES:
            self.note(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            return False
        if self._told is None:
            return False
        done = [self.do(name, work) for name, work in tuple(self._pending.items())]
        if not all(done) or (self._told == errno.ENOSPC and free is not None and free < SPACE_BYTES):
            return False
        well = "There is space again on" if self._told == errno.ENOSPC else "It can be written again to"
        self._told = None
        self._progress.say(f"{well} {self._folder}")
        return True


def _free_bytes(folder: Path) -> int | None:
    """What others than root may still write; None where that can't be asked, or there is so little in all that it says nothing."""
    with suppress(OSError):
        found = disk_usage(folder)
        return found.free if found.total > SPACE_BYTES else None
    return None
