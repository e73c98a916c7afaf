"""PURE: the tools a model is offered: that it takes any, their schemas, the choice among them, and those of the history."""

import re

from msgspec.structs import replace

from gateway.conversation import InputSchema, Json, Tool, ToolConfig, ToolSpec
from gateway.wire.fit.schemas import into_subset
from gateway.wire.fit.turns import is_blank
from gateway.wire.fit.work import Work

_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_OF_HISTORY = "Used earlier in this conversation."
_ANY_OBJECT: Json = {"type": "object", "properties": {}}
_NO_CONFIG = "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def mend_tool_config(work: Work, *, has_tool_blocks: bool) -> None:
    """Makes the tools fit the model. A history with calls of tools needs them defined, whatever is chosen now."""
    if has_tool_blocks and work.conversation.tool_config is None:
        _add_from_history(work)
    config = work.conversation.tool_config
    if config is None:
        return
    if not work.capability.supports_tools:
        work.breaks(
            "tools",
            work.member("tools"),
            f"the model {work.capability.model_id} takes no tools. Leave them out, or choose another model.",
            "This model doesn't support tool use.",
        )
        return
    _check_unique(work, config)
    tools = _mended(work, config)
    choice = _choice(work, config)
    if tools is not config.tools or choice is not config.tool_choice:
        work.change(tool_config=ToolConfig(tools=tools, tool_choice=choice))


def _add_from_history(work: Work) -> None:
    """Tools made up from the names in the history, since Converse wants them defined."""
    names: dict[str, None] = {}
    first = ""
    for message in work.conversation.messages:
        for block in message.content:
            if block.tool_use is not None or block.tool_result is not None:
                first = first or work.where(block)
            if block.tool_use is not None:
                names[block.tool_use.name] = None
    if not names:
        return  # results of no call, which are refused as such
    if work.breaks("tool_history", first, "tools are used in the history but not defined.", _NO_CONFIG):
        work.say(work.member("tools"), "added")
        tools = [
            Tool(tool_spec=ToolSpec(name=name, description=_OF_HISTORY, input_schema=InputSchema(json=dict(_ANY_OBJECT))))
            for name in names
        ]  # fmt: skip
        work.change(tool_config=ToolConfig(tools=tools))


def _check_unique(work: Work, config: ToolConfig) -> None:
    seen: set[str] = set()
    specs = [tool.tool_spec for tool in config.tools if tool.tool_spec is not None]
    for number, spec in enumerate(specs):
        if spec.name in seen:
            raise work.refusal(
                f"{work.member('tools')}[{number}]",
                f"there are two tools with the name '{spec.name[:100]}'. Give each a name of its own.",
                "The model returned the following errors: tools: Tool names must be unique.",
            )
        seen.add(spec.name)


def _mended(work: Work, config: ToolConfig) -> list[Tool]:
    tools: list[Tool] = []
    number = -1
    for tool in config.tools:
        if tool.tool_spec is None:
            tools.append(tool)
            continue
        number += 1
        spec = _mended_spec(work, tool.tool_spec, f"{work.member('tools')}[{number}]")
        tools.append(tool if spec is tool.tool_spec else Tool(tool_spec=spec))
    changed = any(new is not old for new, old in zip(tools, config.tools, strict=True))
    return tools if changed else config.tools


def _mended_spec(work: Work, spec: ToolSpec, where: str) -> ToolSpec:
    if spec.description is not None and is_blank(spec.description):
        spec = replace(spec, description=None)
        work.say(f"{where}.description", "dropped")
    schema = spec.input_schema.json
    root = schema.get("type") if isinstance(schema, dict) else None
    if root != "object":
        path = f"{where}.toolSpec.inputSchema.json.type".replace("[", ".").replace("]", "")
        words = f"The value at {path} must be one of the following: object."
        if root is not None or not isinstance(schema, dict):
            raise work.refusal(where, "the schema of a tool's input must be of type 'object'.", words)
        if work.breaks("tool_schemas", where, "the schema of a tool's input has no type.", words):
            work.say(where, "adapted")
            spec = replace(spec, input_schema=InputSchema(json={"type": "object", **schema}))
    if work.capability.is_claude:
        _check_properties(work, spec.input_schema.json, where)
    return _strict(work, spec, where) if spec.strict else spec


def _check_properties(work: Work, schema: object, where: str) -> None:
    """Claude takes few signs in the names at the top of a tool's input; they are what the tool gets, so none is changed."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return
    wrong = next((name for name in properties if not _PROPERTY.fullmatch(name)), None)
    if wrong is not None:
        work.breaks(
            "property_names",
            where,
            f"the property's name '{wrong[:100]}' must have 1 to 64 letters, digits and signs of '_.-'.",
            "The model returned the following errors: tools.0.custom.input_schema.properties: Property keys should match "
            "pattern '^[a-zA-Z0-9_.-]{1,64}$'",
        )


def _strict(work: Work, spec: ToolSpec, where: str) -> ToolSpec:
    """Strict tools have the subset of structured output, on the models that have that."""
    if not work.capability.supports_structured_output:
        if work.breaks(
            "strict_tools", f"{where}.strict", "the model does not take strict tools. Leave 'strict' out.",
            "The model returned the following errors: tools.0.custom.strict: Extra inputs are not permitted",
        ):  # fmt: skip
            work.say(f"{where}.strict", "dropped")
            return replace(spec, strict=None)
        return spec
    narrowed = into_subset(spec.input_schema.json)
    if narrowed.is_same:
        return spec
    if narrowed.told and not work.breaks("strict_tools", where, narrowed.told, narrowed.words):
        return spec
    if narrowed.schema is None or narrowed.is_lossy:
        # Narrowed, it would refuse what the caller's own schema allows, or let pass what it does not.
        work.say(f"{where}.strict", "dropped")
        return replace(spec, strict=None)
    work.say(where, "adapted")
    return replace(spec, input_schema=InputSchema(json=narrowed.schema))


def _choice(work: Work, config: ToolConfig) -> Json | None:
    choice = config.tool_choice
    if choice is None:
        return None
    kind = next(iter(choice), "auto")
    member = work.member("tool_choice")
    if kind == "tool" and isinstance(choice["tool"], dict):
        name = choice["tool"].get("name")
        if not any(tool.tool_spec is not None and tool.tool_spec.name == name for tool in config.tools):
            raise work.refusal(
                member, f"there is no tool '{str(name)[:100]}' among 'tools'.", f"Tool '{name}' not found in provided tools."
            )  # fmt: skip
    if kind not in work.capability.tool_choices and kind != "auto":
        if work.breaks(
            "tool_choice",
            member,
            f"the model {work.capability.model_id} can't be made to use a tool. Use 'auto'.",
            f"This model doesn't support the toolConfig.toolChoice.{kind} field. Remove toolConfig.toolChoice.{kind} and try again.",
        ):
            work.say(member, "dropped")
            return None
        return choice
    return _beside_thinking(work, choice, kind)


def _beside_thinking(work: Work, choice: Json, kind: str) -> Json | None:
    if kind == "auto" or not work.thinks:
        return choice
    if work.breaks(
        "tool_choice",
        work.member("tool_choice"),
        "a tool can't be forced while the model thinks. Use 'auto', or leave thinking out.",
        "The model returned the following errors: Thinking may not be enabled when tool_choice forces tool use.",
    ):
        work.say(work.member("tool_choice"), "dropped")
        return None
    return choice
