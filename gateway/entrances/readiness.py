"""Whether calls can be taken, made and recorded now, and what is wrong around them: looked at once a second, told at once.

While calls are refused because Postgres hangs, it is told without waiting for the next look, which may hang as well.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from shutil import disk_usage

from django.conf import settings

from gateway.runtime import Gateway
from kernel import descriptors
from kernel.clock import WARN_SECONDS, WRONG_SECONDS, perf_counter, skew_seconds
from kernel.deadlines import within

EVERY_SECONDS = 1.0
DEADLINE_SECONDS = 5.0
_STALE_SECONDS = 10.0
"""A look that is older says nothing about now."""
_TIMEOUT_SECONDS = 2.0
_BACKGROUND_EVERY, _BACKGROUND_TIMEOUT = 5.0, 1.0
"""The time is for all that is read of background work together: what calls need is looked at behind it."""
_DISK_WARNS, _DESCRIPTORS_WARN = 0.90, 0.80
_DESCRIPTORS_LEFT = 64
"""Fewer are kept for what is under way."""
_VITAL = ("the ledger's heartbeat", "the snapshot")

_Sentence = tuple[Callable[[], bool], Callable[[], str]]
"""Whether something is to be told, and what."""


@dataclass(slots=True)
class State:
    """What was found. What is False in `checks` or `process` is why calls can't be taken; `warnings` are sentences for operators."""

    checks: dict[str, bool] = field(default_factory=dict)
    """Of what is around the process."""
    process: dict[str, bool] = field(default_factory=dict)
    """The same of the process itself."""
    valkey: bool = False
    background: str = "unknown"
    warnings: list[str] = field(default_factory=list)
    descriptors: int = 0
    """Open file descriptors."""
    disk: float = 0.0
    """How full the disk of the data folder is, from 0 to 1."""
    late: dict[str, int] = field(default_factory=dict)
    """What is kept going and has not gone round in its time: seconds since its last round."""

    @property
    def is_ready(self) -> bool:
        return bool(self.checks) and all(self.checks.values()) and all(self.process.values())


