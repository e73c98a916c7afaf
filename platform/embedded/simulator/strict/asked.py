"""A request as the rules see it: the same for Converse's body and for Anthropic's."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from embedded.simulator.models import SimulatedModel
from embedded.simulator.shapes import integer, mapping, number, sequence, string
from embedded.simulator.strict.capabilities import ModelCapabilities

FORCED = ("any", "tool")


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block of a message: `kind` is the member of Converse's union, `value` what it holds."""

    message: int
    index: int
    role: str
    kind: str
    value: Any

    @property
    def path(self) -> str:
        """As Bedrock's prose has it: indices from 0."""
        return f"messages.{self.message}.content.{self.index}"


@dataclass(slots=True)
class AskedMessage:
    """A message and its blocks."""

    role: str
    blocks: list[PlacedBlock]


@dataclass(slots=True)
class AskedTool:
    """A tool that the model may call."""

    name: str
    schema: Any
    is_strict: bool
    place: int


@dataclass(frozen=True, slots=True)
class CachePlace:
    """A cache point: where it stands and how long it lives."""

    place: str  # tools, system, messages
    path: str
    ttl: str


@dataclass(slots=True)
class Asked:
    """What is asked of a model."""

    model: SimulatedModel
    can: ModelCapabilities
    body: dict[str, Any]
    is_converse: bool
    messages: list[AskedMessage] = field(default_factory=list)
    system: list[tuple[str, Any]] = field(default_factory=list)
    tools: list[AskedTool] = field(default_factory=list)
    tool_choice: str = ""  # auto, any, tool, none, or empty
    chosen_tool: str = ""
    is_forced: bool = False  # whether the model must call a tool, by either of the ways to say so
    cache_points: list[CachePlace] = field(default_factory=list)
    thinking: dict[str, Any] = field(default_factory=dict)
    effort: Any = None
    output_schema: Any = None
    has_output_format: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Any = None
    stop_sequences: list[str] = field(default_factory=list)
    by_kind: dict[str, list[PlacedBlock]] = field(default_factory=dict)
    inside: dict[str, list[tuple[str, Any]]] | None = None  # of results of tools, once asked for

    def of(self, kind: str) -> list[PlacedBlock]:
        """The blocks of a kind, in order."""
        return self.by_kind.get(kind, [])

    def add(self, role: str, blocks: Iterable[tuple[str, Any]]) -> None:
        """Adds a message."""
        position = len(self.messages)
        placed = [
            PlacedBlock(position, index, role, kind, value) for index, (kind, value) in enumerate(blocks)
        ]
        for block in placed:
            self.by_kind.setdefault(block.kind, []).append(block)
        self.messages.append(AskedMessage(role, placed))

    def inner(self, kind: str) -> list[tuple[str, Any]]:
        """The blocks of a kind inside results of tools, and where they are."""
        if self.inside is None:
            self.inside = {}
            for result in self.of("toolResult"):
                for index, part in enumerate(sequence(mapping(result.value).get("content"))):
                    name, value = first_member(part)
                    path = f"{result.path}.toolResult.content.{index}"
                    self.inside.setdefault(name, []).append((path, value))
        return self.inside.get(kind, [])

    @property
    def is_claude(self) -> bool:
        """Whether the model behind is Anthropic's, with that model's own words."""
        return self.model.speaks_anthropic

    @property
    def thinks(self) -> bool:
        """Whether thinking is asked for, in either way."""
        return self.thinking.get("type") in ("enabled", "adaptive")


def first_member(block: Any) -> tuple[str, Any]:
    """The member of a union that is set."""
    for name, value in mapping(block).items():
        if value is not None:
            return name, value
    return "", None


def asked_by_converse(body: dict[str, Any], model: SimulatedModel) -> Asked:
    """Raises AwsError (400) for values of the wrong type."""
    asked = Asked(model, model.capabilities, body, is_converse=True)
    for message in map(mapping, sequence(body.get("messages"))):
        asked.add(string(message.get("role")), map(first_member, sequence(message.get("content"))))
    asked.system = [first_member(block) for block in sequence(body.get("system"))]
    _read_tools(asked, mapping(body.get("toolConfig")))
    _read_inference(asked, mapping(body.get("inferenceConfig")))
    extra = mapping(body.get("additionalModelRequestFields"))
    more = mapping(extra.get("tool_choice")).get("type")
    asked.is_forced = asked.tool_choice in FORCED or more in FORCED
    asked.thinking = mapping(extra.get("thinking"))
    asked.top_k = extra.get("top_k")
    output = mapping(body.get("outputConfig"))
    inner = mapping(extra.get("output_config"))
    asked.effort = output.get("effort") or inner.get("effort")
    wanted = mapping(output.get("textFormat"))
    if wanted:
        asked.has_output_format = True
        asked.output_schema = mapping(mapping(wanted.get("structure")).get("jsonSchema")).get("schema")
    elif inner.get("format"):
        asked.has_output_format = True
        asked.output_schema = mapping(inner["format"]).get("schema")
    _find_cache_points(asked)
    return asked


def _read_inference(asked: Asked, config: dict[str, Any]) -> None:
    asked.max_tokens = integer(config.get("maxTokens"))
    asked.temperature = number(config.get("temperature"))
    asked.top_p = number(config.get("topP"))
    asked.stop_sequences = [string(text) for text in sequence(config.get("stopSequences"))]


def _read_tools(asked: Asked, config: dict[str, Any]) -> None:
    for place, tool in enumerate(map(mapping, sequence(config.get("tools")))):
        if "cachePoint" in tool:
            asked.cache_points.append(_cache_place("tools", f"toolConfig.tools.{place}", tool["cachePoint"]))
        spec = mapping(tool.get("toolSpec"))
        if spec:
            schema = mapping(spec.get("inputSchema")).get("json")
            asked.tools.append(AskedTool(string(spec.get("name")), schema, spec.get("strict") is True, place))
    asked.tool_choice, choice = first_member(config.get("toolChoice"))
    if asked.tool_choice == "tool":
        asked.chosen_tool = string(mapping(choice).get("name"))


def _find_cache_points(asked: Asked) -> None:
    for place, (kind, value) in enumerate(asked.system):
        if kind == "cachePoint":
            asked.cache_points.append(_cache_place("system", f"system.{place}", value))
    for block in asked.of("cachePoint"):
        asked.cache_points.append(_cache_place("messages", block.path, block.value))


def _cache_place(place: str, path: str, value: Any) -> CachePlace:
    return CachePlace(place, path, string(mapping(value).get("ttl")))
