"""Celery's worker and beat, standing still."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.client import HTTP
from tests.drill.fault import Fault
from tests.drill.ground import Ground
from tests.drill.signals import stopped
from tests.services import Server

_MOST_SECONDS = 150.0


class BackgroundStopped(Fault):
    name = "worker and beat stopped"
    does = "Celery's worker and beat stand still until /readyz says so"
    revokes = True
    streams = 1

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        _until_said(servers[0], is_well=True)
        pids = [child.pid for child in ground.background if child.pid is not None]
        with stopped(*pids):
            yield

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        self._said_after, self._says = _until_said(servers[0], is_well=False)

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        back_after, _ = _until_said(servers[0], is_well=True)
        return [
            f"said after {self._said_after:.0f} s: {self._says!r}, and no more {back_after:.0f} s after the calls had ended"
        ]


def _until_said(server: Server, *, is_well: bool) -> tuple[float, str]:
    """Seconds until readyz says that background work is done, or that it isn't; and its words."""
    begun = time.monotonic()
    while True:
        says = str(HTTP.get(f"{server.url}/readyz").json()["background"])
        passed = time.monotonic() - begun
        if (says == "ok") is is_well or passed > _MOST_SECONDS:
            return passed, says
        time.sleep(0.5)


FAULTS = (BackgroundStopped(),)
