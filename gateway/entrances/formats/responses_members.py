"""PURE: every member of a Responses request, and what becomes of it: one table, so that none is lost in silence.

Source: `ResponseCreateParams` of the `openai` SDK; a member that a newer one adds fails a test until it stands here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.entrances.formats.members import Treatment, shown_name
from gateway.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Member:
    """One member: how it is treated, when it asks for nothing all the same, and what to do where it is refused."""

    treatment: Treatment
    hint: str = "Leave it out."
    asks_nothing: Callable[[Any], bool] = lambda value: value in (None, False, 0, "", [], {})


_HONOURED, _LET_GO, _DROPPED = Member(Treatment.HONOURED), Member(Treatment.LET_GO), Member(Treatment.NOTED)
_AS_USUAL = Member(Treatment.NOTED, asks_nothing=lambda value: value in (None, "auto", "default", "disabled", "standard"))  # fmt: skip
MEMBERS: Mapping[str, Member] = {
    **dict.fromkeys(
        (
            "model", "input", "instructions", "stream", "max_output_tokens", "temperature", "top_p", "tools", "tool_choice",
            "parallel_tool_calls", "reasoning", "text", "store", "previous_response_id", "prompt", "metadata", "include",
            "service_tier", "prompt_cache_key",
        ),
        _HONOURED,
    ),
    # Told back in the response where OpenAI does so; nothing here depends on them.
    **dict.fromkeys(
        (
            "user", "safety_identifier", "prompt_cache_retention", "client_metadata", "stream_options",
            "max_tool_calls",  # of tools that OpenAI runs: none is run here
        ),
        _LET_GO,
    ),
    "truncation": _AS_USUAL,
    "access_programs": _DROPPED,
    "background_options": _DROPPED,
    "context_management": _DROPPED,
    "image": _DROPPED,
    "prompt_cache_options": Member(
        Treatment.NOTED, asks_nothing=lambda value: not isinstance(value, dict) or set(value) <= {"mode", "ttl"}
    ),
    "background": Member(Treatment.REFUSED, "An answer is given at once, or streamed: set it to false."),
    "conversation": Member(Treatment.REFUSED, "There is no store of conversations: send the items in 'input'."),
    "moderation": Member(
        Treatment.REFUSED, "What is looked for in requests and answers is set by the team's privacy policy."
    ),
    "top_logprobs": Member(Treatment.REFUSED, "Bedrock tells no probabilities of tokens. Leave it out."),
}  # fmt: skip
_REFUSED_INCLUDES = {"message.output_text.logprobs": "Bedrock tells no probabilities of tokens."}


def check_members(body: Mapping[str, Any], places: Places) -> None:
    """Notes members that are let go although they ask for something, unknown ones among them. Refusal invalid_request."""
    for name, value in body.items():
        member = MEMBERS.get(name, _DROPPED)
        if member.treatment in (Treatment.HONOURED, Treatment.LET_GO) or member.asks_nothing(value):
            continue
        if member.treatment is Treatment.REFUSED:
            told = f"'{name}' is not supported for models on Bedrock. {member.hint}"
            raise Refusal("invalid_request", told, param=name)
        places.adjustments.append(Adjustment(shown_name(name), "dropped"))
    options = body.get("prompt_cache_options")
    if isinstance(options, dict) and options.get("prewarm"):
        raise Refusal(
            "invalid_request",
            "'prompt_cache_options.prewarm' is not supported for models on Bedrock: there is no call without an answer.",
            param="prompt_cache_options.prewarm",
        )


def check_includes(asked: list[str] | None) -> None:
    """Refusal invalid_request for what can't be included; what only other tools have is never there."""
    for name in asked or ():
        if name in _REFUSED_INCLUDES:
            told = f"'include': {name} is not supported for models on Bedrock. {_REFUSED_INCLUDES[name]}"
            raise Refusal("invalid_request", told, param="include")
