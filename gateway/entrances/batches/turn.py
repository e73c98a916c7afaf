"""What everybody shares who works on a batch: that it is still theirs, and that calls have their turn meanwhile."""

import asyncio
from uuid import UUID

from gateway.batches.services.batch_store import RENEW_SECONDS
from gateway.runtime import Gateway
from kernel.clock import perf_counter

_AT_A_TIME_SECONDS = 0.02
_MAX_REST_SECONDS = 0.2


class Turn:
    """Of the event loop: after each bit of work it is left to calls for as long."""

    def __init__(self, gateway: Gateway, batch_id: UUID, runner: UUID) -> None:
        self._gateway, self._batch_id, self.runner = gateway, batch_id, runner
        self._began = self._renewed = perf_counter()

    async def rest(self) -> None:
        """To be awaited between lines. Raises BatchLostError, BatchesUnavailableError."""
        now = perf_counter()
        if now - self._began > _AT_A_TIME_SECONDS:
            await asyncio.sleep(min(now - self._began, _MAX_REST_SECONDS))
            self._began = perf_counter()
        if now - self._renewed > RENEW_SECONDS:
            await self._gateway.batches.renew(self._batch_id, self.runner)
            self._renewed = perf_counter()
