"""A second PostgreSQL that follows the one of a stack by streaming replication, and can take its place."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from embedded.child import Child
from embedded.folder import make_folder
from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.users import account, give
from embedded.waiting import start_and_wait, stop_all
from tests.services import PASSWORD, Stack, until


class Standby:
    """Follows the primary synchronously: what was acknowledged there is here."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        make_folder(folder)
        self._primary = stack.postgres
        self.server = Postgres(folder, port=free_port(), password=PASSWORD)
        self.server.open_to_user()
        self._copy(stack)
        self._child = Child(self.server.server(), logs=folder)
        start_and_wait(self._child)
        with psycopg.connect(self._primary, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
        until(self._follows, what="replication")

    @property
    def url(self) -> str:
        return self.server.url

    def promote(self) -> None:
        """Makes it the primary."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            connection.execute("SELECT pg_reload_conf()")
            assert connection.execute("SELECT pg_promote(true, 30)").fetchone() == (True,)

    def stop(self) -> None:
        stop_all([self._child])

    def _copy(self, stack: Stack) -> None:
        programs = self.server._programs / "bin"
        user = self.server._user
        subprocess.run(
            [str(programs / "pg_basebackup"), "-d", self._primary.rsplit("/", 1)[0] + "/postgres", "-D", str(self.server.cluster),
             "-R", "-X", "stream", "-c", "fast"],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        self.server.cluster.chmod(0o700)
        if user:
            owner = account(user)
            for path in (self.server.cluster, *self.server.cluster.rglob("*")):
                give(path, owner)

    def _follows(self) -> bool:
        with psycopg.connect(self._primary, autocommit=True) as connection:
            rows = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()
        return rows == [("sync",)]


@contextmanager
def standby(stack: Stack, folder: Path) -> Iterator[Standby]:
    """A standby of a stack's database."""
    found = Standby(stack, folder)
    try:
        yield found
    finally:
        found.stop()


def both(first: str, second: str) -> str:
    """One URL of two hosts: whichever takes writes is used."""
    head, _, name = first.rpartition("/")
    credentials, _, host = head.rpartition("@")
    other = second.rpartition("/")[0].rpartition("@")[2]
    return f"{credentials}@{host},{other}/{name}"
