"""PURE: thinking, effort, and what else Converse has no member for."""

from typing import Any

from gateway.conversation import Block, Json, Message
from gateway.wire.fit.work import Work

_MIN_BUDGET = 1024
_USUAL_BUDGET = 16_000
"""Of tokens to think with, where a caller leaves it to the model and the model wants a number."""
_OWN_FIELDS = {
    "anthropic": frozenset({"thinking", "top_k", "tool_choice", "reasoning_config", "anthropic_beta"}),
    "amazon": frozenset({"reasoningConfig", "inferenceConfig"}),
    "meta": frozenset[str](),
    "openai": frozenset({"reasoning_effort"}),
}
"""What each vendor's models take beyond Converse's own members. Of others little is known, and little is dropped.

Source: AWS user guide, Inference request parameters and response fields.
"""
_FOREIGN = frozenset(
    {"tool_choice", "reasoningConfig", "inferenceConfig", "reasoning_config", "topK", "anthropic_beta"}
)
"""What only the models of one vendor take."""


def mend_fields(work: Work) -> None:
    """Puts thinking as the model takes it; drops fields of other vendors' models."""
    given = work.conversation.additional_model_request_fields
    if given is None:
        return
    fields: Json = dict(given)
    if "thinking" in fields:
        _mend_thinking(work, fields)
    _drop_foreign(work, fields)
    if "top_k" in fields:
        _mend_top_k(work, fields)
    if fields != given:
        work.change(additional_model_request_fields=fields or None)


def _drop_foreign(work: Work, fields: Json) -> None:
    own = _OWN_FIELDS.get(work.capability.model_id.partition(".")[0])
    foreign = fields.keys() & _FOREIGN if own is None else fields.keys() - own
    if work.capability.is_direct and work.capability.supports_parallel_switch:
        foreign -= {"tool_choice"}  # which their own formats have a word for
    for name in sorted(foreign):
        if name == "tool_choice":
            rule, member = "parallel_tools", work.member("tool_choice")
        elif name == "thinking":
            continue  # looked at by what the model can do
        else:
            rule, member = "fields", f"{work.member('fields')}{name}"
        if work.breaks(
            rule, member, f"the model {work.capability.model_id} does not take it. Leave it out.", _extraneous(name)
        ):  # fmt: skip
            work.say(member, "dropped")
            del fields[name]


def _extraneous(name: str) -> str:
    return (
        "The model returned the following errors: Malformed input request: #: extraneous key "
        f"[{name}] is not permitted, please reformat your input and try again."
    )


def _mend_top_k(work: Work, fields: Json) -> None:
    thinks = _kind(fields.get("thinking")) in ("enabled", "adaptive")
    if not thinks and work.capability.sampling != "none":
        return
    why = "can't be set when thinking is enabled" if thinks else "is deprecated for this model"
    if work.breaks(
        "sampling", work.member("top_k"), f"'top_k' {why}. Leave it out.", f"The model returned the following errors: `top_k` {why}"
    ):  # fmt: skip
        work.say(work.member("top_k"), "dropped")
        del fields["top_k"]


def _kind(thinking: Any) -> str:
    return str(thinking.get("type", "")) if isinstance(thinking, dict) else ""


def _mend_thinking(work: Work, fields: Json) -> None:
    thinking = fields["thinking"]
    kind, member = _kind(thinking), work.member("thinking")
    kinds = work.capability.thinking
    if kind == "disabled":
        if not kinds:
            del fields["thinking"]
        return
    if not kinds:
        if work.breaks(
            "thinking", member, f"the model {work.capability.model_id} does not think. Leave it out.", _extraneous("thinking")
        ):  # fmt: skip
            work.say(member, "dropped")
            del fields["thinking"]
        return
    if kind not in ("enabled", "adaptive"):
        _unknown_kind(work, fields, kind)
        return
    if kind == "enabled":
        _check_budget(work, thinking)
    if (kind == "enabled" and "budget" not in kinds) or (kind == "adaptive" and "adaptive" not in kinds):
        _other_kind(work, fields, kind)


def _unknown_kind(work: Work, fields: Json, kind: str) -> None:
    """A kind of Anthropic's own API that Bedrock is not known to take, `between_tools`: the model decides when."""
    member, shown = work.member("thinking"), kind[:100]
    words = (
        f"The model returned the following errors: thinking: Input tag '{shown}' found using 'type' does not match any of the "
        "expected tags: 'disabled', 'enabled', 'adaptive'"
    )
    if not work.breaks("thinking", member, f"Bedrock takes no thinking of type '{shown}'.", words):
        return
    if "adaptive" in work.capability.thinking:
        work.say(member, "type", "adaptive")
        fields["thinking"] = {"type": "adaptive"}
    else:
        work.say(member, "dropped")
        del fields["thinking"]


