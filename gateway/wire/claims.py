"""PURE: members that the masker does not read must be what they claim to be: an enumeration, an id, base64, a pattern.

Whatever else stood there would reach the model and the record as it came. What callers choose freely, such as the ids of
calls, is kept where it is an id, and gets another one where it is not.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from gateway.call.places import Places
from gateway.conversation import Block, Conversation
from gateway.refusals import Refusal
from kernel.tags import personal_kind

_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]*")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.+/-]{0,60}")
_REFERENCE = re.compile(r"[#A-Za-z0-9_$./:%~+-]{0,300}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POINTER = re.compile(r"(?:/[A-Za-z0-9_~-]{1,64}){1,10}")
_CLAIMS: dict[str, re.Pattern[str]] = {
    "bytes": _BASE64, "signature": _BASE64, "redactedContent": _BASE64,
    "format": _WORD, "type": _WORD, "$ref": _REFERENCE,
}  # fmt: skip
_MEMBERS = ("document", "image", "video", "audio", "guard_content", "reasoning_content", "citations_content", "search_result", "cache_point")  # fmt: skip
_UNREAD = frozenset({"pattern", "format", "$ref", "type", "$id", "$schema"})
_MEMBER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,63}")
_MAX_CHECKED = 4096
"""Characters of base64 that are looked at: a text shows itself at once."""


def check_claims(conversation: Conversation, key: bytes, places: Places | None) -> None:
    """Refusal invalid_request, by its place, for what is not what it claims; ids that say something become others.

    The same id becomes the same one wherever it stands, so that a call and its result stay together.
    """
    for message in conversation.messages:
        for block in message.content:
            if block.text is not None:
                continue
            _check_block(block, key, places)
    for pointer in conversation.additional_model_response_field_paths or ():
        if not _POINTER.fullmatch(pointer) or personal_kind(pointer.rpartition("/")[2], is_person=False):
            raise _refused(
                "additionalModelResponseFieldPaths", "each is a pointer to a field, such as /stop_sequence"
            )
    if (tools := conversation.tool_config) is not None:
        for tool in tools.tools:
            if tool.tool_spec is not None:
                _check_name(tool.tool_spec.name)
                _check_schema(tool.tool_spec.input_schema.json)
        _check_members(tools.tool_choice or {})
    for system in conversation.system or ():
        if system.guard_content is not None:
            _check_members(system.guard_content, "system")
    if conversation.output_config is not None:
        _check_members(conversation.output_config, "outputConfig")


def _check_block(block: Block, key: bytes, places: Places | None) -> None:
    place = (places.of(block) if places is not None else "") or ""
    if block.tool_use is not None:
        block.tool_use.tool_use_id = id_kept(block.tool_use.tool_use_id, key)
        _check_members({"type": block.tool_use.type}, place)
        _check_name(block.tool_use.name)
    elif block.tool_result is not None:
        block.tool_result.tool_use_id = id_kept(block.tool_result.tool_use_id, key)
        _check_members({"type": block.tool_result.type}, place)
        for part in block.tool_result.content:
            for name in ("image", "document", "video", "search_result"):
                if (member := getattr(part, name)) is not None:
                    _check_members(member, place)
    else:
        for name in _MEMBERS:
            if (member := getattr(block, name)) is not None:
                _check_members(member, place)


def id_kept(given: str, key: bytes) -> str:
    """An id of a call as it goes on: as it is where it is one, else one made of it."""
    if _ID.fullmatch(given) and not personal_kind(given, is_person=False):
        return given
    return (
        "tooluse_" + blake2b(given.encode("utf-8", "surrogatepass"), key=key[:64], digest_size=12).hexdigest()
    )


def _check_name(name: str) -> None:
    if personal_kind(name, is_person=False):
        raise _refused("name", "the name of a tool looks like somebody's personal data: give it another one")


def _check_members(value: Any, place: str = "") -> None:
    for name, member in _each(value):
        if not _MEMBER.fullmatch(name):
            raise _refused(place or "messages", "a member has a name that no format knows")
        claim = _CLAIMS.get(name)
        if claim is None or not isinstance(member, str):
            continue
        looked = member[:_MAX_CHECKED]
        if not claim.fullmatch(looked) or (claim is not _BASE64 and personal_kind(looked, is_person=False)):
            where = f"{place}.{name}" if place else name
            raise _refused(where, f"'{name}' is not what it has to be here")


def _check_schema(value: Any) -> None:
    """Of a schema, `pattern` and its like are read by nobody: personal data in them is refused."""
    for name, member in _each(value):
        is_unread = name in _UNREAD and isinstance(member, str)
        if is_unread and personal_kind(member, is_person=False):
            raise _refused(name, f"'{name}' in a schema looks like somebody's personal data: leave it out")


def _each(value: Any) -> Iterator[tuple[str, Any]]:
    """All members at any depth, by their names."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield from found.items()
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


def _refused(where: str, why: str) -> Refusal:
    return Refusal("invalid_request", f"{where}: {why}.", param=where)