class Readiness:
    """Of one process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._state = State()
        self._looked_at = -_STALE_SECONDS
        self._background = (-_BACKGROUND_EVERY, "unknown")
        self._bugs_at = -_BACKGROUND_EVERY

    @property
    def state(self) -> State:
        """The last look's, without what calls are refused for by now; what nobody could look at for long is not well. For any
        thread."""
        if perf_counter() - self._looked_at <= _STALE_SECONDS:
            return self._without_what_fails_by_now(self._state)
        return State({"postgres": False, "snapshot": False}, warnings=["Nothing was looked at for some seconds: this process is overloaded, or hangs."])  # fmt: skip

    def _without_what_fails_by_now(self, state: State) -> State:
        gateway = self._gateway
        now = {"postgres": not gateway.ledger.refuses, "snapshot": not gateway.is_blind}
        checks = {name: passed and now[name] for name, passed in state.checks.items()}
        if checks == state.checks:
            return state
        sentences = [say() for fails, say in self._vital_sentences(checks) if fails()]
        return replace(state, checks=checks, warnings=list(dict.fromkeys([*sentences, *state.warnings])))

    async def look(self) -> None:
        """Looks at everything."""
        gateway, warnings = self._gateway, list[str]()
        open_descriptors = descriptors.in_use()
        gateway.most_connections = descriptors.connections_that_fit(settings.GATEWAY_MAX_CALLS)
        late = {name: round(seconds) for name, seconds in gateway.upkeep.late().items()}
        valkey, _ = await asyncio.gather(gateway.limiter.ping(_TIMEOUT_SECONDS), self._look_at_background())
        # Last: what hung meanwhile is known by now, and not told a look later.
        postgres = await gateway.ledger.is_well(_TIMEOUT_SECONDS)
        checks = {
            "postgres": gateway.is_ready and postgres,
            "snapshot": gateway.snapshot.built_at is not None and not gateway.is_blind,
        }
        process = {
            "clock": abs(skew_seconds()) < WRONG_SECONDS,
            "upkeep": not any(name in late for name in _VITAL),
            "descriptors": descriptors.limit() - open_descriptors >= _DESCRIPTORS_LEFT,
        }
        disk = disk_share()
        share = open_descriptors / descriptors.limit()
        for warns, sentence in self._sentences(checks, valkey, late, share, disk):
            if warns():
                warnings.append(sentence())
        self._state = State(
            checks=checks,
            process=process,
            valkey=valkey,
            background=self._background[1] if postgres else "unknown",
            warnings=warnings,
            descriptors=open_descriptors,
            disk=disk,
            late=late,
        )
        self._looked_at = perf_counter()
        gateway.ledger.warnings = warnings

    async def _look_at_background(self) -> None:
        with suppress(TimeoutError):
            await within(_BACKGROUND_TIMEOUT, self._read_background())

    async def _read_background(self) -> None:
        gateway = self._gateway
        if perf_counter() - self._bugs_at >= _BACKGROUND_EVERY:
            self._bugs_at = perf_counter()
            await gateway.bugs.look(_BACKGROUND_TIMEOUT)
        if not gateway.ledger.is_connected or perf_counter() - self._background[0] < _BACKGROUND_EVERY:
            return
        says = await gateway.background.what_is_silent(_BACKGROUND_TIMEOUT)
        self._background = (perf_counter(), says or "ok")
        await gateway.jobs.look(_BACKGROUND_TIMEOUT)
        await gateway.batches.look(_BACKGROUND_TIMEOUT)

    def _vital_sentences(self, checks: dict[str, bool]) -> tuple[_Sentence, ...]:
        ledger = self._gateway.ledger
        return (
            (lambda: not checks["postgres"], lambda: f"Postgres takes no records ({ledger.error or 'it does not answer'}): "
             "all calls are refused. See that it runs, takes writes, and has disk space."),
            (lambda: not checks["snapshot"], lambda: "It can't be read which keys have been revoked: all calls are refused. See that "
             "DATABASE_DIRECT_URL leads to Postgres, and that it has free connections."),
        )  # fmt: skip

    def _sentences(
        self, checks: dict[str, bool], valkey: bool, late: dict[str, int], share: float, disk: float
    ) -> tuple[_Sentence, ...]:
        gateway = self._gateway
        return (
            *self._vital_sentences(checks),
            (lambda: not valkey, lambda: f"Valkey {gateway.limiter.trouble}: this process keeps to its share of each rate limit, and background "
             "work waits. See that it runs and takes writes."),
            (lambda: abs(skew_seconds()) >= WARN_SECONDS, lambda: f"The clock of {os.uname().nodename} is {skew_seconds():+.0f} s off Postgres': "
             "set it by NTP."),
            (lambda: share >= _DESCRIPTORS_WARN, lambda: f"{share:.0%} of the process' file descriptors are in use: "
             "raise `ulimit -n`, or lower GATEHOUSE_MAX_CALLS."),
            (lambda: disk >= _DISK_WARNS, lambda: f"The disk of {settings.DATA_DIR} is {disk:.0%} full: make space, or all will stop."),
            (lambda: bool(late), lambda: "Not done in its time: " + ", ".join(f"{name} ({seconds} s ago)" for name, seconds in late.items()) + "."),
            (lambda: bool(gateway.bugs.told), lambda: gateway.bugs.told),
            (lambda: bool(gateway.keyring.trouble), lambda: f"Raw text is not kept: {gateway.keyring.trouble.rstrip('.')}."),
        )  # fmt: skip


def disk_share() -> float:
    """How full the disk of the data folder is, where this instance keeps its databases there; else 0."""
    if not settings.EMBEDDED:
        return 0.0
    try:
        found = disk_usage(settings.DATA_DIR)
    except OSError:
        return 0.0
    return 1 - found.free / found.total if found.total else 0.0
