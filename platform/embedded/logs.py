"""One log file for each child, kept from growing without end."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 20 * 1024 * 1024


class Log:
    """The output of one child. The file before is kept with the ending `.1`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def open(self) -> int:
        """A descriptor to append to, for the child; the text from here on is `recent`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rotate()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._start = os.fstat(descriptor).st_size
        return descriptor

    def rotate(self) -> None:
        """Copies and empties a file that is too long; whoever has it open for appending goes on from the start.

        Raises OSError where there is no space for the copy, and leaves nothing of it.
        """
        if self.size <= MAX_BYTES:
            return
        copy = self.path.with_name(f"{self.path.name}.1")
        try:
            shutil.copyfile(self.path, copy)
        except OSError:
            with suppress(OSError):
                copy.unlink()
            raise
        os.truncate(self.path, 0)
        self._start = 0

    @property
    def size(self) -> int:
        """Bytes in the file; 0 where that can't be told."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def recent(self, most_bytes: int = 65_536) -> str:
        """What was written since `open`, or the end of it; nothing where it can't be read."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(self._start, size - most_bytes))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def tail(self, lines: int = 15) -> list[str]:
        """The last lines written since `open`."""
        return [line for line in self.recent().splitlines() if line.strip()][-lines:]
