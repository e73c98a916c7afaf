"""What goes wrong in a soak: the kinds that phases meet, others that are short, and the end of a gateway."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from tests.drill.faults import bedrock, postgres, valkey
from tests.drill.ground import Ground
from tests.drill.phases.kinds import KINDS, Kind
from tests.drill.signals import stopped
from tests.services import Server


class _Postgres(Kind):
    hits = "postgres"


class Lock(postgres.Lock, _Postgres):
    pass


class NoPrivilege(postgres.NoPrivilege, _Postgres):
    pass


class SessionsEnded(postgres.SessionsEnded, _Postgres):
    pass


class CannotSave(valkey.CannotSave, Kind):
    hits = "valkey"


class BedrockHangs(bedrock.Hangs, Kind):
    hits = "bedrock"


class BedrockCuts(bedrock.Cuts, Kind):
    hits = "bedrock"


class GatewayRestarts(Kind):
    """As in a deployment."""

    name = "gateway restarts"
    does = "one of two gateways is ended by SIGTERM, and started again"
    hits = "gateway"
    restarts = True

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        server = random.choice(servers)
        server.stop()
        server.start()


class GatewayKilled(Kind):
    name = "gateway kill -9"
    does = "one of two gateways is killed, and started again"
    hits = "gateway"
    kills = True
    how: ClassVar[signal.Signals] = signal.SIGKILL

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        server = random.choice(servers)
        server.kill()
        time.sleep(1.0)
        server.start()


class GatewayStops(Kind):
    name = "gateway stands still"
    does = "one of two gateways gets no CPU"
    hits = "gateway"

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        with stopped(random.choice(servers).pid):
            yield


SOAKED: tuple[Kind, ...] = (
    *KINDS, Lock(), NoPrivilege(), SessionsEnded(), CannotSave(), BedrockHangs(), BedrockCuts(), GatewayRestarts(), GatewayKilled(),
    GatewayStops(),
)  # fmt: skip
