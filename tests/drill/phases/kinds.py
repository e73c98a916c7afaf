"""Kinds of fault that phases are crossed with: those of the drill, shorter, and the service that each hits."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from tests.drill.clock import DAYS, HostClock, missing
from tests.drill.fault import Fault
from tests.drill.faults import disk, postgres, valkey
from tests.drill.ground import REGIONS, Ground
from tests.drill.kms import Kms
from tests.services import Server


class Kind(Fault):
    """A fault, and what it hits."""

    hits: ClassVar[str]
    """Services, with blanks between them."""


class PostgresRestarts(postgres.Restart, Kind):
    hits = "postgres"


class PostgresKilled(postgres.Killed, Kind):
    hits = "postgres"


class PostgresHangs(postgres.Hangs, Kind):
    hits = "postgres"


class PostgresReadOnly(postgres.ReadOnly, Kind):
    hits = "postgres"


class PostgresFull(postgres.NoConnections, Kind):
    hits = "postgres"


class DiskFull(disk.DiskFull, Kind):
    hits = "postgres valkey"


class ValkeyHangs(valkey.Hangs, Kind):
    hits = "valkey"


class ValkeyKilled(valkey.Killed, Kind):
    hits = "valkey"


class ValkeyRefuses(valkey.OutOfMemory, Kind):
    hits = "valkey"


class BedrockSlow(Kind):
    name = "bedrock slow"
    does = "the model waits four seconds before its first word"
    hits = "bedrock"
    settings: ClassVar[dict[str, object]] = {"latency_ms": 4000}

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        for region in REGIONS:
            ground.world.fault(region, **self.settings)
        yield
        ground.world.heal()
        ground.pace()


class BedrockFails(BedrockSlow):
    name = "bedrock fails"
    does = "the model answers every request with 503"
    settings: ClassVar[dict[str, object]] = {"outage": True}


class KmsHangs(Kind):
    name = "kms hangs"
    does = "AWS KMS takes connections and never answers"
    hits = "kms"
    kms: Kms

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        self.kms.answers.clear()
        yield
        self.kms.answers.set()


class ClockOff(Kind):
    name = "clock off"
    does = "the clock of all processes goes two days ahead, and back"
    hits = "clock"
    clock: HostClock

    def missing(self) -> str:
        return missing()

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        self.clock.set(2 * DAYS)
        yield
        self.clock.set(0)


class WorkerKilled(Kind):
    name = "worker kill -9"
    does = "Celery's worker is killed, and started again when the fault ends"
    hits = "worker"
    kills = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        pid = ground.background[0].pid
        if pid is not None and ground.background[0].is_alive():
            os.kill(pid, signal.SIGKILL)
        yield


KINDS: tuple[Kind, ...] = (
    PostgresRestarts(), PostgresKilled(), PostgresHangs(), PostgresReadOnly(), PostgresFull(), DiskFull(), ValkeyHangs(), ValkeyKilled(),
    ValkeyRefuses(), BedrockSlow(), BedrockFails(), KmsHangs(), ClockOff(), WorkerKilled(),
)  # fmt: skip
