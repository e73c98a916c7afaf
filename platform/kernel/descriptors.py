"""File descriptors of this process: each connection is one, and a call has two, its caller's and the model's."""

import errno
import os
import resource
from pathlib import Path

RESERVED = 64
"""Kept for what is under way, and for answers that nothing can be begun."""
PER_CALL = 2
EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL))
"""Why a connection can't be made that is this host's own fault, and nobody's on the other side (connect(2), socket(2))."""


def raise_limit() -> int:
    """Lets this process open as many as it may; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS says "unlimited", and takes less
            return soft
    return hard


def left() -> int:
    """How many files and sockets this process may still open."""
    return _limit() - _open()


def share() -> float:
    """How much of them is in use, from 0 to 1."""
    return _open() / most if (most := _limit()) > 0 else 0.0


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 30


def _open() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        if Path(folder).is_dir():
            return len(os.listdir(folder))
    return 0
