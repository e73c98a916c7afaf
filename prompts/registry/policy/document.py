"""PURE: what a version of a prompt says, as one document: stored as JSON, written by teams as YAML."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import msgspec

Json = dict[str, Any]

VariableType = Literal["string", "number", "integer", "boolean", "array", "object"]


EXTRA_FIELDS = frozenset(
    {"thinking", "top_k", "topK", "k", "reasoning_effort", "reasoning_config", "reasoningConfig", "seed"}
)
"""Members of additionalModelRequestFields that change neither what an answer can cost nor who pays for it."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all parts: members left out have their defaults, unknown ones are refused."""


class Variable(_Part, frozen=True, kw_only=True):
    """What callers fill in. `schema` is further JSON Schema: maxLength, enum, minimum, items, …"""

    name: str
    type: VariableType = "string"
    description: str = ""
    is_required: bool = True
    default: Any = msgspec.UNSET
    example: Any = msgspec.UNSET
    schema: Json = {}
    is_personal: bool = False
    """Whether it holds personal data: then no page and no test case repeats its value."""


class PromptMessage(_Part, frozen=True, kw_only=True):
    """One message. The text is a template."""

    role: Literal["system", "user", "assistant"] = "user"
    text: str


class Example(_Part, frozen=True, kw_only=True):
    """A question and the answer that it should get, shown to the model before the messages. No templates."""

    user: str
    assistant: str


class Parameters(_Part, frozen=True, kw_only=True):
    """How the model is to write. What is not set is the model's own."""

    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: tuple[str, ...] = ()
    extra: Json = {}
    """Members for the model alone (Converse's additionalModelRequestFields)."""


class ToolDefinition(_Part, frozen=True, kw_only=True):
    """A tool that the model may ask the application to use."""

    name: str
    description: str = ""
    schema: Json


class Output(_Part, frozen=True, kw_only=True):
    """The output contract. A `schema` makes it JSON; without one any text will do."""

    schema: Json | None = None
    mode: Literal["auto", "native", "tool", "text"] = "auto"
    """How the model is held to it: by its own structured output, by a tool it must use, or by words."""
    corrections: int = 1
    """How often the model is shown what is wrong and asked again, 0 to 3."""
    on_failure: Literal["refuse", "fallback"] = "refuse"
    fallback: Any = msgspec.UNSET
    """The JSON value that is answered then; it must fit the schema. Not set: the prompt's own fallback."""
    streams_prefix: bool = False
    """Whether streaming callers get what is valid so far; otherwise all of it, once it is known to be valid."""
    unsure_when: str = ""
    """The member of the answer (“unsure”, “meta.unsure”) in which the model says with true that it is unsure."""


class PromptLimits(_Part, frozen=True, kw_only=True):
    """Hard limits in tokens. 0: the route's."""

    max_input_tokens: int = 0
    max_output_tokens: int = 0
    too_large: Literal["refuse", "summarise"] = "refuse"
    """What happens to input over the limit: the call is refused, or long variables are summarised first."""
    summary_model: str = ""
    """The route that summarises; "": the prompt's own."""


class Knowledge(_Part, frozen=True, kw_only=True):
    """Passages put before the model, as the variable `knowledge`."""

    bases: tuple[str, ...] = ()
    query: str = ""
    """A template of what is looked for; "": all of the caller's string variables."""
    top_k: int = 5
    floor: float = 0.7
    max_tokens: int = 2000
    unsure_below: float = 0.0
    """Below this confidence (0 to 1) the prompt is unsure."""
    when_unsure: Literal["answer", "refuse"] = "answer"
    """Then: `unsure_answer` instead of the model's, where there is one; or the call is refused."""
    unsure_answer: str = ""


class ScoreWeights(_Part, frozen=True, kw_only=True):
    """How much each counts where the model's route chooses by score, from 0 to 1."""

    cost: float
    quality: float
    latency: float

    def __post_init__(self) -> None:
        values = (self.cost, self.quality, self.latency)
        if not all(0 <= each <= 1 for each in values) or not sum(values):
            raise ValueError("the weights must be from 0 to 1, and not all 0")


class Document(_Part, frozen=True, kw_only=True):
    """One version."""

    messages: tuple[PromptMessage, ...] = ()
    variables: tuple[Variable, ...] = ()
    examples: tuple[Example, ...] = ()
    model: str = ""
    """The name of a route."""
    fallbacks: tuple[str, ...] = ()
    """Names of routes that answer when the model's can't, in order; they come before the route's own."""
    regions: tuple[str, ...] = ()
    """Regions or geographies that answer; empty: as its team and route say."""
    weights: ScoreWeights | None = None
    """Of scores, where the route chooses by score; None: the route's."""
    parameters: Parameters = Parameters()
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: str = "auto"
    """auto, any, or a tool's name."""
    output: Output = Output()
    limits: PromptLimits = PromptLimits()
    caches_prefix: bool = False
    """Whether the provider's prompt cache keeps what stands before the first message with variables."""
    cache_key: str = ""
    """A template of the slot that keeps its answer, where answers are kept: variables, and `half_day`, `day` or `hour`."""
    privacy: Json | None = None
    """A privacy policy of its own, as `governance.privacy.policy.privacy.Document`: it adds to those of team and application."""
    context: tuple[str, ...] = ()
    """Names of context sources of the team, each a variable of that name."""
    knowledge: Knowledge = Knowledge()
    takes_messages: bool = True
    """Whether callers may send messages of their own, which follow those of the prompt."""


PARTS: dict[str, tuple[str, ...]] = {
    "messages": ("messages", "examples", "takes_messages"),
    "variables": ("variables",),
    "model": ("model", "fallbacks", "regions", "weights", "parameters", "caches_prefix", "cache_key"),
    "tools": ("tools", "tool_choice"),
    "output": ("output",),
    "privacy": ("privacy",),
    "context": ("context", "knowledge"),
    "limits": ("limits",),
}
"""Members by the part that an approval rule can ask about."""


def decode_document(value: Mapping[str, Any]) -> Document:
    """A document from its JSON value. msgspec.ValidationError says what does not fit, and where."""
    return msgspec.convert(value, Document)


def encode_document(document: Document) -> Json:
    """The JSON value of a document, defaults left out: the same for documents that say the same."""
    value: Json = _plain(document)
    return value


def _plain(value: Any) -> Any:
    # msgspec's own omit_defaults goes by identity: a text that was typed in is not the default it equals.
    if isinstance(value, _Part):
        return {
            name: _plain(member)
            for name, default in _defaults(type(value))
            if (member := getattr(value, name)) is not msgspec.UNSET and member != default
        }
    return [_plain(member) for member in value] if isinstance(value, tuple) else value


@cache
def _defaults(part: type[_Part]) -> tuple[tuple[str, Any], ...]:
    """Names of members with their defaults; UNSET where there is none, which nothing equals that is written."""
    return tuple((each.name, _default(each)) for each in msgspec.structs.fields(part))


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return msgspec.UNSET if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def changed_parts(before: Document | None, after: Document) -> frozenset[str]:
    """The parts that differ; all of them where there was nothing before."""
    if before is None:
        return frozenset(PARTS)
    return frozenset(
        part
        for part, members in PARTS.items()
        if any(getattr(before, name) != getattr(after, name) for name in members)
    )
