"""Probes of tools: their definitions, names, choice, strictness, and how a call is streamed."""

from typing import Any

from embedded.trial.bodies import Block, Body, body, thing, tool, tools
from embedded.trial.probe import ANTHROPIC, SHAPES, Probe

_TEXT = {"type": "string"}
_NOT_CLOSED = {"type": "object", "properties": {"place": _TEXT}}
_STRICT_LENGTH = thing(place={"type": "string", "minLength": 2})


def nested(depth: int, *, is_closed: bool = False) -> dict[str, Any]:
    """A schema of objects inside objects."""
    found: dict[str, Any] = _TEXT
    for _ in range(depth):
        found = thing(a=found) if is_closed else {"type": "object", "properties": {"a": found}}
    return found


def _with(*each: Block, **more: Any) -> Body:
    return body("Look.", toolConfig=tools(*each, **more))


def _named(name: str, sends: str, *names: str, rule: str = SHAPES) -> Probe:
    return Probe(name, sends, _with(*map(tool, names)), rule, "tool_names")


def _forced(**choice: Any) -> Body:
    return body("Look.", toolConfig=tools(toolChoice=choice), most=64)


_CALLS = ("toolUse",)
_EXTRA_CHOICE = {"type": "auto", "disable_parallel_tool_use": True}
TOOLING = (
    Probe("tools", "a tool, no toolChoice", _with(), "no tools", "tools", "supports_tools"),
    Probe("tool choice auto", "toolChoice auto", _with(toolChoice={"auto": {}}), "choices of tools", "tool_choice", "tool_choices"),
    Probe("tool choice any", "toolChoice any", _forced(any={}), "choices of tools", "tool_choice", "tool_choices", shows=_CALLS),
    Probe("tool choice tool", "toolChoice with a name", _forced(tool={"name": "look"}), "choices of tools", "tool_choice",
          "tool_choices", shows=_CALLS),
    Probe("tool choice none", "toolChoice none", _with(toolChoice={"none": {}}), SHAPES),
    Probe("unknown chosen tool", "toolChoice with a name that no tool has", _forced(tool={"name": "go"}), "chosen tool"),
    Probe("one tool at a time", "tool_choice with disable_parallel_tool_use in additional fields",
          body("Look.", toolConfig=tools(), additionalModelRequestFields={"tool_choice": _EXTRA_CHOICE}), "extra fields of Claude", "parallel_tools", "supports_parallel_switch",
          vendors=ANTHROPIC),
    Probe("call without arguments, streamed", "a tool without arguments, forced, in a stream", _forced(any={}), "",
          operation="ConverseStream", shows=("toolUse", "arguments {}")),
    Probe("call streamed, chosen by name", "a tool without arguments, by name, in a stream", _forced(tool={"name": "look"}), "",
          operation="ConverseStream", shows=("toolUse", "arguments {}")),
    _named("tool name with a dot", "a tool named fs.read", "fs.read"),
    _named("tool name with a blank", "a tool named read file", "read file"),
    _named("tool name of 64 characters", "a tool with a name of 64 characters", "n" * 64),
    _named("tool name of 65 characters", "a tool with a name of 65 characters", "n" * 65),
    _named("tool name that begins with a digit", "a tool named 1st", "1st"),
    _named("tools of one name", "two tools of one name", "look", "look", rule="names of tools once"),
    Probe("tool without description", "a tool with an empty description", _with(tool(description="")), SHAPES, "tool_schemas"),
    Probe("tool with a list as schema", "a tool whose schema is of type array",
          _with(tool(schema={"type": "array", "items": _TEXT})), "type of a tool's input", "tool_schemas"),
    Probe("tool without type", "a tool whose schema has no type", _with(tool(schema={"properties": {}})), "type of a tool's input", "tool_schemas"),
    Probe("tool with anyOf at its root", "a tool whose schema has anyOf beside type",
          _with(tool(schema={"type": "object", "anyOf": [thing(a=_TEXT), thing(b=_TEXT)]})), "type of a tool's input", "tool_schemas"),
    Probe("tool with $ref", "a tool whose schema refers to itself",
          _with(tool(schema={"type": "object", "properties": {"next": {"$ref": "#"}}})), "type of a tool's input", "tool_schemas"),
    Probe("property with a blank", "a tool whose input has a property named a b",
          _with(tool(schema={"type": "object", "properties": {"a b": _TEXT}})), "keys of properties", "property_names"),
    Probe("nested tool", "a tool with a schema nested 20 deep", _with(tool(schema=nested(20))), "type of a tool's input", "tool_schemas"),
    Probe("strict tool", "a strict tool", _with(tool(schema=thing(place=_TEXT), strict=True)), "no strict tools", "strict_tools", "supports_structured_output"),
    Probe("strict tool, not closed", "a strict tool without additionalProperties",
          _with(tool(schema=_NOT_CLOSED, strict=True)), "subset of strict tools", "strict_tools", "supports_structured_output"),
    Probe("strict tool with a length", "a strict tool with minLength", _with(tool(schema=_STRICT_LENGTH, strict=True)),
          "subset of strict tools", "strict_tools", "supports_structured_output"),
    Probe("no tools in toolConfig", "a toolConfig with no tools", body(toolConfig={"tools": []}), SHAPES),
)  # fmt: skip
