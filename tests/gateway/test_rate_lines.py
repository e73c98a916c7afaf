"""Calls that wait for a rate limit: whatever one of them meets, those behind it have their turn."""

import asyncio
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import redis

from gateway.routing.queues import RateLines
from governance.limits.policy.rate_limits import Counter, RateDecision, RateRequest
from kernel.upkeep import Upkeep

COUNTER = Counter("requests", 60_000, 1)


def request(call: str) -> RateRequest:
    return RateRequest(call, ((COUNTER, 1),))


@pytest.mark.parametrize(
    ("error", "is_its_own"),
    [(KeyError, True), (psycopg.DataError, True), (redis.ConnectionError, False), (GeneratorExit, False), (asyncio.CancelledError, False)],
)  # fmt: skip
async def test_a_line_goes_on(error, is_its_own):
    asked: list[str] = []

    async def admit(each: RateRequest) -> RateDecision:
        asked.append(each.call_id)
        if len(asked) <= 2:
            return RateDecision(0, (1,), COUNTER, 1)
        if len(asked) == 3:
            raise error()
        return RateDecision(0, (0,), None, None)

    upkeep = Upkeep()
    limiter: Any = SimpleNamespace(admit=admit)
    lines = RateLines(limiter, upkeep)
    async with asyncio.timeout(20):
        first, second = await asyncio.gather(
            *(lines.admit(request(call), team=1, weight=1, seconds=15) for call in ("first", "second")),
            return_exceptions=True,
        )
    assert isinstance(first, error if is_its_own else RateDecision)
    assert isinstance(second, RateDecision)
    assert second.admitted
    assert lines.waiting == 0
    await upkeep.stop()
