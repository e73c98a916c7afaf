"""Processes that are stopped, as by a debugger or a host without CPU, and go on later."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """They, and all that they have started."""
    family = [each for pid in pids for each in _family(psutil.Process(pid))]
    send(family, signal.SIGSTOP)
    try:
        yield
    finally:
        send(family, signal.SIGCONT)


def send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def workers_of(pid: int) -> list[psutil.Process]:
    """The processes that uvicorn's supervisor has started for calls."""
    under = psutil.Process(pid).children()
    return [child for child in under if any("spawn_main" in part for part in child.cmdline())]


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]
