"""What a key may ask for besides models: under its rate limits, and on record like a call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from gateway.call import Call
from gateway.call.groups import Routed
from gateway.pipeline import Stage, end_call, run_stages
from gateway.refusals import Refusal, unexpected
from gateway.runtime import Gateway
from gateway.snapshot.state import RouteEntry
from gateway.stages.limit_rates import limit_rates, limit_requests
from gateway.stages.take_turn import take_turn
from gateway.steps import identified

logger = logging.getLogger(__name__)

_SERVED: tuple[tuple[str, Stage], ...] = (
    ("authenticate", identified),
    ("queue", take_turn),
    ("limit rates", limit_rates),
)
REPLAYED: tuple[tuple[str, Stage], ...] = (
    ("authenticate", identified),
    ("limit rates", limit_requests),
)
"""For an answer that there is already: it takes nobody's turn, and counts as a request."""
_NO_ROUTE = RouteEntry(
    name="",
    strategy="ordered",
    default_max_tokens=0,
    expected_output_tokens=0,
    max_tokens_limit=None,
    timeout_seconds=60,
    wait_seconds=0,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    deployments=(),
)
_Result = TypeVar("_Result")


async def serve(
    call: Call,
    gateway: Gateway,
    work: Callable[[], Awaitable[_Result]],
    stages: tuple[tuple[str, Stage], ...] = _SERVED,
) -> _Result:
    """Something besides a model that a key may ask for: under its rate limits, and on record however it ends. Raises Refusal.

    `work` is run when the call is admitted. What it costs is AWS's to bill; the record has the units in its checks.
    """
    call.routed = Routed(route=_NO_ROUTE, deployments=())
    try:
        await run_stages(stages, call, gateway)
        return await work()
    except Refusal as refusal:
        call.refusal = refusal
        raise
    except (asyncio.CancelledError, GeneratorExit):
        call.is_cancelled = True
        raise
    except Exception as error:
        logger.exception("call %s failed", call.id)
        call.refusal = unexpected()
        raise call.refusal from error
    finally:
        if call.refusal is None:
            await end_call(call, gateway)
        else:
            with suppress(Refusal):
                await end_call(call, gateway)
