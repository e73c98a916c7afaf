"""PURE: how hard a model is to think: Converse's effort, and OpenAI's word for it as each model takes it.

Sources: the OpenAI API reference, "Create chat completion" (`reasoning_effort`); AWS user guide, OpenAI models (gpt-oss
takes low, medium and high) and Amazon Nova 2 (`reasoningConfig`; at `high` it takes no maxTokens, which is always sent
here); Anthropic API docs, Extended thinking, Adaptive thinking and Effort.
"""

from gateway.conversation import InferenceConfig, Json
from gateway.wire.fit.work import Work

_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 24_576, "max": 32_000}
"""Tokens to think with, of models that want a number."""
_ORDER = tuple(_BUDGETS)
_MIN_BUDGET = 1024


def mend_reasoning_effort(work: Work) -> None:
    """Puts OpenAI's `reasoning_effort` as the model takes it; drops it, and says so, where it has no such thing."""
    fields: Json = dict(work.conversation.additional_model_request_fields or {})
    asked = fields.pop("reasoning_effort", None)
    if asked is None:
        return
    member = work.member("reasoning_effort")
    if asked not in _BUDGETS and asked != "none":
        words = f"'{str(asked)[:50]}' is not an effort. Use one of: none, {', '.join(_ORDER)}."
        raise work.refusal(member, words)
    vendor = work.capability.model_id.partition(".")[0]
    if vendor == "openai":
        taken = _nearest(str(asked), ("low", "medium", "high"))
        fields["reasoning_effort"] = taken
        if taken != asked:
            work.say(member, "taken", taken)
    elif asked == "none":
        if work.capability.thinking and "thinking" not in fields:
            fields["thinking"] = {"type": "disabled"}
    elif work.capability.model_id.startswith("amazon.nova-2"):
        taken = _nearest(str(asked), ("low", "medium"))
        fields["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": taken}
        if taken != asked:
            work.say(member, "taken", taken)
    elif not work.capability.thinking:
        work.say(member, "dropped")
    else:
        _of_claude(work, fields, str(asked))
    work.change(additional_model_request_fields=fields or None)


def _of_claude(work: Work, fields: Json, asked: str) -> None:
    """Adaptive thinking with an effort, or a budget of the answer's tokens that leaves half of them for the answer."""
    if work.capability.efforts:
        effort = asked if asked in work.capability.efforts else _nearest(asked, work.capability.efforts)
        wanted = dict(work.conversation.output_config or {})
        wanted.setdefault("effort", effort)
        work.change(output_config=wanted)
        if effort != asked:
            work.say(work.member("reasoning_effort"), "taken", effort)
    if "thinking" in fields:
        return
    config = work.conversation.tool_config
    if config is not None and config.tool_choice is not None and "auto" not in config.tool_choice:
        # Claude does not think where it must call a tool (Anthropic API docs: Extended thinking with tool use).
        work.say(work.member("reasoning_effort"), "without thinking")
        return
    if "adaptive" in work.capability.thinking:
        fields["thinking"] = {"type": "adaptive"}
        return
    inference = work.conversation.inference_config or InferenceConfig()
    budget = _BUDGETS[asked]
    if inference.max_tokens is not None:
        budget = min(budget, inference.max_tokens // 2)
    if budget < _MIN_BUDGET:
        work.say(work.member("reasoning_effort"), "dropped")
        return
    fields["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _nearest(asked: str, levels: tuple[str, ...]) -> str:
    """Of these levels the highest that is not above what is asked for, else the lowest."""
    place = _ORDER.index(asked) if asked in _ORDER else 0
    below = [level for level in levels if level in _ORDER and _ORDER.index(level) <= place]
    return below[-1] if below else levels[0]


def mend_effort(work: Work) -> None:
    """Lowers the effort to the highest level that the model takes; drops it where it takes none."""
    config, levels = work.conversation.output_config, _levels(work)
    asked = (config or {}).get("effort")
    if config is None or asked is None or asked in levels:
        return
    member = work.member("effort")
    kept = {name: value for name, value in config.items() if name != "effort"}
    if not levels:
        told, words = f"the model {work.capability.model_id} does not take it.", _NO_EFFORT
    else:
        told = f"the model {work.capability.model_id} takes: {', '.join(levels)}."
        words = f"This model does not support effort level '{asked}'. Supported levels: {', '.join(sorted(levels))}."
    if not work.breaks("effort", member, told, words):
        return
    if levels:
        work.say(member, "lowered", levels[-1])
        kept["effort"] = levels[-1]
    else:
        work.say(member, "dropped")
    work.change(output_config=kept or None)


def _levels(work: Work) -> tuple[str, ...]:
    """Opus 5 thinks unless it is told not to, and its highest levels are of thinking (Anthropic API docs: Effort)."""
    if work.thinking.get("type") == "disabled" and work.capability.model_id.startswith(
        "anthropic.claude-opus-5"
    ):
        return tuple(level for level in work.capability.efforts if level not in ("xhigh", "max"))
    return work.capability.efforts


_NO_EFFORT = "This model does not support the effort parameter."
