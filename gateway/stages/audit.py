import asyncio
import logging

import msgspec
import orjson

from gateway.call import Call
from gateway.conversation import encode
from gateway.record import full_record
from gateway.refusals import Refusal
from gateway.runtime import Gateway
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
    content = _content(call) if gateway.logs_content and call.mask is not None else None
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


def _content(call: Call) -> dict[str, object]:
    return {"call_id": call.id, "request": _request(call), "answer": _answer(call)}


def _request(call: Call) -> str:
    if any(
        getattr(block, name)
        for message in call.conversation.messages
        for block in message.content
        for name in _MEDIA
    ):
        return orjson.dumps(_without_media(msgspec.to_builtins(call.conversation))).decode()
    return (call.sent_body or encode(call.conversation)).decode()


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
        text = call.mask.hide(block.text)
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
