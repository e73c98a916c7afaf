"""A PostgreSQL cluster with a migrated database, made once for a run of the tests and copied by who needs one.

Migrating takes longer than all else that a stack's start does. The process that began the tests says where the copy is
(TEMPLATE); the first who needs it makes it, and the others wait for that.
"""

import fcntl
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TEMPLATE = "GATEHOUSE_TESTS_TEMPLATE"
"""The folder that processes of one run share; without it, whoever needs a database migrates one."""


def copy_cluster(cluster: Path, *, make: Callable[[Path], None]) -> bool:
    """Copies the cluster to a path where nothing is yet; `make` is given a folder to make it in. False where none is shared."""
    if not (shared := os.environ.get(TEMPLATE)):
        return False
    folder = Path(shared)
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
    with suppress(FileNotFoundError):
        cluster.rmdir()
    # With its owner, who is another user where tests run as root.
    subprocess.run(["cp", "-a", str(folder / cluster.name), str(cluster)], check=True)
    return True
