"""The gateway's own processes: killed, stopped, replaced under load, short of descriptors."""

import asyncio
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.drill.fault import Fault
from tests.drill.ground import Ground
from tests.drill.load import Caller, Made, call
from tests.drill.signals import send, workers_of
from tests.services import Server, until


class WorkerKilled(Fault):
    name = "gateway kill -9, one of two"
    does = "one of two processes on one address is killed"
    seconds = 3.0
    workers = 2
    kills = True
    revokes = True

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        victim = workers_of(servers[0].pid)[0]
        send([victim], signal.SIGKILL)
        time.sleep(self.seconds)


class WorkerStopped(Fault):
    name = "gateway stands still, one of two"
    does = "one of two processes on one address gets no CPU for 7 s"
    seconds = 7.0
    workers = 2

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        victim = workers_of(servers[0].pid)[0]
        send([victim], signal.SIGSTOP)
        time.sleep(self.seconds)
        send([victim], signal.SIGCONT)


class Rolling(Fault):
    name = "gateway rolling restart"
    does = "two gateways behind a balancer are ended with SIGTERM and started again, one after the other"
    restarts = True

    @contextmanager
    def servers(self, ground: Ground) -> Iterator[list[Server]]:
        found = [ground.gateway(), ground.gateway()]
        try:
            yield found
        finally:
            for server in found:
                server.stop()

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        for server in reversed(servers):
            server.stop()
            server.start()


class Descriptors(Fault):
    name = "gateway out of descriptors"
    does = "600 streams come to a process that may open 512 files"
    revokes = True
    most, streams_at_once = 512, 600
    env = {"GATEHOUSE_MAX_CALLS": "2000"}

    def missing(self) -> str:
        return "" if sys.platform == "linux" else "prlimit is Linux'"

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        resource.prlimit(servers[0].pid, resource.RLIMIT_NOFILE, (self.most, self.most))
        self.outcomes = Counter[str]()
        yield
        until(lambda: sum(self.outcomes.values()) == self.streams_at_once, seconds=60, what="the last stream")

    def meanwhile(self, ground: Ground, servers: list[Server]) -> None:
        caller = Caller(ground.key, 60, is_stream=True)
        thread = threading.Thread(target=asyncio.run, args=(self._burst(servers[0].url, caller),))
        thread.start()
        thread.join()

    async def _burst(self, url: str, caller: Caller) -> None:
        async def one(client: httpx.AsyncClient) -> None:
            made = Made(time.monotonic(), caller.tokens, is_stream=True)
            await call(client, [url], caller, made)
            what = "whole" if made.is_whole else f"{made.status or 'broken'} {made.code}"
            self.outcomes[what] += 1

        limits = httpx.Limits(max_connections=self.streams_at_once, max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=40, limits=limits) as client:
            await asyncio.gather(*(one(client) for _ in range(self.streams_at_once)))

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        return [
            "of the 600: " + ", ".join(f"{number} x {what}" for what, number in self.outcomes.most_common())
        ]


FAULTS = (WorkerKilled(), WorkerStopped(), Rolling(), Descriptors())
