import asyncio
import logging
from collections.abc import Awaitable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import orjson

from gateway.call import Call
from gateway.call.response import ResponseRun
from gateway.records.stored_responses import masked, texts_in
from gateway.runtime import Gateway
from governance.privacy.services.detector import NamesUnavailableError
from governance.records.policy import NONCE_BYTES, seal
from governance.records.services.response_store import Kept, ResponsesUnavailableError, Whose
from kernel.ids import random_bytes

logger = logging.getLogger(__name__)


def keep_response(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Stores the response where the team keeps them, masked and sealed, before the caller is told of it. Never fails a call:
    what could not be stored is told as not stored.
    """
    run = call.response
    if run is None or not run.is_kept:
        return None
    if call.refusal is not None or call.is_cancelled or run.finished is None:
        run.is_kept = False
        return None
    return _keep(call, gateway, run)


async def _keep(call: Call, gateway: Gateway, run: ResponseRun) -> None:
    try:
        key = await gateway.keyring.get(call.key.team.id)
        if key is None:
            run.is_kept = False
            return
        content = _content(call, run)
        await _look_through(call, gateway, content)
        make = partial(_sealed, call, content, key=key.key)
        kept = Kept(
            call_id=call.id,
            previous_id=run.previous_call,
            generation=key.generation,
            sealed=await asyncio.to_thread(make) if call.is_large else make(),
        )
        await gateway.responses.put(
            kept,
            Whose(call.key.team.id, call.key.application_id),
            now=call.moment,
            expires_at=call.moment + timedelta(days=call.key.team.response_days),
        )
    except (ResponsesUnavailableError, NamesUnavailableError) as error:
        logger.error("call %s: its response is not stored (%s)", call.id, type(error).__name__)
        run.is_kept = False
    except Exception:
        logger.exception("call %s: its response is not stored", call.id)
        run.is_kept = False


def _content(call: Call, run: ResponseRun) -> dict[str, Any]:
    """The response as the caller is told it, and the items it answers, each with an id."""
    assert run.finished is not None
    finished = msgspec.structs.replace(run.finished, usage=call.reply.usage)
    return {"response": run.write(call, run.seen, finished), "input": with_ids(run.items, call.id)}


def with_ids(items: list[Any], call_id: UUID) -> list[dict[str, Any]]:
    """Items as OpenAI lists them: easy messages in full, each with an id that its call is known by."""
    found = []
    for number, item in enumerate(items):
        made = {"type": "message", **item} if "role" in item else dict(item)
        if made.get("type") == "message" and isinstance(made.get("content"), str):
            kind = "output_text" if made.get("role") == "assistant" else "input_text"
            more: dict[str, Any] = {"annotations": []} if kind == "output_text" else {}
            made["content"] = [{"type": kind, "text": made["content"], **more}]
        made["id"] = made.get("id") or f"item_{call_id.hex}i{number:03x}"
        found.append(made)
    return found


async def _look_through(call: Call, gateway: Gateway, content: dict[str, Any]) -> None:
    """Looks for personal data in what was not looked through when the call came: the answer, and what is new in the items."""
    known = call.redacted.mask.known
    fresh = [text for text in dict.fromkeys(texts_in(content)) if text not in known]
    fresh = [text for text in fresh if gateway.detector.recall(call.rules, text) is None]
    if fresh:
        call.redacted.mask.known |= (await gateway.detector.detect(call.rules, fresh)).found


def _sealed(call: Call, content: dict[str, Any], *, key: bytes) -> bytes:
    mask = call.redacted.mask
    hidden = masked(content, mask)
    plain = orjson.dumps({**hidden, "values": mask.values, "entities": sorted(mask.entities)})
    return seal(plain, key=key, call_id=call.id, team_id=call.key.team.id, nonce=random_bytes(NONCE_BYTES))
