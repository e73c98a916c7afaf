"""File descriptors of this process: each connection of a client takes one, each to a model another."""

import errno
import os
import resource
import sys
from contextlib import suppress

RESERVED = 128
"""For what is no call: databases, files, workers, listeners; and for what is under way when no more is let in."""
PER_CALL = 2
EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL))
"""Why a connection can't be made that is this host's own fault, and nobody's on the other side (connect(2), socket(2))."""
_MAX = 1_048_576
"""Linux' own bound for a process (`fs.nr_open`), where none is set."""
_MAX_ON_MACOS = 10_240
"""`OPEN_MAX`: setrlimit(2) of macOS takes no more where the hard limit is unlimited."""


def raise_limit() -> int:
    """Raises the soft limit to the hard one, for whatever is opened from now on; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MAX_ON_MACOS if sys.platform == "darwin" else _MAX
    wanted = most if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return limit()


def limit() -> int:
    """How many may be open at a time."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX if soft == resource.RLIM_INFINITY else soft


def in_use() -> int:
    """How many are open; 0 where the system does not say. Walks through all of them: not for the way of a call."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return len(os.listdir(folder))
    return 0


def calls_that_fit(most_calls: int) -> int:
    """How many calls at a time the limit has room for: `most_calls`, or fewer; 1 at least."""
    return max(1, min(most_calls, (limit() - RESERVED) // PER_CALL))


def connections_that_fit(most_calls: int) -> int:
    """How many connections of clients the limit has room for besides the calls that fit: each of those takes one for its model."""
    return max(1, limit() - RESERVED - calls_that_fit(most_calls))
