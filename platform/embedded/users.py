"""PostgreSQL refuses to run as root; as root it runs as a system user who may do nothing else."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from embedded.errors import StartError

SYSTEM_USER = "pgserver"
FALLBACK_USER = "nobody"
READ = stat.S_IRGRP | stat.S_IROTH
TRAVERSE = stat.S_IXGRP | stat.S_IXOTH


def unprivileged_user() -> str | None:
    """Who PostgreSQL runs as: None for ourselves, else a system user, made when missing. Raises StartError."""
    if os.geteuid() != 0:
        return None
    for name in (SYSTEM_USER, FALLBACK_USER):
        if _exists(name) or (name == SYSTEM_USER and _create(name)):
            return name
    raise StartError(
        "PostgreSQL does not run as root and no other user could be made: run as another user, or set DATABASE_URL."
    )


def account(user: str) -> tuple[int, int]:
    """The user and group ids of a system user."""
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def open_path_to(path: Path) -> list[Path]:
    """Lets every user pass through (not list) the folders above `path`; the folders that had to be changed."""
    changed = []
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | TRAVERSE)
            changed.append(folder)
    return changed


def open_programs(folder: Path) -> None:
    """Lets every user read and run what a package has installed; a strict umask may have kept others out."""
    for directory, _, names in os.walk(folder):
        _add(Path(directory), READ | TRAVERSE)
        for name in names:
            file = Path(directory, name)
            runs = file.stat().st_mode & stat.S_IXUSR
            _add(file, READ | TRAVERSE if runs else READ)


def give(folder: Path, owner: tuple[int, int]) -> None:
    """Makes a system user the owner of a folder and all in it, where it is not already."""
    if folder.stat().st_uid == owner[0]:
        return
    for directory, _, names in os.walk(folder):
        os.chown(directory, *owner)
        for name in names:
            os.chown(Path(directory, name), *owner, follow_symlinks=False)


def _add(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _create(name: str) -> bool:
    program = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        return False
    arguments = [program, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    return subprocess.run(arguments, check=False, capture_output=True).returncode == 0  # noqa: S603
