"""The disk of the data folder, full."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from embedded.child import Child
from embedded.waiting import start_and_wait
from tests.drill.fault import Fault
from tests.drill.ground import Ground, ground
from tests.services import Server, temporary_folder

_SIZE = "420m"
_CHUNK = bytes(1 << 20)


class DiskFull(Fault):
    name = "disk full"
    does = "the disk with Postgres, Valkey and the logs is full for 15 s; what ends by it is started again, as `make run` does"
    seconds = 15.0
    after = 10.0
    is_outage = True

    def missing(self) -> str:
        if sys.platform != "linux" or os.geteuid():
            return "only root on Linux can mount a tmpfs"
        return ""

    @contextmanager
    def ground(self, shared: Callable[[], Ground]) -> Iterator[Ground]:
        folder = temporary_folder()
        mount = ("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=711", "tmpfs", str(folder))
        subprocess.run(mount, check=True)
        try:
            with ground(folder) as made:
                yield made
        finally:
            subprocess.run(("umount", "-l", str(folder)), check=False)
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        self._restarts = 0
        filler = ground.stack.data_dir / "filler"
        fill(filler)
        try:
            yield
        finally:
            filler.unlink()
            for child in _children(ground):
                if not child.is_alive():
                    start_and_wait(child)

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        filler, ends = ground.stack.data_dir / "filler", time.monotonic() + self.seconds
        while time.monotonic() < ends:
            with suppress(psycopg.Error), ground.stack.connect() as connection:
                connection.execute("SELECT pg_switch_wal()")  # as others do who write much
            fill(filler)
            time.sleep(1.0)
            for child in _children(ground):
                if not child.is_alive():
                    self._restarts += 1
                    with suppress(OSError):
                        child.start()

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        return [f"{self._restarts} starts of what had ended"]


def fill(path: Path) -> None:
    """Writes until there is no space left."""
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(_CHUNK)


def _children(ground: Ground) -> list[Child]:
    return [ground.stack.services.child(name) for name in ("postgres", "valkey")] + ground.background


FAULTS = (DiskFull(),)
