"""What an experiment or a rollout asks of every answer, checked on the text that the caller gets.

Only of calls that take part in one that has checks is the text gathered, and it is gone when they are made: the record
says what came of them, and nothing else.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from gateway.call import Call
from gateway.events import Event, Finished, Raw, TextDelta
from prompts.rollout.policy.answer_check import MAX_CHARACTERS, AnswerCheck, Checked

logger = logging.getLogger(__name__)

_NO_ANSWER = "tool_use"
"""The model wants a tool of the application: what is to be checked comes later."""


def check_of(call: Call) -> AnswerCheck | None:
    """What is checked of the call's answer, if anything is."""
    choice = call.prompt.choice if call.has_prompt else None
    return choice.check if choice is not None else None


async def check_events(
    call: Call, check: AnswerCheck, events: AsyncGenerator[Event, None]
) -> AsyncGenerator[Event, None]:
    """The events as they come. When the answer has ended, what came of the check is noted on the call's run."""
    parts: list[str] = []
    characters = 0
    async with aclosing(events):
        async for event in events:
            if isinstance(event, (TextDelta, Raw)) and characters <= MAX_CHARACTERS:
                characters += len(event.text)
                parts.append(event.text)
            elif isinstance(event, Finished) and event.stop_reason != _NO_ANSWER:
                call.prompt.checked = await _outcome(call, check, "".join(parts))
            yield event


async def _outcome(call: Call, check: AnswerCheck, text: str) -> Checked:
    """Never fails a call. What takes longer than a moment keeps no other call waiting."""
    try:
        if check.is_light(text):
            return check.outcome(text)
        return await asyncio.to_thread(check.outcome, text)
    except Exception:
        logger.exception("the answer of call %s could not be checked", call.id)
        return Checked.UNCHECKED
