"""Where the processes of one instance leave their numbers for each other, so that `/metrics` of any tells of all.

Each has a file of its own, and holds a lock for as long as it lives: whoever gets that lock knows that it has ended, and adds
what it counted to the totals of ended processes. An instance is what was started by one process with one command.
"""

import fcntl
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from stat import S_ISDIR
from uuid import UUID

import orjson

from gateway.metrics.families import Reading, counters, merged

_ENDED = "ended.json"
_FORGOTTEN_AFTER = 24 * 3600.0
"""Seconds after which a folder that no process has written to is taken away."""
_MAX_IDS = 200


def instance_folder(data_dir: Path | None) -> Path:
    """This instance's folder: in the data folder, or among the temporary files of this user."""
    name = hashlib.sha256("\0".join((str(os.getppid()), *sys.argv)).encode()).hexdigest()[:16]
    if data_dir is not None:
        return data_dir / "metrics" / name
    return Path(tempfile.gettempdir(), f"gatehouse-metrics-{os.getuid()}", name)


class MetricsFolder:
    """All methods read and write files, briefly: OSError where they can't. Not for the event loop."""

    def __init__(self, folder: Path, instance_id: UUID) -> None:
        self._folder = folder
        self._id = str(instance_id)
        self._alive: int | None = None

    def open(self) -> None:
        """Makes the folder, and says that this process lives. Raises OSError, also for a folder of somebody else's."""
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
            if found.st_uid != os.getuid() or found.st_mode & 0o022 or not S_ISDIR(found.st_mode):
                raise PermissionError(f"{folder} can be written by others")
        self._forget_old()
        path = self._folder / f"{self._id}.alive"
        with self._locked():
            self._alive = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, reading: Reading) -> None:
        """Leaves this process' numbers, in one step."""
        _write(self._folder / f"{self._id}.json", orjson.dumps(_plain(reading)))

    def gathered(self, own: Reading) -> Reading:
        """The numbers of all, this process' own as they are now."""
        with self._locked():
            ended = self._absorbed()
            others = [
                _read(path) for path in self._folder.glob("*.json") if path.stem not in (self._id, "ended")
            ]
            return merged(ended, [own, *others])

    def close(self, reading: Reading) -> None:
        """Leaves what was counted last: this process ends."""
        with suppress(OSError):
            self.write(reading)
        if self._alive is not None:
            os.close(self._alive)
            self._alive = None

    def _absorbed(self) -> Reading:
        """The totals of processes that ended, those among them that have ended since."""
        path = self._folder / _ENDED
        kept = _loaded(path)
        ids, totals = list(kept.get("ids", ())), _parsed(kept.get("totals", {}))
        ended = [each for each in self._folder.glob("*.alive") if each.stem != self._id and _has_ended(each)]
        for alive in ended:
            if alive.stem not in ids:
                ids.append(alive.stem)
                totals = counters(merged(totals, [_read(alive.with_suffix(".json"))]))
        if ended:
            _write(path, orjson.dumps({"ids": ids[-_MAX_IDS:], "totals": _plain(totals)}))
        for alive in ended:
            alive.with_suffix(".json").unlink(missing_ok=True)
            alive.unlink(missing_ok=True)
        return totals

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _forget_old(self) -> None:
        for folder in self._folder.parent.iterdir():
            with suppress(OSError):
                if folder != self._folder and time.time() - folder.stat().st_mtime > _FORGOTTEN_AFTER:
                    rmtree(folder)


def _has_ended(alive: Path) -> bool:
    try:
        descriptor = os.open(alive, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _plain(reading: Reading) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    return {name: list(series.items()) for name, series in reading.items()}


def _read(path: Path) -> Reading:
    return _parsed(_loaded(path))


def _loaded(path: Path) -> dict[str, list[object]]:
    """What is in a file; nothing where it is not there, or was broken off."""
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(found: object) -> Reading:
    try:
        return {
            name: {tuple(labels): float(number) for labels, number in series}
            for name, series in dict(found).items()  # type: ignore[call-overload]
        }
    except (TypeError, ValueError):
        return {}
