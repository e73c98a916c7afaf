"""What the supervisor does where its folder can't be written or read: it goes on, says so once, and starts again what ended."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.bookkeeping import AGAIN_SECONDS, Bookkeeping
from embedded.errors import StartError
from embedded.folder import write_private
from embedded.keeper import Keeper
from embedded.logs import Log
from embedded.progress import Progress
from embedded.waiting import stop_all
from tests.embedded.test_supervisor import SLEEP, child
from tests.services import until

FAULTS = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EROFS, errno.EMFILE, errno.ENOENT]


class Disk:
    """What a disk answers to what is written: an error, until it is mended."""

    def __init__(self, number: int) -> None:
        self.number: int | None = number
        self.written = 0

    def write(self) -> None:
        if self.number is not None:
            raise OSError(self.number, os.strerror(self.number))
        self.written += 1


def looked(bookkeeping: Bookkeeping, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A look after the pause between two."""
    later = time.monotonic() + 10 * AGAIN_SECONDS
    bookkeeping._looked_at = 0.0
    with monkeypatch.context() as patch:
        patch.setattr("embedded.bookkeeping.time.monotonic", lambda: later)
        return bookkeeping.look()


@pytest.mark.parametrize("number", FAULTS)
def test_what_cannot_be_written_is_said_once_and_written_later(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    bookkeeping, disk = Bookkeeping(tmp_path, Progress(lines.append)), Disk(number)
    assert not bookkeeping.do("children", disk.write)
    assert not bookkeeping.do("services", disk.write)
    assert not looked(bookkeeping, monkeypatch)
    assert len(lines) == 1
    assert ("is full: make space" in lines[0]) == (number in (errno.ENOSPC, errno.EDQUOT))
    disk.number = None
    assert looked(bookkeeping, monkeypatch)
    assert disk.written == 2
    assert "again" in lines[-1]
    assert not looked(bookkeeping, monkeypatch)


def test_a_disk_that_fills_is_said_before_anything_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    bookkeeping = Bookkeeping(tmp_path, Progress(lines.append))
    free = {"bytes": 1}
    monkeypatch.setattr("embedded.bookkeeping._free_bytes", lambda folder: free["bytes"])
    assert not looked(bookkeeping, monkeypatch)
    assert "is full" in lines[0]
    free["bytes"] = 20 * 1024 * 1024
    assert not looked(bookkeeping, monkeypatch)
    free["bytes"] = 1024**3
    assert looked(bookkeeping, monkeypatch)


def test_a_log_that_cannot_be_rotated_leaves_no_half_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.logs.MAX_BYTES", 1)
    log = Log(tmp_path / "child.log")
    os.close(log.open())
    log.path.write_text("a line\n")

    def fail(*arguments: object) -> None:
        Path(tmp_path / "child.log.1").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("embedded.logs.shutil.copyfile", fail)
    with pytest.raises(OSError, match="No space"):
        log.rotate()
    assert [each.name for each in tmp_path.iterdir()] == ["child.log"]
    assert log.tail() == ["a line"]


def test_a_log_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    (tmp_path / "child.log").mkdir()
    log = Log(tmp_path / "child.log")
    assert log.recent() == ""
    Log(tmp_path / "child.log" / "none" / "none").rotate()


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "children.json"
    write_private(path, "old")

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("embedded.folder.os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("children.json", "old")]


def _refuse(error: Exception) -> Callable[[], None]:
    def before_start() -> None:
        raise error

    return before_start


@pytest.mark.parametrize(
    "error",
    [*(OSError(number, os.strerror(number)) for number in FAULTS), StartError("no"), ValueError("no number")],
    ids=repr,
)
def test_a_child_that_cannot_be_started_is_tried_for_ever(tmp_path: Path, error: Exception) -> None:
    lines: list[str] = []
    one = child(tmp_path, "pass", before_start=lambda: None)
    one.start()
    until(lambda: not one.is_alive())
    object.__setattr__(one.command, "before_start", _refuse(error))
    keeper = Keeper(one, Progress(lines.append))
    now = time.monotonic()
    for later in range(0, 600, 40):
        keeper.look(now + later)
    assert sum("cannot be run" in line for line in lines) > 10
    object.__setattr__(one.command, "before_start", lambda: None)
    keeper.hurry(now + 1000)
    assert keeper.look(now + 1000)


def test_a_child_runs_without_a_log_that_cannot_be_opened(tmp_path: Path) -> None:
    one = child(tmp_path, SLEEP)
    (tmp_path / "logs").write_text("in the way")
    with pytest.raises(OSError, match="logs"):
        one.start()
    keeper = Keeper(one, Progress([].append))
    now = time.monotonic()
    keeper.look(now)
    assert keeper.look(now + 2)
    assert one.is_alive()
    stop_all([one])
