"""Wall clocks of processes that are wrong, and become so while they run."""

import atexit
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.services import temporary_folder

DAYS = 86_400


def missing() -> str:
    """Why there can be none here; empty where there can."""
    if sys.platform != "linux":
        return "it preloads a library, as Linux does"
    return "" if shutil.which("cc") else "there is no C compiler (cc)"


class HostClock:
    """Of all processes that are given `environment`: off by `set` seconds, from that moment on."""

    def __init__(self, seconds: int = 0) -> None:
        self._file = temporary_folder() / "clock"
        self.set(seconds)
        self._file.chmod(0o644)

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(_library()), "DRILL_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        # In place: processes have it mapped.
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))


@cache
def _library() -> Path:
    folder = temporary_folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / "clock.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    library.chmod(0o755)
    return library
