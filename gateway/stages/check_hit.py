"""A share of the answers to similar questions is checked: the model is asked all the same, after the answer was given."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.cache.entries import text_of
from gateway.cache.policy.answers import compare
from gateway.cache.store import Judged
from gateway.call import Call
from gateway.events import Event
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from kernel.deadlines import within

logger = logging.getLogger(__name__)

_MAX_AT_ONCE = 8
"""Checks and copies under way in a process; more are left out."""

Ask = Callable[[Call, Gateway], Coroutine[Any, Any, list[Event]]]


def check_hit(call: Call, gateway: Gateway, ask: Ask) -> None:
    """Begins the check of a call that was answered so, where it is one of that share. It is a call of the team's, on record."""
    run = call.cache
    if run is None or run.alike is None or run.rule is None or run.kind != "semantic":
        return
    if gateway.random.random() >= run.rule.check_share or len(gateway.shadows) >= _MAX_AT_ONCE:
        return
    inner = call.inner(
        model=call.routed.route.name, conversation=call.conversation, body_bytes=call.body_bytes
    )
    inner.asked_output = call.conversation.output_config  # else an answer by a tool has no text to compare
    task = asyncio.create_task(_checked(call, inner, gateway, ask))
    gateway.shadows.add(task)
    task.add_done_callback(gateway.shadows.discard)


async def _checked(call: Call, inner: Call, gateway: Gateway, ask: Ask) -> None:
    run = call.cache
    assert run is not None
    assert run.alike is not None
    assert run.events is not None
    try:
        said = text_of(await within(call.routed.route.timeout_seconds, ask(inner, gateway)))
        served = text_of(run.events)
        await gateway.cache.judge(
            Judged(
                team=call.key.team.id,
                route=call.routed.route.name,
                prompt=call.prompt.prompt.id if call.has_prompt else 0,
                entry=run.alike.entry_id,
                source="check",
                asked=run.question,
                known=run.alike.question,
                served=served,
                said=call.redacted.mask.hide_answer(said),
                similarity=run.alike.similarity,
                outcome=compare(served, said),
                call=call.id,
                end_users=run.alike.askers(call.request.end_user),
                seen_xact=run.seen_xact or 0,
            )
        )
    except (Refusal, TimeoutError) as error:
        logger.info("call %s: its answer from the cache was not checked (%s)", call.id, type(error).__name__)
    except Exception:
        logger.exception("call %s: its answer from the cache was not checked", call.id)
