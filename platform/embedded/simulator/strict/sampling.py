"""Rules of inference: thinking, sampling, effort, limits, stop sequences, and fields that a model doesn't know."""

from typing import Any

from embedded.simulator.shapes import mapping, sequence
from embedded.simulator.strict.asked import Asked
from embedded.simulator.strict.rule import Found, Rule, found

_LEAST_BUDGET = 1_024
_LEAST_TOP_P = 0.95
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
# Levels that came later than their models. Source: BerriAI/litellm#27074 and #27367; Anthropic API docs: Effort.
_UNTHINKING_EFFORTS = frozenset(("xhigh", "max"))
# What each vendor's models take beyond Converse's own members. Of others nothing is known, and nothing is refused.
_EXTRA: dict[str, frozenset[str]] = {
    "anthropic": frozenset(
        (
            "thinking", "top_k", "anthropic_beta", "anthropic_version", "output_config", "tools", "tool_choice", "metadata",
            "context_management", "reasoning_config", "speed",
        )
    ),
    "amazon": frozenset(("inferenceConfig", "reasoningConfig", "toolConfig", "schemaVersion", "system_tools")),
    "meta": frozenset(),
}  # fmt: skip


def _vendor(asked: Asked) -> str:
    return "anthropic" if asked.is_claude else asked.model.model_id.partition(".")[0]


def _extra(asked: Asked) -> dict[str, Any]:
    return mapping(asked.body.get("additionalModelRequestFields")) if asked.is_converse else {}


def extra_of_claude(asked: Asked) -> Found | None:
    if not asked.is_claude:
        return None
    unknown = next((name for name in _extra(asked) if name not in _EXTRA["anthropic"]), None)
    return found(unknown is not None, name=unknown)


def extra_of_others(asked: Asked) -> Found | None:
    known = _EXTRA.get(_vendor(asked))
    if asked.is_claude or known is None or not asked.can.is_known:
        return None
    unknown = next((name for name in _extra(asked) if name not in known), None)
    return found(unknown is not None, name=unknown)


def pointer(asked: Asked) -> Found | None:
    paths = sequence(asked.body.get("additionalModelResponseFieldPaths")) if asked.is_converse else []
    wrong = next((path for path in paths if not str(path).startswith("/")), None)
    return found(wrong is not None, path=wrong)


def over_the_limit(asked: Asked) -> Found | None:
    limit = asked.model.max_output_tokens
    return found(limit and asked.max_tokens is not None and asked.max_tokens >= limit, limit=limit)


def no_stop_sequences(asked: Asked) -> Found | None:
    return found(asked.stop_sequences and not asked.can.stop_sequences)


def blank_stop_sequence(asked: Asked) -> Found | None:
    return found(asked.is_claude and any(not text.strip() for text in asked.stop_sequences))


def temperature_alone(asked: Asked) -> Found | None:
    both = asked.temperature is not None and asked.top_p is not None
    return found(both and asked.can.sampling == "one")


def deprecated_value(asked: Asked) -> Found | None:
    if asked.can.sampling != "none":
        return None
    if asked.temperature is not None and asked.temperature != 1:
        return {"name": "temperature"}
    return found(
        asked.top_p is not None or asked.top_k is not None, name="top_k" if asked.top_p is None else "top_p"
    )


def no_budget_kind(asked: Asked) -> Found | None:
    return found(
        asked.is_claude and asked.thinking.get("type") == "enabled" and "budget" not in asked.can.thinking
    )


def no_adaptive_kind(asked: Asked) -> Found | None:
    return found(
        asked.is_claude and asked.thinking.get("type") == "adaptive" and "adaptive" not in asked.can.thinking
    )


def unknown_kind(asked: Asked) -> Found | None:
    kind = asked.thinking.get("type")
    return found(asked.thinking and kind not in ("enabled", "disabled", "adaptive"), kind=kind)


