"""Waiting for children: each wait looks at the clock, the child, and whether to stop."""

import time
from collections.abc import Callable, Iterable

from embedded.child import Child
from embedded.errors import StartError

INTERVAL_SECONDS = 0.05
Pulse = Callable[[], None]
"""Called between two looks; raises to give up waiting, and says that we are still waiting."""


def no_pulse() -> None:
    """For a wait that nobody watches."""


def run_to_end(child: Child, *, pulse: Pulse = no_pulse) -> None:
    """Runs a command that ends by itself. Raises StartError, with the end of its log, when it fails."""
    start(child)
    try:
        while child.is_alive():
            pulse()
            time.sleep(INTERVAL_SECONDS)
    except BaseException:
        child.kill()
        raise
    if child.exit_code():
        raise failure(child, "failed")


def wait_until_ready(child: Child, *, pulse: Pulse = no_pulse) -> None:
    """Raises StartError when it dies first or takes too long."""
    while not child.is_ready():
        if not child.is_alive():
            raise failure(child, "did not start")
        if time.monotonic() - child.started_at > child.command.start_seconds:
            raise failure(child, f"was not ready after {child.command.start_seconds:.0f} s")
        pulse()
        time.sleep(INTERVAL_SECONDS)


def start_and_wait(child: Child, *, pulse: Pulse = no_pulse) -> None:
    """Starts it and returns when it is ready."""
    start(child)
    wait_until_ready(child, pulse=pulse)


def stop_all(children: Iterable[Child], *, pulse: Pulse = no_pulse) -> None:
    """Asks all to stop, then kills those that have not after their grace. `pulse` may raise to cut the grace."""
    running = [child for child in children if child.is_alive()]
    for child in running:
        child.ask_to_stop()
    began = time.monotonic()
    try:
        for child in running:
            while child.is_alive() and time.monotonic() - began < child.command.grace_seconds:
                pulse()
                time.sleep(INTERVAL_SECONDS)
    finally:
        for child in running:
            child.kill()


def failure(child: Child, what: str) -> StartError:
    """One line that says which part failed and where to look, then the end of its log."""
    lines = [f"{child.command.title} {what}; its log is {child.log.path}", *child.log.tail()]
    return StartError("\n    ".join(lines))


def start(child: Child) -> None:
    """Raises StartError when the program cannot be run at all."""
    try:
        child.start()
    except OSError as error:
        raise StartError(f"{child.command.title} cannot be run: {error}") from None
