"""One log file for each child, kept from growing without end."""

import os
import shutil
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
        """Copies and empties a file that is too long; whoever has it open for appending goes on from the start."""
        if self.path.exists() and self.path.stat().st_size > MAX_BYTES:
            shutil.copyfile(self.path, self.path.with_name(f"{self.path.name}.1"))
            os.truncate(self.path, 0)
            self._start = 0

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self.path.stat().st_size if self.path.exists() else 0

    def recent(self, most_bytes: int = 65_536) -> str:
        """What was written since `open`, or the end of it."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, size - most_bytes))
            return file.read().decode(errors="replace")

    def tail(self, lines: int = 15) -> list[str]:
        """The last lines written since `open`."""
        return [line for line in self.recent().splitlines() if line.strip()][-lines:]
