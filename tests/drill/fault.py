"""What a fault is. To add one: a class in a file of tests/drill/faults, and an object of it in that file's `FAULTS`."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from tests.drill.ground import Ground
from tests.drill.load import Caller
from tests.services import Server


class Fault:
    """One thing that goes wrong, for so long, and is mended."""

    name: ClassVar[str]
    does: ClassVar[str]
    """What happens, in words for the table's reader."""
    seconds: ClassVar[float] = 10.0
    before: ClassVar[float] = 2.5
    """Seconds of calls before it."""
    after: ClassVar[float] = 7.0
    """Seconds of calls after its end, at least."""
    is_outage: ClassVar[bool] = False
    """Whether no call can succeed meanwhile, so that readiness must say so."""
    stays_unready: ClassVar[bool] = False
    """Whether the gateway that is called is never ready, though it makes calls."""
    restarts: ClassVar[bool] = False
    """Whether gateways are meant to end, and nobody answers there for a while."""
    kills: ClassVar[bool] = False
    """Whether a gateway process dies: what it held is charged by what is known, and its calls are `expired`."""
    revokes: ClassVar[bool] = False
    """Whether a key is revoked meanwhile."""
    blinds: ClassVar[bool] = False
    """Whether it can't be read meanwhile which keys are revoked: it is seen since when all are refused."""
    streams: ClassVar[int] = 6
    workers: ClassVar[int] = 1
    env: ClassVar[Mapping[str, str]] = {}
    """Of a gateway of its own; the usual one lives through all faults that need no other."""

    def missing(self) -> str:
        """What is not here that it takes; empty where all is."""
        return ""

    @contextmanager
    def ground(self, shared: Callable[..., Ground]) -> Iterator[Ground]:
        """Where it happens."""
        yield shared()

    @contextmanager
    def servers(self, ground: Ground) -> Iterator[list[Server]]:
        """The gateways that are called."""
        if not self.env and self.workers == 1:
            yield [ground.usual]
            return
        server = ground.gateway(workers=self.workers, env=self.environment(ground))
        try:
            yield [server]
        finally:
            server.stop()

    def callers(self, ground: Ground) -> list[Caller]:
        """Who calls meanwhile."""
        return ground.callers(streams=self.streams)

    def environment(self, ground: Ground) -> dict[str, str]:
        """Of a gateway of its own."""
        return dict(self.env)

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        """It begins, and is mended at the end."""
        yield

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        """What is done while it lasts, where it doesn't end by itself."""
        time.sleep(self.seconds)

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        """What else there is to say, asked after it."""
        return []
