"""One child process: its command, its log, how it is stopped, and when it counts as ready."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.death import die_with_parent
from embedded.logs import Log


def _nothing() -> None:
    pass


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run. `title` is for people, `name` for files."""

    name: str
    title: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    user: str | None = None
    """Who runs it, when the supervisor is root."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 15.0
    """How long it may take to stop before it is killed."""
    patience_seconds: float | None = 120.0
    """How long it may do nothing at all before it is given up, when it is waited for; None for as long as it lives."""
    before_start: Callable[[], None] = _nothing
    is_ready: Callable[[], bool] = _always
    ready_text: str = ""
    """Where set, it is ready when its log says this."""


class Child:
    """A command that can be started again and again; each run leads a session of its own.

    A session of its own keeps a Ctrl-C in the terminal from reaching it: the supervisor stops it, in order.
    """

    def __init__(self, command: Command, *, logs: Path) -> None:
        self.command = command
        self.log = Log(logs / f"{command.name}.log")
        self.started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, may_lack_log: bool = False) -> None:
        """Starts it; to be called by the main thread (see `die_with_parent`). OSError when it cannot be run.

        `may_lack_log`: where its log can't be opened it runs without.
        """
        command = self.command
        command.before_start()
        account = pwd.getpwnam(command.user) if command.user else None
        descriptor = self._open_log(may_lack_log)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                command.arguments,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
                env=dict(command.environment),
                cwd=command.folder,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=die_with_parent(command.stop_signal),
            )
        finally:
            os.close(descriptor)
        self.started_at = time.monotonic()

    def _open_log(self, may_lack_log: bool) -> int:
        try:
            return self.log.open()
        except OSError:
            if not may_lack_log:
                raise
            return os.open(os.devnull, os.O_WRONLY)

    @property
    def pid(self) -> int | None:
        """The process of the present or last run."""
        return self._process.pid if self._process else None

    @property
    def created_at(self) -> float | None:
        """When the system says the running process was made; tells it from a later one with the same pid."""
        with suppress(psutil.Error):
            return psutil.Process(self.pid).create_time() if self.is_alive() else None
        return None

    def exit_code(self) -> int | None:
        """How the last run ended; None while it runs or before it ran. Negative for a signal."""
        return self._process.poll() if self._process else None

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        if self.command.ready_text:
            return self.command.ready_text in self.log.recent()
        return self.command.is_ready()

    def ask_to_stop(self) -> None:
        """Sends the stop signal to a running child."""
        if self._process and self.is_alive():
            self._process.send_signal(self.command.stop_signal)

    def kill(self) -> None:
        """Ends it and whatever is left of its process group, at once."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
