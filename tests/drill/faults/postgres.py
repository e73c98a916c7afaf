"""Postgres: away, read-only, full of sessions, locked, without a privilege."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg

from tests.drill.fault import Fault
from tests.drill.ground import ROLE, Ground
from tests.drill.signals import stopped
from tests.services import Server


@contextmanager
def configured(ground: Ground, name: str, value: str) -> Iterator[None]:
    """A setting of the server, for all sessions."""
    with ground.stack.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute(f"ALTER SYSTEM RESET {name}")
            connection.execute("SELECT pg_reload_conf()")


class ReadOnly(Fault):
    name = "postgres read-only"
    does = "Postgres takes no writes for 15 s, as where the address leads to a standby for a while"
    seconds = 15.0
    is_outage = True
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        with configured(ground, "default_transaction_read_only", "on"):
            yield


class Hangs(Fault):
    name = "postgres hangs"
    does = "Postgres stands still for 10 s; its connections stay open"
    is_outage = True
    blinds = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        pid = ground.stack.services.child("postgres").pid
        assert pid is not None
        with stopped(pid):
            yield


class HangsLong(Hangs):
    name = "postgres hangs for long"
    does = "the same for 36 s, longer than a silent process is taken for alive"
    seconds = 36.0


class Restart(Fault):
    name = "postgres restart"
    does = "a fast shutdown, and a start"
    is_outage = True
    blinds = True
    how = signal.SIGINT

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        ground.stack.restart("postgres", self.how)


class Killed(Restart):
    name = "postgres kill -9"
    does = "killed, and started again"
    how = signal.SIGKILL


class NoConnections(Fault):
    name = "postgres connections used up"
    does = "idle sessions take every connection for 15 s; a key is revoked meanwhile"
    seconds = 15.0
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        with ExitStack() as sessions:
            with suppress(psycopg.OperationalError):
                while True:
                    sessions.enter_context(psycopg.connect(ground.database_url))
            yield


class Lock(Fault):
    name = "postgres lock, statement time-out"
    does = "every budget's window is locked for 8 s, statements end after 2 s"
    seconds = 8.0
    is_outage = True
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        with configured(ground, "statement_timeout", "'2s'"), ground.stack.connect() as connection:
            connection.execute("SET statement_timeout = 0")
            with connection.transaction():
                connection.execute("SELECT FROM governance_budgetwindow FOR UPDATE")
                yield


class NoPrivilege(Fault):
    name = "postgres privilege lost"
    does = "the role may not write records for 8 s"
    seconds = 8.0
    is_outage = True
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        with ground.stack.connect() as connection:
            connection.execute(f"REVOKE INSERT ON governance_auditrecord, governance_ledgerentry FROM {ROLE}")
            try:
                yield
            finally:
                connection.execute(
                    f"GRANT INSERT ON governance_auditrecord, governance_ledgerentry TO {ROLE}"
                )


class SessionsEnded(Fault):
    name = "postgres ends all sessions"
    does = "an administrator ends every session, five times in 5 s"
    seconds = 5.0
    revokes = True

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        with ground.stack.connect() as connection:
            for _ in range(5):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [ROLE]
                )
                time.sleep(self.seconds / 5)


FAULTS = (
    ReadOnly(), Hangs(), HangsLong(), Restart(), Killed(), NoConnections(), Lock(), NoPrivilege(), SessionsEnded(),
)  # fmt: skip
