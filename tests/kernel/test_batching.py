import asyncio

import pytest

from kernel.batching import Batcher, QueueFullError


class FaultError(Exception):
    pass


async def test_what_queues_during_a_round_trip_goes_as_one():
    batches = []

    async def flush(items):
        batches.append(items)
        await asyncio.sleep(0.01)
        return [item * 2 for item in items]

    batcher = Batcher(flush)
    first = batcher.submit(1)
    await asyncio.sleep(0)
    second = batcher.submit(2)  # within the same turn of the loop
    await asyncio.sleep(0.005)
    rest = [batcher.submit(number) for number in range(3, 7)]
    assert await asyncio.gather(first, second, *rest) == [2, 4, 6, 8, 10, 12]
    assert batches == [[1, 2], [3, 4, 5, 6]]


async def test_one_items_fault_fails_no_neighbour():
    async def flush(items):
        if "bad" in items:
            raise FaultError
        return [item.upper() for item in items]

    batcher = Batcher(flush, isolates=lambda error: isinstance(error, FaultError))
    results = await asyncio.gather(*map(batcher.submit, ["a", "bad", "b"]), return_exceptions=True)
    assert (results[0], results[2]) == ("A", "B")
    assert isinstance(results[1], FaultError)


async def test_an_outage_fails_all_that_were_under_way_and_no_later_one():
    is_down = True

    async def flush(items):
        if is_down:
            raise ConnectionError
        return items

    batcher = Batcher(flush, isolates=lambda error: isinstance(error, FaultError))
    results = await asyncio.gather(*map(batcher.submit, [1, 2]), return_exceptions=True)
    assert all(isinstance(result, ConnectionError) for result in results)
    is_down = False
    assert await batcher.submit(3) == 3


async def test_a_caller_who_left_changes_nothing_for_the_others():
    async def flush(items):
        await asyncio.sleep(0.01)
        return items

    batcher = Batcher(flush)
    futures = [batcher.submit(number) for number in range(3)]
    futures[1].cancel()
    assert await asyncio.gather(futures[0], futures[2]) == [0, 2]
    await batcher.drain()


async def test_a_full_queue_is_said_at_once():
    async def flush(items):
        await asyncio.sleep(1)
        return items

    batcher = Batcher(flush, max_queued=2)
    batcher.submit(1)
    batcher.submit(2)
    with pytest.raises(QueueFullError):
        batcher.submit(3)


async def test_batches_keep_within_their_size():
    sizes = []

    async def flush(items):
        sizes.append(len(items))
        return items

    batcher = Batcher(flush, max_batch=4)
    await asyncio.gather(*map(batcher.submit, range(10)))
    assert sizes == [4, 4, 2]


@pytest.mark.parametrize("fault", [GeneratorExit, asyncio.CancelledError, BaseException, "too few"])
async def test_whatever_a_batch_meets_each_item_is_answered(fault):
    faults = [fault]

    async def flush(items):
        if not faults:
            return items
        if (met := faults.pop()) == "too few":
            return items[1:]
        raise met

    batcher = Batcher(flush)
    async with asyncio.timeout(20):
        results = await asyncio.gather(*map(batcher.submit, [1, 2]), return_exceptions=True)
        assert all(isinstance(result, RuntimeError) for result in results)
        assert await batcher.submit(3) == 3