def small_budget(asked: Asked) -> Found | None:
    budget = asked.thinking.get("budget_tokens")
    is_number = isinstance(budget, int) and not isinstance(budget, bool)
    return found(asked.thinking.get("type") == "enabled" and is_number and int(budget or 0) < _LEAST_BUDGET)


def no_budget(asked: Asked) -> Found | None:
    budget = asked.thinking.get("budget_tokens")
    is_number = isinstance(budget, int) and not isinstance(budget, bool)
    return found(asked.thinking.get("type") == "enabled" and not is_number)


def large_budget(asked: Asked) -> Found | None:
    if asked.thinking.get("type") != "enabled" or asked.max_tokens is None:
        return None
    return found(asked.max_tokens <= asked.thinking["budget_tokens"])


def warm_thinking(asked: Asked) -> Found | None:
    return found(asked.thinks and asked.temperature not in (None, 1))


def thinking_with_top_k(asked: Asked) -> Found | None:
    return found(asked.thinks and asked.top_k is not None)


def thinking_with_top_p(asked: Asked) -> Found | None:
    return found(asked.thinks and asked.top_p is not None and asked.top_p < _LEAST_TOP_P)


def thinking_with_forced_tool(asked: Asked) -> Found | None:
    return found(asked.thinks and asked.is_forced)


def unthought_call(asked: Asked) -> Found | None:
    """While a tool's results are given to a model that thinks, the turn that called it begins with thinking."""
    if not asked.is_claude or asked.thinking.get("type") != "enabled":
        return None
    last = next((message for message in reversed(asked.messages) if message.role == "assistant"), None)
    if last is None or not any(block.kind == "toolUse" for block in last.blocks):
        return None
    first = last.blocks[0]
    told = {"toolUse": "tool_use"}.get(first.kind, first.kind)
    return found(first.kind != "reasoningContent", path=first.path, told=told)


def no_effort(asked: Asked) -> Found | None:
    return found(asked.effort is not None and not asked.can.efforts)


def unknown_effort(asked: Asked) -> Found | None:
    return found(asked.effort is not None and asked.effort not in _EFFORTS)


def no_such_effort(asked: Asked) -> Found | None:
    levels = asked.can.efforts
    wrong = asked.effort in _EFFORTS and asked.effort not in levels
    return found(wrong, effort=asked.effort, levels=", ".join(sorted(levels)))


def unthinking_effort(asked: Asked) -> Found | None:
    """Opus 5 thinks unless it is told not to, and the highest efforts are of thinking."""
    if asked.effort not in _UNTHINKING_EFFORTS:
        return None
    is_told = asked.thinking.get("type") == "disabled" and asked.model.model_id.startswith(
        "anthropic.claude-opus-5"
    )
    return found(is_told, effort=asked.effort)


def reserved_tier(asked: Asked) -> Found | None:
    return found(mapping(asked.body.get("serviceTier")).get("type") == "reserved")


def cached_when_optimized(asked: Asked) -> Found | None:
    """The latency of a model and its prompt cache are served apart."""
    if not asked.cache_points or not asked.is_claude:
        return None
    if mapping(asked.body.get("performanceConfig")).get("latency") != "optimized":
        return None
    before, _, last = asked.cache_points[0].path.rpartition(".")
    return {"path": f"{before.removeprefix('toolConfig.')}.{max(0, int(last) - 1)}"}


