"""Children that outlived their supervisor: written down while they run, stopped by the next start."""

import json
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from embedded.child import Child
from embedded.folder import write_private

FILE_NAME = "children.json"
MARK = "GATEHOUSE_SUPERVISED"
"""In the environment of every child: the data folder it belongs to."""
SAME_PROCESS_SECONDS = 2.0


def record_children(data_dir: Path, children: Iterable[Child]) -> None:
    """Writes down which processes run, so that the next start can find them."""
    entries = [
        {"name": c.command.name, "pid": c.pid, "created": c.created_at, "signal": int(c.command.stop_signal)}
        for c in children
        if c.is_alive()
    ]
    write_private(data_dir / FILE_NAME, json.dumps(entries))


def forget_children(data_dir: Path) -> None:
    (data_dir / FILE_NAME).unlink(missing_ok=True)


def stop_orphans(data_dir: Path, *, grace_seconds: float = 10.0) -> list[str]:
    """Stops what an earlier supervisor of this folder left running; the names of what it found."""
    leaders = _recorded(data_dir)
    members = _marked(data_dir, but=[process for _, process, _ in leaders])
    for _, process, stop_signal in leaders:
        with suppress(psutil.Error):
            process.send_signal(stop_signal)
    for process in members:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs([p for _, p, _ in leaders] + members, timeout=grace_seconds)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)
    forget_children(data_dir)
    return [name for name, _, _ in leaders]


def _recorded(data_dir: Path) -> list[tuple[str, psutil.Process, int]]:
    try:
        entries = json.loads((data_dir / FILE_NAME).read_text())
    except (OSError, ValueError):
        return []
    found = []
    for entry in entries:
        with suppress(psutil.Error, KeyError, TypeError):
            process = psutil.Process(entry["pid"])
            # Another process may have the number by now; it would have been made later.
            if abs(process.create_time() - entry["created"]) < SAME_PROCESS_SECONDS:
                found.append((entry["name"], process, entry.get("signal", signal.SIGTERM)))
    return found


def _marked(data_dir: Path, *, but: list[psutil.Process]) -> list[psutil.Process]:
    """Processes that carry the folder's mark: children of children, whose own parent may be gone."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid() or process in but:
            continue
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(data_dir):
                found.append(process)
    return found
