"""PURE: what a record says of a refusal: why, and where, but never a caller's words. The caller alone is told those."""

import re
from functools import cache

import msgspec

from gateway.call import Call
from gateway.refusals import Refusal
from kernel.tags import kept_tag, unkeyed_tag

_OURS = frozenset(
    {
        "budget_exceeded", "rate_limited", "context_length_exceeded", "max_tokens_exceeded", "unpriced_model", "no_suitable_model", "pii_blocked",
        "content_blocked", "invalid_api_key", "model_not_allowed", "ip_not_allowed", "method_not_allowed", "request_too_large",
        "overloaded", "not_auditable", "internal_error",
    }
)  # fmt: skip
"""Codes whose messages are made of our own words, of numbers, and of names that administrators give."""
_WORDS = {
    "invalid_request": "The request could not be read, or asks for what can't be had.",
    "model_not_found": "There is no such model.",
    "prompt_not_found": "There is no such prompt, label or version.",
    "not_found": "What was asked for is not there.",
    "previous_response_not_found": "The response to go on from is not there.",
    "unsupported_encoding": "The body's encoding is not known.",
    "contract_failed": "The answer did not keep its contract.",
    "unsure": "The model was not sure.",
    "loop_detected": "The session went round in circles.",
}
_MAX_DETAIL = 300
_STEP = re.compile(r"([^.\[\]]+)((?:\[\d*\])*)")


def message_of(call: Call, refusal: Refusal) -> str:
    """The record's message of a refusal."""
    if refusal.code in _OURS:
        return refusal.message
    if refusal.is_upstream:
        return _of_the_provider(call, refusal)
    words = _WORDS.get(refusal.code, "The request was refused.")
    place = place_of(refusal.param)
    return f"{words} Place: {place}." if place else words


def _of_the_provider(call: Call, refusal: Refusal) -> str:
    """The name of its error; and of its words what the log may have, since they may quote what was sent."""
    name = refusal.exception or "The model's side failed"
    if not call.is_redacted:
        return f"{name}."
    return f"{name}: {call.redacted.mask.hide_answer(refusal.message[:_MAX_DETAIL])}"


def place_of(param: str | None) -> str:
    """A place in a request by the names that formats have for it; what a caller made up is shown as `…`."""
    if not param:
        return ""
    steps = [_STEP.fullmatch(step) for step in param.split(".")[:8]]
    return ".".join(
        "…" if match is None else (match[1] if match[1] in _names() else "…") + match[2][:20]
        for match in steps
    )


@cache
def _names() -> frozenset[str]:
    """The names of all members of all formats."""
    found: set[str] = set()
    waiting = list(msgspec.Struct.__subclasses__())
    while waiting:
        struct = waiting.pop()
        waiting += struct.__subclasses__()
        if struct.__module__.startswith("gateway."):
            found.update(struct.__struct_encode_fields__)
    return frozenset(found)


def model_of(call: Call) -> str:
    """The model asked for: as it was named where that led to a route, else as a tag is kept."""
    name = call.request.model
    if call.is_routed or call.has_prompt:
        return name
    return kept_tag(name, call.key.team.placeholder_key, is_person=True) if call.is_authenticated else unkeyed_tag(name, is_person=True)  # fmt: skip
