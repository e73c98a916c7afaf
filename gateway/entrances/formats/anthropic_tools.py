"""PURE: the tools of Anthropic's Messages, as Converse has them.

Tools that Anthropic defines and the caller runs are given to the model as tools of the caller's own, with the members
that Anthropic documents: Converse has no types for them. Those that Anthropic runs are left out, and that is said.

Source: Anthropic API docs, Tool use: Bash tool, Text editor tool, Memory tool, Tool search tool.
"""

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.conversation import InputSchema, Json, Message, Tool, ToolConfig, ToolSpec
from gateway.entrances.formats.anthropic_request import AnthropicTool, MessagesRequest, ToolChoice
from gateway.refusals import Refusal

_TEXT, _RANGE = {"type": "string"}, {"type": "array", "items": {"type": "integer"}}
_CALLERS: dict[str, tuple[str, Json, tuple[str, ...]]] = {
    "bash_": (
        "Runs a command in a bash session that stays open between calls.",
        {"command": _TEXT, "restart": {"type": "boolean", "description": "Starts the session anew."}},
        (),
    ),
    "text_editor_": (
        "Looks at, creates and edits text files. Lines are numbered from 1.",
        {
            "command": {"type": "string", "enum": ["view", "create", "str_replace", "insert"]},
            "path": _TEXT, "file_text": _TEXT, "old_str": _TEXT, "new_str": _TEXT, "insert_text": _TEXT,
            "insert_line": {"type": "integer"}, "view_range": _RANGE,
        },
        ("command", "path"),
    ),
    "memory_": (
        "Keeps notes between conversations as files in /memories. Look there first, and write down what should be kept.",
        {
            "command": {"type": "string", "enum": ["view", "create", "str_replace", "insert", "delete", "rename"]},
            "path": _TEXT, "file_text": _TEXT, "old_str": _TEXT, "new_str": _TEXT, "insert_text": _TEXT,
            "insert_line": {"type": "integer"}, "old_path": _TEXT, "new_path": _TEXT, "view_range": _RANGE,
        },
        ("command",),
    ),
}  # fmt: skip
"""What callers run themselves, by the beginning of its type: description, members, and those that must be there."""
_PROVIDERS = (
    "web_search_", "web_fetch_", "code_execution_", "tool_search_tool_", "advisor_", "mcp_toolset",
)  # fmt: skip
"""What Anthropic runs, and Bedrock does not."""


def tools_of(
    request: MessagesRequest, messages: list[Message], places: Places
) -> tuple[ToolConfig | None, Json | None]:
    """The tools; and of the choice among them, what Converse has no word for and Claude is told directly."""
    choice = request.tool_choice or ToolChoice("auto")
    tools: list[Tool] = []
    for number, tool in enumerate(request.tools or ()):
        tools += _tool(tool, f"tools[{number}]", choice, places)
    if not any(tool.tool_spec for tool in tools) or (choice.type == "none" and not _uses_tools(messages)):
        return None, None
    if choice.type == "none":
        return ToolConfig(tools=tools), {"type": "none"}  # Converse wants the tools of earlier messages named
    one_only: Json | None = None
    if choice.disable_parallel_tool_use:
        # Converse refuses a type beside its own toolChoice, and Claude wants one where there is none.
        one_only = {"type": "auto"} if choice.type == "auto" else {}
        one_only["disable_parallel_tool_use"] = True
    return ToolConfig(tools=tools, tool_choice=_choice(choice)), one_only


def _choice(choice: ToolChoice) -> Json | None:
    if choice.type == "any":
        return {"any": {}}
    if choice.type == "tool":
        if not choice.name:
            raise Refusal(
                "invalid_request", "'tool_choice' of type tool needs the tool's 'name'.", param="tool_choice"
            )
        return {"tool": {"name": choice.name}}
    return None


def _uses_tools(messages: list[Message]) -> bool:
    return any(block.tool_use or block.tool_result for message in messages for block in message.content)


def _tool(tool: AnthropicTool, where: str, choice: ToolChoice, places: Places) -> list[Tool]:
    """A tool, with a cache point where it is marked; none for one that is left out. Refusal invalid_request."""
    kind = tool.type or "custom"
    if kind.startswith(_PROVIDERS):
        if choice.type == "tool" and choice.name == tool.name:
            raise _unsupported(kind, where, "Bedrock does not run it, and 'tool_choice' asks for it.")
        places.adjustments.append(Adjustment(where, "dropped", kind[:50]))
        return []
    spec = _own(tool, where, places) if kind == "custom" else _anthropic_s(tool, kind, where)
    made = [Tool(tool_spec=spec)]
    if tool.cache_control is not None:
        made.append(Tool(cache_point=tool.cache_control.point()))
    return made


def _own(tool: AnthropicTool, where: str, places: Places) -> ToolSpec:
    """A tool of the caller's own. One whose loading is deferred is loaded: it costs its tokens, and answers the same."""
    if not tool.name or tool.input_schema is None:
        raise Refusal(
            "invalid_request", f"{where}: a tool needs a 'name' and an 'input_schema'.", param=where
        )
    if tool.allowed_callers and "direct" not in tool.allowed_callers:
        places.adjustments.append(Adjustment(f"{where}.allowed_callers", "dropped"))
    told = tool.description or ""
    if tool.input_examples:
        told += f"\n\nExamples of its input: {msgspec.json.encode(tool.input_examples).decode()}"
    return ToolSpec(
        name=tool.name,
        description=told.strip() or None,
        input_schema=InputSchema(json=tool.input_schema),
        strict=tool.strict,
    )


def _anthropic_s(tool: AnthropicTool, kind: str, where: str) -> ToolSpec:
    """A tool of Anthropic's that the caller runs."""
    found = next((known for begin, known in _CALLERS.items() if kind.startswith(begin)), None)
    if found is None:
        raise _unsupported(kind, where, "Send tools with an 'input_schema' of your own.")
    told, members, required = found
    schema = {"type": "object", "properties": members, "required": list(required)}
    return ToolSpec(
        name=tool.name or kind.rpartition("_")[0], description=told, input_schema=InputSchema(json=schema)
    )


def _unsupported(kind: str, where: str, hint: str) -> Refusal:
    told = f"{where}: the tool '{kind[:100]}' is not supported for models on Bedrock. {hint}"
    return Refusal("invalid_request", told, param=where)
