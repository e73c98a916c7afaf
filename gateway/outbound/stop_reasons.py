"""PURE: why an answer ended, in each format's words: one table. Converse's own are botocore's `StopReason`."""

from typing import NamedTuple

from gateway.refusals import Refusal


class Words(NamedTuple):
    """How OpenAI and Anthropic say one of Converse's reasons."""

    openai: str
    anthropic: str


STOP_REASONS = {
    "end_turn": Words("stop", "end_turn"),
    "stop_sequence": Words("stop", "stop_sequence"),
    "max_tokens": Words("length", "max_tokens"),
    "model_context_window_exceeded": Words("length", "model_context_window_exceeded"),
    "tool_use": Words("tool_calls", "tool_use"),
    "guardrail_intervened": Words("content_filter", "refusal"),
    "content_filtered": Words("content_filter", "refusal"),
    "refusal": Words(
        "content_filter", "refusal"
    ),  # Anthropic's own, which Converse's model does not have yet
}
"""What has a word in every format. All else is told by name in Converse's format, and is an error in the others."""
_FAILURES = {
    "malformed_model_output": "the model's answer could not be read",
    "malformed_tool_use": "the model asked for a tool in a way that could not be read",
}
_NORMAL = frozenset({"end_turn", "stop_sequence", "tool_use"})


def words_of(reason: str) -> Words:
    """The reason in other formats' words. One without a word, which `failure_of` should have ended, is never a success."""
    return STOP_REASONS.get(reason) or Words("length", reason)


def is_normal(reason: str) -> bool:
    """Whether the model ended by itself, so that there should be an answer."""
    return reason in _NORMAL


def failure_of(reason: str) -> Refusal | None:
    """The error of an answer that ended in a way which is no success. It is charged: no other deployment is asked."""
    if reason in STOP_REASONS:
        return None
    why = _FAILURES.get(reason, "it ended in a way that Gatehouse does not know")
    return Refusal(
        "upstream_error",
        f"The answer is not whole: {why} (stop reason '{reason[:100]}'). What the model wrote is charged.",
        may_be_billed=True,
        may_retry=False,
    )
