"""The model's side: it hangs, it is gone, it cuts its answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.drill.fault import Fault
from tests.drill.ground import REGIONS, Ground
from tests.drill.signals import stopped
from tests.services import Server


class Hangs(Fault):
    name = "bedrock hangs"
    does = "Bedrock takes connections and says nothing for 10 s; a key is revoked meanwhile"
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        with stopped(ground.stack.simulator_server.pid):
            yield


class Gone(Fault):
    name = "bedrock resets"
    does = "Bedrock's connections are reset, and none is taken for 8 s"
    seconds = 8.0
    revokes = True

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        ground.stack.simulator_server.kill()
        yield
        ground.stack.simulator_server.start()
        ground.pace()


class Cuts(Fault):
    name = "bedrock cuts streams"
    does = "each stream breaks off after ten events for 8 s"
    revokes = True
    seconds = 8.0

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        for region in REGIONS:
            ground.world.fault(region, cut_after_events=10)
        yield
        for region in REGIONS:
            ground.world.fault(region, cut_after_events=None)


FAULTS = (Hangs(), Gone(), Cuts())
