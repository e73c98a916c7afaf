"""Waiting for children: each wait looks at the clock, the child, and whether to stop."""

import time
from collections.abc import Callable, Iterable

from embedded.activity import Activity
from embedded.child import Child
from embedded.errors import StartError

INTERVAL_SECONDS = 0.05
WORTH_SAYING_SECONDS = 10.0
"""How long somebody does nothing before it is said; shorter waits are for others, too."""
Pulse = Callable[[str], None]
"""Called between two looks with what is waited for; raises to give up waiting, and says that we are still waiting."""


def no_pulse(what: str) -> None:
    """For a wait that nobody watches."""


def run_to_end(child: Child, *, pulse: Pulse = no_pulse, helpers: Iterable[Child] = ()) -> None:
    """Runs a command that ends by itself, however long it works; `helpers` do a part of its work.

    Raises StartError, with the end of its log, when it fails, or no longer does anything.
    """
    start_child(child)
    wait_until_ended(child, pulse=pulse, helpers=helpers)


def wait_until_ended(child: Child, *, pulse: Pulse = no_pulse, helpers: Iterable[Child] = ()) -> None:
    """The same for one that was started before."""
    activity = Activity(child, helpers)
    try:
        while child.is_alive():
            _check(child, activity, pulse, what="has not ended")
            time.sleep(INTERVAL_SECONDS)
    except BaseException:
        child.kill()
        raise
    if child.exit_code():
        raise failure(child, "failed")


def wait_until_ready(child: Child, *, pulse: Pulse = no_pulse) -> None:
    """However long it works. Raises StartError when it dies first, or does nothing any more and is not ready."""
    activity = Activity(child)
    while not child.is_ready():
        if not child.is_alive():
            raise failure(child, "did not start")
        _check(child, activity, pulse, what="is not ready")
        time.sleep(INTERVAL_SECONDS)


def _check(child: Child, activity: Activity, pulse: Pulse, *, what: str) -> None:
    """Raises StartError where the child is alive and has done nothing for longer than it may."""
    idle_seconds, patience_seconds = activity.idle_seconds(), child.command.patience_seconds
    if patience_seconds is not None and idle_seconds > patience_seconds:
        raise failure(child, f"{what}, and has done nothing for {idle_seconds:.0f} s")
    pulse(f"{child.command.title}{_of_idleness(idle_seconds)}")


def _of_idleness(seconds: float) -> str:
    return f", which has done nothing for {seconds:.0f} s" if seconds > WORTH_SAYING_SECONDS else ""


def start_and_wait(child: Child, *, pulse: Pulse = no_pulse) -> None:
    """Starts it and returns when it is ready."""
    start_child(child)
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
                pulse(f"the end of {child.command.title}")
                time.sleep(INTERVAL_SECONDS)
    finally:
        for child in running:
            child.kill()


def failure(child: Child, what: str) -> StartError:
    """One line that says which part failed and where to look, then the end of its log."""
    lines = [f"{child.command.title} {what}; its log is {child.log.path}", *child.log.tail()]
    return StartError("\n    ".join(lines))


def start_child(child: Child) -> None:
    """Raises StartError when the program cannot be run at all."""
    try:
        child.start()
    except OSError as error:
        raise StartError(f"{child.command.title} cannot be run: {error}") from None
