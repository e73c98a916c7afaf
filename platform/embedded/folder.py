"""The data folder: made when missing, writable, and held by one supervisor at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embedded.errors import StartError

LOCK_FILE = "supervisor.lock"


def make_folder(path: Path) -> None:
    """Makes the folder, private to its owner. Raises StartError when nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = path / f".writable.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StartError(
            f"Cannot write to the data folder {path}: {error.strerror}. "
            "Set GATEHOUSE_DATA_DIR to a folder you can write to."
        ) from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the folder until the end; the kernel lets go of it when the process dies, however it dies."""
    descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode().strip() or "unknown"
            raise StartError(
                f"Gatehouse is already running (pid {holder}) on the data folder {path}."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str, *, owner: tuple[int, int] | None = None) -> None:
    """Replaces a file in one step, readable by its owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            if owner is not None:
                os.fchown(descriptor, *owner)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
