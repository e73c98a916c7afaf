"""The tables: what Bedrock refuses, in the order in which it looks."""

from embedded.simulator.strict import anthropic, cache_points, content, conversation, pairing, sampling, tools
from embedded.simulator.strict.rule import Rule

OF_THE_SERVICE: tuple[Rule, ...] = (
    *conversation.ORDER,
    *conversation.ROLES,
    *pairing.PAIRING,
    *content.MEDIA,
    *tools.TOOLS,
    *tools.TAKES,
    *cache_points.CACHE,
)
CONVERSE: tuple[Rule, ...] = (
    *OF_THE_SERVICE,
    anthropic.BETA,
    *sampling.INFERENCE,
    *sampling.SERVED,
    *pairing.OF_MODELS,
    *conversation.OF_MODELS,
    *tools.STRUCTURE,
)
MESSAGES: tuple[Rule, ...] = (
    *anthropic.MEMBERS,
    anthropic.BETA,
    *conversation.ROLES,
    *pairing.OF_MODELS,
    *pairing.MESSAGES,
    *content.IMAGES,
    *(rule for rule in cache_points.CACHE if rule.by_model),
    *tools.NAMES,
    *sampling.INFERENCE,
    *conversation.OF_MODELS,
    *tools.STRUCTURE,
)
_LENIENT = frozenset(
    (
        "starts with a user", "roles alternate", "content", "blank text", "tools are defined", "results without calls",
        "calls are answered", "type of a tool's input", "chosen tool", "output limit", "reasoning unchanged",
        "blank stop sequences",
    )
)  # fmt: skip
CONVERSE_LENIENT = tuple(rule for rule in CONVERSE if rule.name in _LENIENT)
"""For benchmarks: what costs next to nothing and keeps conversations in order."""
MESSAGES_LENIENT = tuple(rule for rule in MESSAGES if rule.name in _LENIENT)
