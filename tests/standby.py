"""Two PostgreSQLs, the one of a stack and one that follows it by streaming replication: either can take the other's place."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.errors import ObjectNotInPrerequisiteState

from embedded.child import Child
from embedded.folder import make_folder
from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.users import account, give
from embedded.waiting import start_and_wait, stop_all
from tests.services import PASSWORD, Stack, until

_PROMOTION_SECONDS = 120.0


class Pair:
    """The standby follows synchronously: what was acknowledged by the primary is there."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        make_folder(folder)
        own = Postgres(folder, port=free_port(), password=PASSWORD)
        own.open_to_user()
        self._primary = stack.services.postgres, stack.services.child("postgres")
        self._other = own, Child(own.server(), logs=folder)
        self.url = _both(self._primary[0].url, own.url)
        """Of both: whichever takes writes is used."""
        self._own = self._other[1]
        self.rejoin()

    @property
    def primary(self) -> str:
        """The URL of the one that takes writes."""
        return self._primary[0].url

    @property
    def standby(self) -> str:
        """The URL of the other one."""
        return self._other[0].url

    @property
    def standby_pid(self) -> int:
        assert self._other[1].pid is not None
        return self._other[1].pid

    def fail_over(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends the primary, and promotes the other."""
        child = self._primary[1]
        if how is signal.SIGKILL:
            child.kill()
        else:
            stop_all([child])
        self._primary, self._other = self._other, self._primary
        self._synchronous("")
        until(self._is_promoted, seconds=_PROMOTION_SECONDS, what="the promotion")

    def rejoin(self) -> None:
        """The one that does not run is made anew from the primary, and follows it: what it had beyond that is of no account."""
        server, child = self._other
        shutil.rmtree(server.cluster, ignore_errors=True)
        programs, user = server._programs / "bin", server._user
        subprocess.run(
            [str(programs / "pg_basebackup"), "-d", self.primary.rsplit("/", 1)[0] + "/postgres", "-D", str(server.cluster),
             "-R", "-X", "stream", "-c", "fast"],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        server.cluster.chmod(0o700)
        if user:
            owner = account(user)
            for path in (server.cluster, *server.cluster.rglob("*")):
                give(path, owner)
        start_and_wait(child)
        self._synchronous("*")
        until(self._follows, what="replication")

    def restart_standby(self) -> None:
        """Commits don't wait for it meanwhile."""
        self._synchronous("")
        stop_all([self._other[1]])
        start_and_wait(self._other[1])
        self._synchronous("*")
        until(self._follows, what="replication")

    def _synchronous(self, names: str) -> None:
        with psycopg.connect(self.primary, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
            connection.execute("SELECT pg_reload_conf()")

    def _is_promoted(self) -> bool:
        """Asks for it as long as it has not happened. A server that has just lost its primary may sleep for
        wal_retrieve_retry_interval, 5 s, before it hears of that."""
        with (
            psycopg.connect(self.primary, autocommit=True) as connection,
            suppress(ObjectNotInPrerequisiteState),
        ):
            return connection.execute("SELECT pg_promote(true, 10)").fetchone() == (True,)
        return True  # it is none that follows any more

    def stop(self) -> None:
        stop_all([self._own])

    def _follows(self) -> bool:
        with psycopg.connect(self.primary, autocommit=True) as connection:
            rows = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()
        return rows == [("sync",)]


@contextmanager
def pair(stack: Stack, folder: Path) -> Iterator[Pair]:
    """A standby of a stack's database beside it."""
    found = Pair(stack, folder)
    try:
        yield found
    finally:
        found.stop()


def _both(first: str, second: str) -> str:
    """One URL of two hosts."""
    head, _, name = first.rpartition("/")
    credentials, _, host = head.rpartition("@")
    other = second.rpartition("/")[0].rpartition("@")[2]
    return f"{credentials}@{host},{other}/{name}"
