"""PURE: the bodies of a call: what was said before masking, and what of it is sealed."""

from base64 import b64encode
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import msgspec
import orjson

from gateway.call import AnswerBlock, Call
from gateway.conversation import Block, Conversation, encode
from gateway.outbound.raw import rewritten
from gateway.outbound.unmask import Unmasker, for_json
from gateway.wire.texts import each_string, rewrite
from governance.privacy.policy import storage
from governance.privacy.policy.masking import Mask
from governance.privacy.policy.storage import StoragePolicy, Storing
from governance.records.policy import seal

ChangeText = Callable[[str, str], str]
"""What becomes of a text of a block of some kind."""
_MEDIA = ("image", "document", "video", "audio")


def storing_of(call: Call) -> Storing:
    """What is stored of a call that has ended."""
    if not call.is_redacted:
        return storage.NOTHING
    return storage.decide_storage(
        call.redacted.storage,
        call_id=call.id,
        has_findings=bool(call.redacted.findings),
        is_error=call.refusal is not None,
        is_flagged=call.checks.is_flagged,
    )


def redacted_content(call: Call) -> dict[str, Any]:
    """What is stored of a call in the clear: the request as the model saw it, and the answer."""
    hide = (
        call.redacted.mask.hide_answer
    )  # the model may write personal data of its own: what is stored is redacted too
    answer = (
        orjson.dumps(answer_blocks(call.reply.answer, lambda text, kind: hide(text)))
        if call.reply.answer
        else b""
    )
    return {
        "call_id": call.id,
        "team_id": call.key.team.id,
        "request": _as_logged(call.sent_conversation, call.redacted.mask, call.sent.body).decode(),
        "answer": answer.decode(),
        "kept_until": call.stored.until,
    }


def _as_logged(conversation: Conversation, mask: Mask, encoded: bytes) -> bytes:
    """The conversation as it may be kept, which need not be as the model was shown it."""
    if not mask.logs_differ:
        return request_json(conversation, encoded)
    kept = deepcopy(conversation)
    for _ in rewrite(kept, mask.logged, lambda value: each_string(value, mask.logged)):
        pass
    return request_json(kept)


def raw_request(conversation: Conversation, policy: StoragePolicy) -> bytes:
    """Before masking, which changes the conversation: it as it came, where policy wants it kept; else empty."""
    return request_json(conversation) if policy.bodies == "raw" else b""


def request_json(conversation: Conversation, encoded: bytes = b"") -> bytes:
    """A conversation as JSON, the bytes of media left out. `encoded` is that JSON, where it is known already."""
    if any(_has_media(block) for message in conversation.messages for block in message.content):
        return orjson.dumps(_without_media(msgspec.to_builtins(conversation)))
    return encoded or encode(conversation)


def _has_media(block: Block) -> bool:
    if block.tool_result is not None:
        return any(part.image or part.document or part.video for part in block.tool_result.content)
    return any(getattr(block, name) for name in _MEDIA)


def answer_blocks(answer: Iterable[AnswerBlock], change: ChangeText) -> list[object]:
    """An answer in Converse's shape, each text changed. Of a block of an unknown kind there is the text that it has."""
    blocks: list[object] = []
    for block in answer:
        text = change(block.text, block.kind)
        if block.kind == "tool_use":
            use = {"toolUseId": block.tool_use_id, "name": block.name, "input": _json_or_text(text)}
            blocks.append({"toolUse": use})
        elif block.kind == "reasoning":
            blocks.append({"reasoningContent": {"reasoningText": {"text": text}}})
        elif block.kind == "raw":
            blocks.append({block.name: {"text": text} if text else {}})
        elif block.citations:
            found = rewritten(block.citations, lambda each: change(each, "text"))
            blocks.append({"citationsContent": {"content": [{"text": text}], "citations": found}})
        else:
            blocks.append({"text": text})
    return blocks


def sealed_members(call: Call, *, key: bytes, generation: int, nonce: bytes) -> dict[str, Any]:
    """What was said in the clear, request and answer, sealed: members to add to the call's content."""
    plain = orjson.dumps(
        {
            "request": orjson.Fragment(call.redacted.raw_request),
            "answer": answer_blocks(call.reply.answer, _as_seen(call)),
        }
    )
    sealed = seal(plain, key=key, call_id=call.id, team_id=call.key.team.id, nonce=nonce)
    return {"generation": generation, "sealed": b64encode(sealed).decode()}


def _as_seen(call: Call) -> ChangeText:
    """The text of a block as the caller got it."""
    values, entities = call.redacted.mask.values, call.redacted.mask.entities
    in_json = for_json(values)

    def unmasked(text: str, kind: str) -> str:
        unmasker = Unmasker(in_json if kind == "tool_use" else values, entities)
        return unmasker.feed(text) + unmasker.close()

    return unmasked


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


def _json_or_text(text: str) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        return text
