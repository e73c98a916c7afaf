"""The numbers of this process, left where the other processes of the instance find them, and theirs added when somebody asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings

from gateway.entrances.readiness import Readiness
from gateway.metrics.deployments import fleet_reading
from gateway.metrics.families import Reading, Series, merged
from gateway.metrics.folder import MetricsFolder, instance_folder
from gateway.runtime import Gateway
from kernel import descriptors
from kernel.clock import perf_counter, skew_seconds, utc_now
from kernel.deadlines import within

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_DEADLINE_SECONDS = 2.0
_Result = TypeVar("_Result")
_HEARTBEAT = "the ledger's heartbeat"


class MetricsBoard:
    """Of one process. Where files can't be written or read, it tells of its own process alone, and logs why."""

    def __init__(self, gateway: Gateway, readiness: Readiness) -> None:
        self._gateway = gateway
        self._readiness = readiness
        self._folder: MetricsFolder | None = None
        # A thread of its own: a disk that hangs holds up nothing else.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="metrics")

    async def start(self) -> None:
        """Opens the folder, and leaves the numbers there each second."""
        folder = MetricsFolder(
            instance_folder(settings.DATA_DIR if settings.EMBEDDED else None), self._gateway.instance_id
        )
        try:
            await within(_DEADLINE_SECONDS, self._in_thread(folder.open))
        except OSError as error:
            logger.warning("metrics are of this process alone (%s)", error)
            return
        self._folder = folder
        self._gateway.upkeep.every(
            _EVERY_SECONDS, "leaving numbers for other processes", self._leave, deadline=_DEADLINE_SECONDS
        )

    async def stop(self) -> None:
        """Leaves the last numbers: this process ends."""
        folder, reading = self._folder, self._reading()
        if folder is not None:
            try:
                await within(_DEADLINE_SECONDS, self._in_thread(lambda: folder.close(reading)))
            except OSError as error:
                logger.warning("the last numbers of this process are lost (%s)", type(error).__name__)
        self._thread.shutdown(wait=False)

    async def gathered(self) -> Reading:
        """The numbers of all processes of this instance."""
        folder, own = self._folder, self._reading()
        if folder is not None:
            try:
                return await within(_DEADLINE_SECONDS, self._in_thread(lambda: folder.gathered(own)))
            except OSError as error:  # TimeoutError among them
                logger.warning("metrics are of this process alone (%s)", type(error).__name__)
        return merged({}, [own])

    async def _leave(self) -> None:
        folder, reading = self._folder, self._reading()
        if folder is not None:
            await self._in_thread(lambda: folder.write(reading))

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _reading(self) -> Reading:
        gateway, state = self._gateway, self._readiness.state
        kept = gateway.upkeep.kept
        _, processes = gateway.ledger.members
        single = {
            "gatehouse_calls_running": gateway.slots.taken,
            "gatehouse_calls_waiting_for_slot": gateway.slots.waiting,
            "gatehouse_calls_waiting_for_rate": gateway.rate_lines.waiting,
            "gatehouse_calls_waiting_for_model": gateway.fleet.waiting,
            "gatehouse_rate_limits_shared": gateway.limiter.is_shared,
            "gatehouse_processes": processes,
            "gatehouse_processes_here": 1,
            "gatehouse_ready": state.is_ready,
            "gatehouse_ledger_connected": gateway.ledger.is_connected,
            "gatehouse_records_waiting": gateway.ledger.waiting,
            "gatehouse_records_without_partition": gateway.ledger.strays,
            "gatehouse_last_settlement_seconds": gateway.ledger.settled_age,
            "gatehouse_settlements_failing_seconds": gateway.ledger.failing_for,
            "gatehouse_snapshot_age_seconds": gateway.snapshot_age,
            "gatehouse_clock_skew_seconds": skew_seconds(),
            "gatehouse_descriptors_open": state.descriptors,
            "gatehouse_descriptors_limit": descriptors.limit(),
            "gatehouse_disk_used_share": state.disk,
            "gatehouse_batches_open": gateway.batches.figures.open,
            "gatehouse_batch_lines_open": gateway.batches.figures.lines,
            "gatehouse_files": gateway.batches.figures.files,
            "gatehouse_file_bytes": gateway.batches.figures.bytes,
            "gatehouse_jobs_waiting": gateway.jobs.figures.waiting,
            "gatehouse_jobs_running": gateway.jobs.figures.running,
            "gatehouse_jobs_dead": gateway.jobs.figures.dead,
            "gatehouse_jobs_oldest_seconds": gateway.jobs.figures.oldest,
            "gatehouse_raw_text_unavailable": bool(gateway.keyring.trouble),
        }
        if _HEARTBEAT in kept:
            single["gatehouse_last_heartbeat_seconds"] = kept[_HEARTBEAT].age
        checks: Series = {
            (name,): float(passed)
            for name, passed in (*state.checks.items(), *state.process.items(), ("valkey", state.valkey))
        }
        return {
            **gateway.metrics.reading(),
            **{name: {(): float(number)} for name, number in single.items()},
            **fleet_reading(
                gateway.fleet.known(),
                gateway.snapshot,
                gateway.deployment_events.counts,
                now=perf_counter(),
                today=utc_now().date(),
            ),
            "gatehouse_check": checks,
            "gatehouse_task_failures": {(name,): float(each.failures) for name, each in kept.items()},
            "gatehouse_task_age_seconds": {(name,): each.age for name, each in kept.items()},
            "gatehouse_bugs": {(where,): number for where, number in gateway.bugs.counts.items()},
            "gatehouse_queue_idle_seconds": {
                (queue,): age for queue, age in gateway.background.ages().items()
            },
        }
