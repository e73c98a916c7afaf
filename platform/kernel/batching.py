"""Natural batching: while one round trip is under way, requests queue; when it returns, all that queued goes as one.

No timers: an idle process adds no wait, a loaded one shares a round trip among all that arrived meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from kernel.clock import perf_counter

Item = TypeVar("Item")
Result = TypeVar("Result")


class QueueFullError(Exception):
    """More items wait than the batcher was built to hold."""


class Batcher(Generic[Item, Result]):
    """Collects items for `flush`, which answers one result (or one exception) per item, in their order.

    When a whole batch fails with an error that `isolates` takes for one of its items', each is tried alone, so that one
    item's fault never fails its neighbours.
    """

    def __init__(
        self,
        flush: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        isolates: Callable[[Exception], bool] = lambda _: False,
        max_batch: int = 256,
        max_queued: int = 20_000,
    ) -> None:
        self._flush = flush
        self._isolates = isolates
        self._max_batch = max_batch
        self._max_queued = max_queued
        self._queue: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._sent_at: float | None = None

    def is_stuck(self, seconds: float) -> bool:
        """Whether a batch has been under way for longer than that."""
        return self.under_way_for > seconds

    @property
    def under_way_for(self) -> float:
        """Seconds since the batch was sent that is under way; 0 where there is none. For any thread."""
        sent_at = self._sent_at
        return 0.0 if sent_at is None else perf_counter() - sent_at

    def __len__(self) -> int:
        return len(self._queue)

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Queues an item. The future's result comes when its batch is done, even if nobody waits for it any more."""
        if len(self._queue) >= self._max_queued:
            raise QueueFullError
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._run())
        return future

    async def drain(self) -> None:
        """Returns when nothing is queued or under way."""
        while self._worker is not None:
            await asyncio.wait((self._worker,))

    async def _run(self) -> None:
        try:
            while self._queue:
                await asyncio.sleep(
                    0
                )  # whatever this turn of the loop still brings goes along: fewer, fuller batches
                size = min(len(self._queue), self._max_batch)
                self._sent_at = perf_counter()
                await self._send([self._queue.popleft() for _ in range(size)])
        finally:
            self._worker = self._sent_at = None

    async def _send(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | Exception]
        try:
            results = await self._flush([item for item, _ in batch])
        except Exception as error:
            if len(batch) > 1 and self._isolates(error):
                for entry in batch:
                    await self._send([entry])
                return
            results = [error] * len(batch)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Something that the flush waited for was cancelled, and not this: nobody would ever answer those who wait.
            results = [RuntimeError("the batch was cancelled")] * len(batch)
        except BaseException as error:
            results = [RuntimeError(f"the batch failed ({type(error).__name__})")] * len(batch)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
        if len(results) != len(batch):
            results = [RuntimeError("not an answer for each item")] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
                future.exception()  # marks it seen: whoever still waits gets it, whoever left causes no warning
            else:
                future.set_result(result)
