import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from gateway.call import Call
from gateway.records.bodies import redacted_content, sealed_members, storing_of
from gateway.runtime import Gateway
from governance.privacy.policy.storage import Extent, Storing
from governance.privacy.services.detector import NamesUnavailableError
from governance.records.models import BodyState
from governance.records.policy import NONCE_BYTES
from governance.records.services.body_store import BodiesUnavailableError
from kernel.ids import random_bytes

logger = logging.getLogger(__name__)


def store_bodies(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Makes what is stored of what was said, and says on the call's record what that is. Never fails a call.

    It goes with the record, or, where bodies have a database of their own, there, before the record is written.
    """
    if not gateway.logs_content:
        call.stored.state = BodyState.NONE
        return None
    if not call.is_redacted:
        call.stored.state = BodyState.NOT_REDACTED  # what is stored is redacted, so of this call nothing is
        return None
    storing = storing_of(call)
    if storing.extent is Extent.METADATA:
        call.stored.state = (
            BodyState.NONE if call.redacted.storage.bodies == "none" else BodyState.SAMPLED_OUT
        )
        return None
    if storing.extent is Extent.FOR_NOW:
        call.stored.until = call.moment + timedelta(hours=gateway.grace_hours)
    return _store(call, gateway, storing)


async def _store(call: Call, gateway: Gateway, storing: Storing) -> None:
    try:
        state = BodyState.REDACTED
        await _read_names(call, gateway)
        content = await asyncio.to_thread(redacted_content, call) if call.is_large else redacted_content(call)
        if storing.is_raw and call.redacted.raw_request:
            sealed = await _sealed(call, gateway)
            state = BodyState.RAW if sealed else BodyState.NO_KEY
            if sealed:
                gateway.raw_text_watch.kept()
            else:
                gateway.raw_text_watch.not_kept(gateway.keyring.trouble or "no key in time")
            content |= sealed
        if gateway.body_store is None:
            call.stored.content = content
        else:
            await gateway.body_store.store(content)
        call.stored.state = state
    except NamesUnavailableError:
        call.stored.state, call.stored.until = BodyState.NOT_REDACTED, None
    except BodiesUnavailableError:
        call.stored.state, call.stored.until = BodyState.LOST, None
    except Exception:
        logger.exception("call %s: its bodies are not stored", call.id)
        call.stored.state, call.stored.until = BodyState.LOST, None
    finally:
        call.redacted = replace(call.redacted, raw_request=b"")


async def _read_names(call: Call, gateway: Gateway) -> None:
    """Looks for names in the answer before it is stored; in the request they were looked for on its way in."""
    if call.rules.names and call.reply.answer:
        detected = await gateway.detector.detect(call.rules, [block.text for block in call.reply.answer])
        call.redacted.mask.known |= detected.found


async def _sealed(call: Call, gateway: Gateway) -> dict[str, Any]:
    """What was said before masking, under the team's key; nothing where there is no key: it is never stored in the clear."""
    key = await gateway.keyring.get(call.key.team.id)
    if key is None:
        return {}
    make = partial(
        sealed_members, call, key=key.key, generation=key.generation, nonce=random_bytes(NONCE_BYTES)
    )
    return await asyncio.to_thread(make) if call.is_large else make()
