"""A share of a route's calls is made a second time at another route, to compare the two. Callers never hear of it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.call import Call
from gateway.events import Event
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from kernel.deadlines import within

logger = logging.getLogger(__name__)

_MAX_AT_ONCE = 8
"""Copies under way in a process; more are left out, and counted."""
_PREFIX = "shadow:"

Ask = Callable[[Call, Gateway], Coroutine[Any, Any, list[Event]]]


def copy_to_shadow(call: Call, gateway: Gateway, ask: Ask) -> None:
    """Begins a copy of a call that has been answered, where its route wants one. Its own budget holds what it may cost: without
    that there is none."""
    if call.fixed_answer is not None or call.request.is_inner or call.request.kind != "text":
        return
    shadow = call.routed.route.shadow
    if shadow is None:
        return
    if gateway.random.random() >= shadow.share:
        return
    route = gateway.snapshot.routes.get(shadow.route)
    feature = f"{_PREFIX}{call.routed.route.name}"
    if route is None or not any(each.scope.feature == feature for each in call.key.budgets):
        gateway.metrics.note_shadow("skipped")
        return
    if len(gateway.shadows) >= _MAX_AT_ONCE:
        gateway.metrics.note_shadow("skipped")
        return
    copy = call.inner(
        model=route.name, conversation=call.conversation, body_bytes=call.body_bytes, feature=feature
    )
    copy.checks.shadow_of = str(call.id)
    task = asyncio.create_task(_copied(copy, gateway, ask, route.timeout_seconds))
    gateway.shadows.add(task)
    task.add_done_callback(gateway.shadows.discard)


async def _copied(copy: Call, gateway: Gateway, ask: Ask, seconds: float) -> None:
    outcome = "failed"
    try:
        await within(seconds, ask(copy, gateway))
        outcome = "answered"
    except Refusal as refusal:
        outcome = "over_budget" if refusal.code == "budget_exceeded" else "failed"
    except TimeoutError:
        pass
    except Exception:
        logger.exception("the copy %s of a call failed", copy.id)
    finally:
        gateway.metrics.note_shadow(outcome)
