"""Postgres and Valkey change their places, and a pooler is replaced."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from kernel.background_queues import QUEUES
from tests.client import HTTP
from tests.drill.fault import Fault
from tests.drill.ground import Ground, paired_ground
from tests.pgbouncer import MISSING, PROGRAM, pgbouncer
from tests.services import Server

_MOST_SECONDS = 40.0


class _Paired(Fault):
    """On a pair of each."""

    @contextmanager
    def ground(self, shared: Callable[..., Ground]) -> Iterator[Ground]:
        yield shared(paired_ground)


class Promoted(_Paired):
    name = "postgres standby promoted"
    does = "the primary is killed, its standby promoted; the old primary comes back as a standby, and is promoted again"
    revokes = True

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        assert ground.pair is not None
        ground.pair.fail_over()
        ground.pair.rejoin()
        time.sleep(2)
        ground.pair.fail_over()

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        assert ground.pair is not None
        ground.pair.rejoin()  # the fault has ended when one took writes again
        return []


class ValkeyPromoted(_Paired):
    name = "valkey replica promoted"
    does = "Valkey is killed, and Sentinels promote its replica; the old one comes back as a replica"
    revokes = True

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        assert ground.watched is not None
        ground.watched.fail_over()
        self._promoted_at = time.monotonic()
        shared = _until(lambda: _rate_limits(servers[0]) == "shared")
        worked = _until_worked(ground)
        self._says = f"after the promotion rate limits were shared again within {shared}, all queues worked on within {worked}"
        ground.watched.rejoin()

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        return [self._says]


class Rolling(_Paired):
    name = "rolling restart of postgres and valkey"
    does = "each standby is restarted, then takes its primary's place, which is restarted as its standby"
    revokes = True

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        assert ground.pair is not None
        assert ground.watched is not None
        ground.pair.restart_standby()
        ground.pair.fail_over(signal.SIGINT)
        ground.pair.rejoin()
        ground.watched.fail_over(signal.SIGTERM)
        ground.watched.rejoin()

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        return [f"all queues worked on within {_until_worked(ground)} after the calls had ended"]


class PoolerRestart(Fault):
    name = "pgbouncer restart"
    does = "gateway, worker and beat go through PgBouncer, which is ended, away for 3 s, and started again"
    seconds = 3.0

    def missing(self) -> str:
        return "" if PROGRAM else MISSING

    @contextmanager
    def servers(self, ground: Ground) -> Iterator[list[Server]]:
        with pgbouncer(ground.database_url, ground.stack.data_dir / "pgbouncer") as self._pooler:
            env = {"DATABASE_URL": self._pooler.url, "DATABASE_DIRECT_URL": ground.database_url}
            with ground.working(**env):
                server = ground.gateway(env=env)
                try:
                    yield [server]
                finally:
                    server.stop()

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        self._pooler.stop()
        time.sleep(self.seconds)
        self._pooler.start()

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        return [f"all queues worked on within {_until_worked(ground)} after the calls had ended"]


def _until(condition: Callable[[], bool]) -> str:
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > _MOST_SECONDS:
            return "never"
        time.sleep(0.2)
    return f"{time.monotonic() - begun:.0f} s"


def _until_worked(ground: Ground) -> str:
    """Until each queue has been worked on anew."""
    (row,) = ground.world.execute("SELECT clock_timestamp() AS at")
    query = "SELECT count(*) AS n FROM governance_workerpulse WHERE at > %s"
    return _until(lambda: bool(ground.world.execute(query, row["at"])[0]["n"] >= len(QUEUES)))


def _rate_limits(server: Server) -> str:
    try:
        return str(HTTP.get(f"{server.url}/readyz").json()["rate_limits"])
    except httpx.HTTPError:
        return ""


FAULTS = (Promoted(), ValkeyPromoted(), Rolling(), PoolerRestart())
