"""PURE: what an answer is known by. Every digest is keyed by the team's own key, so that none is another team's."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.conversation import Block, Conversation, encode

if TYPE_CHECKING:
    from gateway.call import Call

_VERSION = 1
_pack = msgspec.msgpack.Encoder().encode


def exact_digest(call: Call) -> bytes:
    """Of the request as the model would get it: after prompt, masking and defences; and of whether the answer is held to the
    schema that the caller gave, as it is in all formats but Converse."""
    return _digest(call, "exact", _asked(call.conversation), _options(call), call.contract is not None)


def scope_digest(call: Call, question: Block, *, embedder: str, language: str, version: int) -> bytes:
    """Of all that must be the same for a similar question: everything but that text."""
    text, question.text = question.text, ""
    try:
        asked = _asked(call.conversation)
    finally:
        question.text = text
    is_held = call.contract is not None
    return _digest(call, "semantic", asked, _options(call), is_held, embedder, language, version)


def slot_digest(call: Call, key: str) -> bytes:
    """Of a slot's key, of what the answer must look like, and where documents are drawn on, of the application: some may be open
    to it alone."""
    conversation = call.conversation
    config = conversation.inference_config
    form = (conversation.output_config, conversation.tool_config, config and config.max_tokens)
    return _digest(
        call,
        "slot",
        key,
        *map(_plain, form),
        _options(call),
        call.asked_output is not None and not call.is_own,
        call.key.application_id if call.has_prompt and call.prompt.compiled.document.knowledge.bases else 0,
    )


def retrieval_digest(call: Call, bases: Any, question: str, limits: Any) -> bytes:
    """Of what a question finds in knowledge bases, for one application: documents may be open to some alone."""
    return _digest(call, "retrieval", call.key.application_id, bases, question, limits)


def _digest(call: Call, *parts: Any) -> bytes:
    run = call.prompt if call.has_prompt else None
    version = run.version.number if run is not None and run.version is not None else 0
    head = (
        _VERSION,
        call.key.team.id,
        call.rules.fingerprint,
        call.routed.route.name,
        sorted({each.model_id for each in call.routed.own}),
        run.prompt.id if run is not None else 0,
        version,
    )
    return blake2b(_pack((head, parts)), key=call.key.team.placeholder_key[:64], digest_size=32).digest()


def _asked(conversation: Conversation) -> bytes:
    told = conversation.request_metadata
    conversation.request_metadata = None  # which tells AWS's logs something, and the model nothing
    try:
        return encode(conversation)
    finally:
        conversation.request_metadata = told


def _options(call: Call) -> Any:
    request = call.request
    options = None if request.embedding is None else repr(request.embedding)
    return request.kind, request.dimensions, options


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value


def moments(now: datetime, zone: str) -> dict[str, str]:
    """What keys of slots can name, by the clock of a team's zone: `half_day` as 2026-11-30-am, `day`, `hour`."""
    local = now.astimezone(ZoneInfo(zone))
    half = "am" if local.hour < 12 else "pm"
    # An hour that the clock goes through twice is two hours: their offsets differ.
    return {
        "half_day": f"{local:%Y-%m-%d}-{half}",
        "day": f"{local:%Y-%m-%d}",
        "hour": f"{local:%Y-%m-%dT%H%z}",
    }


def filled(key: str, now: datetime, zone: str) -> str:
    """A caller's key, with `{half_day}`, `{day}` and `{hour}` filled in."""
    if "{" not in key:
        return key
    for name, value in moments(now, zone).items():
        key = key.replace(f"{{{name}}}", value)
    return key