_THINKING = "Anthropic API docs: Extended thinking"
INFERENCE = (
    Rule("pointers", "The JSON pointer {path} in additionalModelResponseFieldPaths is invalid. It must start with /.", "botocore bedrock-runtime: ConverseRequest", pointer),
    Rule(
        "output limit",
        "The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens value that is "
        "lower than {limit}.",
        "vertesia/llumiverse#562",
        over_the_limit,
    ),
    Rule(
        "stop sequences",
        "This model doesn't support the stopSequences field. Remove stopSequences and try again.",
        "langchain-ai/langchain-aws#664; crewAIInc/crewAI#3317",
        no_stop_sequences,
    ),
    Rule("blank stop sequences", "stop_sequences: each stop sequence must contain non-whitespace", "BerriAI/litellm#3286", blank_stop_sequence, by_model=True),
    Rule("extra fields of Claude", "{name}: Extra inputs are not permitted", "Anthropic API: Messages", extra_of_claude, by_model=True),
    Rule(
        "extra fields",
        "Malformed input request: #: extraneous key [{name}] is not permitted, please reformat your input and try again.",
        "AWS user guide: Inference request parameters and response fields",
        extra_of_others,
        by_model=True,
    ),
    Rule("deprecated values", "`{name}` is deprecated for this model.", "mnfst/modelparams.dev#238", deprecated_value, by_model=True),
    Rule(
        "one of temperature and top_p",
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        "aws-samples/bedrock-access-gateway#191",
        temperature_alone,
        by_model=True,
    ),
    Rule(
        "kinds of thinking",
        "thinking: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'enabled', 'disabled', 'adaptive'",
        _THINKING,
        unknown_kind,
        by_model=True,
    ),
    Rule(
        "no budgets",
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to '
        "control thinking behavior.",
        "Anthropic API docs: Adaptive thinking",
        no_budget_kind,
        by_model=True,
    ),
    Rule("not adaptive", "adaptive thinking is not supported on this model", "Anthropic API docs: Adaptive thinking", no_adaptive_kind, by_model=True),
    Rule("a budget", "thinking.enabled.budget_tokens: Field required", _THINKING, no_budget, by_model=True),
    Rule("least budget", "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024", "danny-avila/LibreChat#8346", small_budget, by_model=True),
    Rule("budget below the output", "`max_tokens` must be greater than `thinking.budget_tokens`", _THINKING, large_budget, by_model=True),
    Rule("thinking's temperature", "`temperature` may only be set to 1 when thinking is enabled", "mnfst/modelparams.dev#305", warm_thinking, by_model=True),
    Rule("thinking without top_k", "`top_k` must be unset when thinking is enabled", _THINKING, thinking_with_top_k, by_model=True),
    Rule("thinking's top_p", "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled", _THINKING, thinking_with_top_p, by_model=True),
    Rule("thinking and forced tools", "Thinking may not be enabled when tool_choice forces tool use.", _THINKING, thinking_with_forced_tool, by_model=True),
    Rule(
        "thinking before calls",
        "{path}: Expected `thinking` or `redacted_thinking`, but found `{told}`. When `thinking` is enabled, a final `assistant` "
        "message must start with a thinking block.",
        "Anthropic API docs: Extended thinking (preserving thinking blocks)",
        unthought_call,
        by_model=True,
    ),
    Rule("no effort", "This model does not support the effort parameter.", "Anthropic API docs: Effort", no_effort, by_model=True),
    Rule(
        "efforts",
        "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
        "Anthropic API docs: Effort",
        unknown_effort,
        by_model=True,
    ),
    Rule(
        "efforts of each model",
        "This model does not support effort level '{effort}'. Supported levels: {levels}.",
        "BerriAI/litellm#27367; BerriAI/litellm#27074",
        no_such_effort,
        by_model=True,
    ),
    Rule(
        "efforts without thinking",
        "output_config.effort '{effort}' is not supported when thinking is disabled on this model. Use effort 'high' or below, or "
        "enable thinking.",
        "anthropics/claude-code#81084",
        unthinking_effort,
        by_model=True,
    ),
)  # fmt: skip
SERVED = (
    Rule("reserved tier", "Reservation not found.", "envoyproxy/ai-gateway#1749; NousResearch/hermes-agent#34476", reserved_tier),
    Rule("optimized latency or a cache", "{path}.cache_control: Extra inputs are not permitted", "boto/boto3#4626", cached_when_optimized, by_model=True),
)  # fmt: skip