def _check_budget(work: Work, thinking: Json) -> None:
    """A budget that no model takes is the caller's slip, and refused by name."""
    budget, member = thinking.get("budget_tokens"), f"{work.member('thinking')}.budget_tokens"
    config = work.conversation.inference_config
    most = config.max_tokens if config is not None else None
    if not isinstance(budget, int) or isinstance(budget, bool) or budget < _MIN_BUDGET:
        work.breaks(
            "thinking_budget",
            member,
            f"must be a whole number of at least {_MIN_BUDGET}.",
            "The model returned the following errors: thinking.enabled.budget_tokens: Input should be greater than or equal "
            f"to {_MIN_BUDGET}",
        )
    elif most is not None and budget >= most:
        work.breaks(
            "thinking_budget",
            member,
            f"must be below the {most} tokens that the answer may have in all.",
            "The model returned the following errors: `max_tokens` must be greater than `thinking.budget_tokens`",
        )


def _other_kind(work: Work, fields: Json, kind: str) -> None:
    """Adaptive where the model has no budget, and the other way round."""
    member = work.member("thinking")
    wanted = "adaptive" if kind == "enabled" else "enabled"
    if not work.breaks(
        "thinking",
        member,
        f"the model {work.capability.model_id} takes thinking of type '{wanted}' only.",
        f"The model returned the following errors: thinking.type: Input should be '{wanted}' or 'disabled'",
    ):
        return
    if kind == "enabled":
        kept = {name: value for name, value in fields["thinking"].items() if name != "budget_tokens"}
        fields["thinking"] = {**kept, "type": "adaptive"}
        work.say(member, "type", "adaptive")
        return
    config = work.conversation.inference_config
    most = config.max_tokens if config is not None and config.max_tokens is not None else 2 * _USUAL_BUDGET
    budget = min(_USUAL_BUDGET, most // 2)
    if budget < _MIN_BUDGET:
        work.say(member, "dropped")
        del fields["thinking"]
        return
    fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
    work.say(member, "budget_tokens", str(budget))


def clamp_budget(work: Work) -> None:
    """Lowers a budget that the answer's bound, lowered here, no longer has room for."""
    fields, config = work.conversation.additional_model_request_fields, work.conversation.inference_config
    thinking = (fields or {}).get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if (
        not isinstance(budget, int)
        or config is None
        or config.max_tokens is None
        or budget < config.max_tokens
    ):
        return
    if not any(each.what == "lowered" for each in work.adjustments):
        return  # the caller's own, which was to pass
    kept = {name: value for name, value in (fields or {}).items() if name != "thinking"}
    lowered = config.max_tokens - 1
    member = work.member("thinking")
    if lowered < _MIN_BUDGET:
        work.say(member, "dropped")
    else:
        work.say(f"{member}.budget_tokens", "lowered", str(lowered))
        kept["thinking"] = {**(thinking or {}), "budget_tokens": lowered}
    work.change(additional_model_request_fields=kept or None)


def mend_unthought(work: Work) -> None:
    """Claude, told to think, wants the turn whose calls it is given the results of to begin with thinking.

    A history from before thinking was switched on has none: then this request goes without.
    """
    fields = work.conversation.additional_model_request_fields or {}
    if not work.capability.is_claude or work.thinking.get("type") != "enabled":
        return
    last = next((each for each in reversed(work.conversation.messages) if each.role == "assistant"), None)
    if last is None or last.content[0].reasoning_content is not None:
        return
    if all(block.tool_use is None for block in last.content):
        return
    member = work.member("thinking")
    if work.breaks(
        "thinking",
        member,
        "the last turn of the assistant's that calls tools must begin with thinking.",
        f"The model returned the following errors: {work.where(last.content[0])}: Expected `thinking` or `redacted_thinking`. "
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block.",
    ):
        work.say(member, "dropped")
        kept = {name: value for name, value in fields.items() if name != "thinking"}
        work.change(additional_model_request_fields=kept or None)


_NO_REASONING = (
    "This model doesn't support the reasoningContent field. Remove reasoningContent and try again."
)


def _is_foreign(work: Work, block: Block) -> bool:
    """Whether it is reasoning that the model can't have said."""
    if block.reasoning_content is None:
        return False
    if not work.capability.thinking:
        return True
    shown = block.reasoning_content.get("reasoningText")
    return isinstance(shown, dict) and not shown.get("signature")


def _check_user(work: Work, message: Message) -> None:
    for block in message.content:
        if block.reasoning_content is not None:
            where = work.where(block)
            words = f"The model returned the following errors: {where}: `thinking` blocks can only be in `assistant` messages"
            raise work.refusal(where, "only an assistant's message takes thinking.", words)


def mend_reasoning(work: Work) -> None:
    """Takes out of the history the reasoning of other models: Claude knows its own by the signature, others take none."""
    messages: list[Message] = []
    for message in work.conversation.messages:
        if message.role == "user":
            _check_user(work, message)
        foreign = [block for block in message.content if _is_foreign(work, block)]
        if not foreign:
            messages.append(message)
            continue
        gone = set(map(id, foreign))
        kept = [block for block in message.content if id(block) not in gone]
        where = work.where(foreign[0])
        told, words = f"the model {work.capability.model_id} takes no reasoning.", _NO_REASONING
        if work.capability.thinking:
            told, words = "the reasoning has no signature.", f"{where}.thinking.signature: Field required"
        if not work.breaks("thinking", where, told, words):
            return
        work.say(where, "dropped")
        if kept:
            messages.append(Message(role=message.role, content=kept))
    work.change(messages=messages)
