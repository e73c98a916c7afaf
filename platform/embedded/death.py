"""Children end with their supervisor, even when that is killed outright (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
# Loaded before any fork: a forked child may not load libraries.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(signal_number: signal.Signals) -> Callable[[], None]:
    """What a forked child calls before exec, after it has changed its user (changing it would undo this).

    The kernel watches the thread that forked, so children must be started by the main thread.
    Elsewhere than on Linux nothing happens, and the next start stops what was left over.
    """
    parent = os.getpid()

    def apply() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked to watch
            os._exit(1)

    return apply
