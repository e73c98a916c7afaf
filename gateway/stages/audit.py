import asyncio
import logging
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec
import orjson

from gateway.call import Call
from gateway.conversation import Conversation, encode
from gateway.record import full_record
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.texts import rewrite
from governance.policy.masking import Mask
from governance.services.detector import NamesUnavailableError
from governance.services.ledger import LedgerUnavailableError, Settlement

logger = logging.getLogger(__name__)

_MEDIA = ("image", "document", "video", "audio")


async def audit(call: Call, gateway: Gateway) -> None:
    """Writes the call's one record, and with it settles the ledger; returns when that is durable.

    Refusal not_auditable when it can't be written in time: it stays queued and is written as soon as it can be.
    """
    gateway.metrics.note(call)
    if call.admission is not None and not call.admission.done():
        await asyncio.wait((call.admission,))  # a hold that is being made must be there to be released
    # What is stored is redacted, so of a call that was refused before it was redacted nothing is.
    content = await _content(call, gateway) if _is_kept(call, gateway) else None
    refusal = Refusal("not_auditable", "The call was made, but its record could not be written in time.")
    try:
        future = gateway.ledger.settle(Settlement(full_record(call), content))
        if call.refusal is not None and not gateway.ledger.is_connected:
            return  # refused anyway; the record is queued and written when Postgres is back
        await asyncio.wait_for(asyncio.shield(future), gateway.settle_timeout_seconds)
    except (TimeoutError, LedgerUnavailableError) as error:
        logger.error("call %s: the record is not written yet", call.id)
        raise refusal from error
    except Exception as error:
        logger.exception("call %s: the record was not accepted", call.id)
        raise refusal from error


def _is_kept(call: Call, gateway: Gateway) -> bool:
    return gateway.logs_content and call.is_hidden


async def _content(call: Call, gateway: Gateway) -> dict[str, object] | None:
    assert call.key is not None
    assert call.mask is not None
    texts = [block.text for block in call.answer]
    if texts and call.key.rules.names:
        # Names were looked for on the way in; the answer's are, before it is stored.
        try:
            detected = await gateway.detector.detect(call.key.rules, texts)
        except NamesUnavailableError:
            return None
        call.mask.known |= detected.found
    return {"call_id": call.id, "request": _request(call), "answer": _answer(call)}


def _request(call: Call) -> str:
    assert call.mask is not None
    conversation = _as_logged(call.conversation, call.mask) if call.mask.logs_differ else call.conversation
    if any(
        getattr(block, name)
        for message in call.conversation.messages
        for block in message.content
        for name in _MEDIA
    ):
        return orjson.dumps(_without_media(msgspec.to_builtins(conversation))).decode()
    if conversation is not call.conversation:
        return encode(conversation).decode()
    return (call.sent_body or encode(call.conversation)).decode()


def _as_logged(conversation: Conversation, mask: Mask) -> Conversation:
    """The conversation as it may be kept, where that is not as the model was shown it."""
    kept = deepcopy(conversation)
    for _ in rewrite(kept, mask.logged, lambda value: _each_string(value, mask.logged)):
        pass
    return kept


def _each_string(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _each_string(member, change) for name, member in value.items()}
    if isinstance(value, list):
        return [_each_string(member, change) for member in value]
    return value


def _without_media(value: object) -> object:
    """The same JSON with the bytes of media replaced by their number."""
    if isinstance(value, dict):
        return {
            name: f"({len(member)} characters of base64 left out)"
            if name == "bytes"
            else _without_media(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_without_media(member) for member in value]
    return value


def _answer(call: Call) -> str:
    assert call.mask is not None
    if not call.answer:
        return ""
    blocks: list[object] = []
    for block in call.answer:
        # The model may write personal data of its own: what is stored is redacted too.
        text = call.mask.hide_answer(block.text)
        if block.kind == "tool_use":
            use = {"toolUseId": block.tool_use_id, "name": block.name, "input": _json_or_text(text)}
            blocks.append({"toolUse": use})
        elif block.kind == "reasoning":
            blocks.append({"reasoningContent": {"reasoningText": {"text": text}}})
        else:
            blocks.append({"text": text})
    return orjson.dumps(blocks).decode()


def _json_or_text(text: str) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        return text
