"""PURE: the rules a request is held against before it is sent, and what is done where it breaks one.

Each can be switched per deployment, so that a rule that is wrong about AWS is undone without a release.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class Action(StrEnum):
    """What is done about a request that breaks a rule."""

    REPAIR = "repair"
    """It is changed so that the model takes it, and the caller is told."""
    REFUSE = "refuse"
    """It is refused by name, before anything is charged."""
    PASS = "pass"  # noqa: S105 - no password
    """It is sent as it is: Bedrock decides."""


_REPAIR, _REFUSE, _PASS = Action.REPAIR, Action.REFUSE, Action.PASS
_ALL = (_REPAIR, _REFUSE, _PASS)
_NO_REPAIR = (_REFUSE, _PASS)


@dataclass(frozen=True, slots=True)
class Rule:
    """`own` is what is done at Bedrock's own entrance, whose callers expect Bedrock's words; `usual` everywhere else."""

    name: str
    title: str
    repair: str
    """What a repair does; "" where there is none."""
    usual: Action
    own: Action
    source: str

    @property
    def actions(self) -> tuple[Action, ...]:
        """What can be done."""
        return _ALL if self.repair else _NO_REPAIR


_CONVERSE = "API reference: Converse"
RULES = (
    Rule("sampling", "Sampling values", "Dropped.", _REPAIR, _REPAIR,
         "mnfst/modelparams.dev#238; aws-samples/bedrock-access-gateway#191"),
    Rule("max_tokens", "Max output tokens", "Lowered below the model's limit.", _REPAIR, _REPAIR, "vertesia/llumiverse#562"),
    Rule("betas", "Anthropic's beta features that a model does not take", "Left out.", _REPAIR, _REPAIR,
         "AWS user guide: Anthropic Claude Messages API; BerriAI/litellm#19877"),
    Rule("stop_sequences", "Stop sequences of white space", "Dropped.", _REPAIR, _REFUSE, "BerriAI/litellm#3286"),
    Rule("stop_support", "Stop sequences to models without", "", _REFUSE, _REFUSE, "crewAIInc/crewAI#3317"),
    Rule("cache_points", "Cache points", "Dropped; the last four are kept.", _REPAIR, _REPAIR, "BerriAI/litellm#39210"),
    Rule("inputs", "Images, documents, video and audio to models without", "", _REFUSE, _REFUSE, "API reference: ContentBlock"),
    Rule("images", "Images: format, size, count", "The format is set to that of the bytes.", _REPAIR, _REFUSE, "boto/boto3#4415"),
    Rule("documents", "Documents: names, a text beside them", "Names are cleaned, a text is added.", _REPAIR, _REFUSE,
         "maximhq/bifrost#7003; aws-samples/generative-ai-use-cases#1671; BerriAI/litellm#36499"),
    Rule("citations", "Citations to models without", "Dropped.", _REFUSE, _REFUSE, "AWS user guide: Citations"),
    Rule("result_images", "Images in the results of tools", "Moved behind the results.", _REPAIR, _REFUSE,
         "API reference: ToolResultContentBlock"),
    Rule("tools", "Tools to models without", "", _REFUSE, _REFUSE, "API reference: Converse"),
    Rule("tool_choice", "Forced tools to models without", "The model chooses freely.", _REFUSE, _REFUSE, "API reference: ToolChoice"),
    Rule("parallel_tools", "One tool at a time, to models that can't be told", "Dropped.", _REPAIR, _REFUSE, "AWS user guide: Tool use"),
    Rule("tool_names", "Names of tools", "A stable alias, turned back in answers.", _REPAIR, _REFUSE, "NousResearch/hermes-agent#90016"),
    Rule("tool_ids", "IDs of tool calls", "A stable alias.", _REPAIR, _REFUSE, "maximhq/bifrost#6300"),
    Rule("tool_inputs", "Arguments and results that are not objects", "`{}` for nothing, a text for results.", _REPAIR, _REFUSE,
         "sigoden/aichat#1550; sigoden/aichat#1553"),
    Rule("tool_schemas", "Schemas of tools", "The root becomes an object.", _REPAIR, _REFUSE, "API reference: ToolInputSchema"),
    Rule("property_names", "Names of a tool's properties, for Claude", "", _REFUSE, _REFUSE, "Anthropic API docs: Tool use"),
    Rule("tool_history", "Tools in the history, none in the request", "Made up from the history.", _REPAIR, _REFUSE, "vercel/ai#7528"),
    Rule("strict_tools", "Strict tools", "The schema is put into AWS's subset, or `strict` is dropped.", _REPAIR, _REFUSE,
         "AWS user guide: Structured outputs"),
    Rule("results", "Results of tools and other blocks in one turn", "Results first; texts join the last result.", _REPAIR, _REFUSE,
         "browser-use/browser-use#710"),
    Rule("call_order", "Texts behind the calls of tools in one turn", "Moved before them.", _REPAIR, _REFUSE, "NousResearch/hermes-agent#108209"),
    Rule("pairing", "Calls of tools without results, and results without calls", "", _REFUSE, _REFUSE, _CONVERSE),
    Rule("turns", "The order of turns", "Blank turns are dropped, turns of one role joined, a first turn is added.", _REPAIR, _REFUSE, _CONVERSE),
    Rule("blank_text", "Blank texts", "Dropped.", _REPAIR, _REFUSE, "OpenHands/OpenHands#5339; NousResearch/hermes-agent#55093"),
    Rule("prefill", "Ending with the beginning of the answer", "", _REFUSE, _REFUSE, "Anthropic API docs: Prefill"),
    Rule("prefill_space", "White space at the end of the beginning of an answer", "Dropped.", _REPAIR, _REFUSE, "Anthropic API docs: Prefill"),
    Rule("structured_output", "Structured output to models without", "By a tool, or by words, and checked.", _REPAIR, _REFUSE,
         "BerriAI/litellm#27846; maximhq/bifrost#3184; truefoundry/models#2470"),
    Rule("schema", "JSON Schemas outside AWS's subset", "Put into it; the answer is checked against the original.", _REPAIR, _REFUSE,
         "AWS user guide: Structured outputs; langchain-ai/langchain-aws#884"),
    Rule("thinking", "Thinking", "Put as the model takes it, or dropped.", _REPAIR, _REFUSE, "danny-avila/LibreChat#8346"),
    Rule("thinking_budget", "Budgets of thinking that no model takes", "", _REFUSE, _REFUSE, "danny-avila/LibreChat#8346"),
    Rule("effort", "Effort that a model does not take", "Lowered, or dropped.", _REPAIR, _REFUSE, "Anthropic API docs: Effort"),
    Rule("fields", "Fields of other vendors' models", "Dropped.", _REPAIR, _REFUSE, "API reference: Converse, additionalModelRequestFields"),
)  # fmt: skip
BY_NAME = {rule.name: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Actions:
    """What is done about each rule, for one deployment."""

    usual: Mapping[str, Action]
    own: Mapping[str, Action]


@cache
def actions_of(switched: tuple[tuple[str, str], ...] = ()) -> Actions:
    """The actions of a deployment: the usual ones, but for what an admin has switched. What no rule has is overlooked.

    The same object for the same ones, so that what was fitted for one deployment serves for another.
    """
    chosen = {
        name: Action(word) for name, word in switched if name in BY_NAME and word in BY_NAME[name].actions
    }
    return Actions(
        {rule.name: chosen.get(rule.name, rule.usual) for rule in RULES},
        {rule.name: chosen.get(rule.name, rule.own) for rule in RULES},
    )


USUAL = actions_of()
