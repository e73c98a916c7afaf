"""PURE: the tools of OpenAI's chat completions, and the choice among them.

Sources: the OpenAI API reference, "Create chat completion" (functions, custom tools, allowed tools); Anthropic API docs,
Tool use (`disable_parallel_tool_use`, and `none`, which Converse has no word for).
"""

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.conversation import InputSchema, Json, Message, Tool, ToolConfig, ToolSpec
from gateway.entrances.formats.openai_request import (
    AllowedTools,
    ChatRequest,
    ChatToolSpec,
    CustomSpec,
    FunctionSpec,
    Named,
    NamedTool,
)
from gateway.refusals import Refusal

FREE_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
"""The arguments of a custom tool, which is a function of one text here."""


def tools_of(
    request: ChatRequest, messages: list[Message], places: Places
) -> tuple[ToolConfig | None, Json | None]:
    """The tools; and of the choice among them, what Converse has no word for and Claude is told directly."""
    given = list(request.tools or ())
    given += [ChatToolSpec(function=each) for each in request.functions or ()]
    tools: list[Tool] = []
    for number, each in enumerate(given):
        tools += _tool(each, f"tools[{number}]", places)
    choice, name = _choice(request)
    if isinstance(choice, AllowedTools):
        tools, choice = _allowed(tools, choice), "any" if choice.mode == "required" else "auto"
    if not tools:
        if choice in ("any", "tool"):
            raise Refusal(
                "invalid_request", "'tool_choice' asks for a tool, and there is none.", param="tool_choice"
            )
        return None, None
    if choice == "none":
        # Converse wants the tools of earlier calls named.
        return (ToolConfig(tools=tools), {"type": "none"}) if _uses_tools(messages) else (None, None)
    one_only: Json | None = None
    if request.parallel_tool_calls is False:
        # Converse refuses a type beside its own toolChoice, and Claude wants one where there is none.
        one_only = {} if choice else {"type": "auto"}
        one_only["disable_parallel_tool_use"] = True
        if choice == "auto":
            choice, one_only = "", {"type": "auto", "disable_parallel_tool_use": True}
    said = {"tool": {"name": name}} if choice == "tool" else {choice: {}} if choice else None
    return ToolConfig(tools=tools, tool_choice=said), one_only


def _choice(request: ChatRequest) -> tuple[str | AllowedTools, str]:
    """How the model chooses ("" where nothing is said) and the tool that it must take."""
    asked = request.tool_choice
    if asked is None and request.function_call is not None:
        if isinstance(request.function_call, Named):
            return "tool", request.function_call.name
        return request.function_call, ""
    if asked is None:
        return "", ""
    if not isinstance(asked, NamedTool):
        return ("any" if asked == "required" else asked), ""
    if asked.allowed_tools is not None:
        return asked.allowed_tools, ""
    named = asked.function or asked.custom
    if named is not None:
        return "tool", named.name
    if asked.type in ("auto", "none", "any", "required"):
        return ("any" if asked.type == "required" else asked.type), ""
    raise Refusal("invalid_request", "'tool_choice' needs the tool's name.", param="tool_choice")


def _tool(each: ChatToolSpec, where: str, places: Places) -> list[Tool]:
    """A tool as Converse has it, with a cache point where it is marked; none for one that no model on Bedrock can run."""
    if (function := each.own_function()) is not None:
        tools = [Tool(tool_spec=_function(function))]
        mark = each.cache_control or function.cache_control
        return tools if mark is None else [*tools, Tool(cache_point=mark.point())]
    if each.custom is not None:
        places.custom_tools.add(each.custom.name)
        return [Tool(tool_spec=_custom(each.custom))]
    if each.type in ("function", "custom"):
        raise Refusal("invalid_request", f"{where}: a tool needs its '{each.type}'.", param=where)
    places.adjustments.append(Adjustment(f"{where}", "dropped", each.type[:50]))
    return []


def _function(given: FunctionSpec) -> ToolSpec:
    return ToolSpec(
        name=given.name,
        description=given.description or None,
        input_schema=InputSchema(json=given.parameters or {"type": "object", "properties": {}}),
        strict=given.strict or None,
    )


def _custom(given: CustomSpec) -> ToolSpec:
    """A tool that takes free text. A grammar that the text must keep is told in words."""
    told = given.description or ""
    grammar = (given.format or {}).get("grammar")
    if isinstance(grammar, dict) and grammar.get("definition"):
        syntax = grammar.get("syntax", "")
        told += f"\n\nThe input must keep this grammar ({syntax}):\n{grammar['definition']}"
    return ToolSpec(
        name=given.name, description=told.strip() or None, input_schema=InputSchema(json=FREE_TEXT)
    )


def _allowed(tools: list[Tool], choice: AllowedTools) -> list[Tool]:
    names = {
        inner.get("name")
        for each in choice.tools
        for inner in (each, each.get("function"), each.get("custom"))
        if isinstance(inner, dict)
    }
    kept = [tool for tool in tools if tool.tool_spec is None or tool.tool_spec.name in names]
    if not any(tool.tool_spec for tool in kept):
        told = "'tool_choice.allowed_tools' names none of the tools."
        raise Refusal("invalid_request", told, param="tool_choice")
    return kept


def _uses_tools(messages: list[Message]) -> bool:
    return any(block.tool_use or block.tool_result for message in messages for block in message.content)
