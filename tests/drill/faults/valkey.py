"""Valkey: away, full, or without a disk to write to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from embedded.waiting import start_and_wait
from tests.drill.fault import Fault
from tests.drill.ground import Ground
from tests.drill.signals import stopped
from tests.services import Server


def client(ground: Ground) -> Any:
    return redis.Redis.from_url(ground.stack.valkey)


class Hangs(Fault):
    name = "valkey hangs"
    does = "Valkey stands still for 10 s"
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        pid = ground.stack.services.child("valkey").pid
        assert pid is not None
        with stopped(pid):
            yield


class Killed(Fault):
    name = "valkey kill -9"
    does = "killed, away for 8 s, and started again"
    seconds = 8.0
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        child = ground.stack.services.child("valkey")
        child.kill()
        yield
        start_and_wait(child)


class OutOfMemory(Fault):
    name = "valkey out of memory"
    does = "maxmemory is reached for 8 s: writes are refused, reads go on"
    revokes = True
    seconds = 8.0

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        with client(ground) as valkey:
            valkey.config_set("maxmemory", "1")
            try:
                yield
            finally:
                valkey.config_set("maxmemory", "0")


class CannotSave(Fault):
    name = "valkey can't save"
    does = "a snapshot can't be written to disk: MISCONF on each write for 8 s"
    revokes = True
    seconds = 8.0

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        in_the_way = ground.stack.data_dir / "valkey" / "dump.rdb"
        with client(ground) as valkey:
            in_the_way.unlink(missing_ok=True)
            in_the_way.mkdir()
            valkey.config_set("save", "3600 1")
            valkey.bgsave()
            try:
                yield
            finally:
                in_the_way.rmdir()
                valkey.config_set("save", "")
                valkey.bgsave()


FAULTS = (Hangs(), Killed(), OutOfMemory(), CannotSave())
