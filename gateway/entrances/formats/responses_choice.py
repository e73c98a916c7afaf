"""PURE: which tools of a Responses request the model may use, and whether it must: `tool_choice`, `parallel_tool_calls`."""

from typing import Any

from gateway.conversation import Json, Message, ToolConfig
from gateway.entrances.formats.responses_tools import Toolbox
from gateway.refusals import Refusal

_CALLERS = ("local_shell", "shell", "apply_patch")


def tool_config(
    box: Toolbox, choice: Any, *, in_parallel: bool | None, messages: list[Message]
) -> tuple[ToolConfig | None, Json | None]:
    """The tools, and of the choice among them what Converse has no word for and Claude is told directly.

    Refusal invalid_request where the choice forces a tool that Bedrock can't run, or none that is offered.
    """
    mode, only = _read(box, choice)
    uses = any(block.tool_use or block.tool_result for message in messages for block in message.content)
    if mode == "none" and not uses:
        return None, None
    tools = box.tools(only=only)
    if not tools:
        if mode not in ("auto", "none"):
            raise _invalid("asks for a tool, but none that can be used is offered.")
        return None, None
    if mode == "none":
        return ToolConfig(tools=tools), {"type": "none"}  # Converse wants the tools of earlier messages named
    chosen: Json | None = None
    if mode == "required":
        chosen = {"any": {}}
    elif mode != "auto":
        chosen = {"tool": {"name": mode.removeprefix("=")}}
    one_only: Json | None = None
    if in_parallel is False:
        # Converse refuses a type beside its own toolChoice, and Claude wants one where there is none.
        one_only = {"disable_parallel_tool_use": True} | ({"type": "auto"} if chosen is None else {})
    return ToolConfig(tools=tools, tool_choice=chosen), one_only


def _read(box: Toolbox, choice: Any) -> tuple[str, set[str] | None]:
    """none, auto, required, or `=` and a tool's name; and the tools that are allowed, None for all."""
    if choice is None or choice in ("auto", "none", "required"):
        return choice or "auto", None
    if not isinstance(choice, dict):
        raise _invalid("is 'none', 'auto', 'required', or an object that names a tool.")
    if choice.get("type") == "allowed_tools":
        return _allowed(box, choice)
    return f"={_flat(box, choice)}", None


def _allowed(box: Toolbox, choice: Json) -> tuple[str, set[str] | None]:
    inner = choice["allowed_tools"] if isinstance(choice.get("allowed_tools"), dict) else choice
    mode, tools = inner.get("mode", "auto"), inner.get("tools")
    if mode not in ("auto", "required") or not isinstance(tools, list):
        raise _invalid("of type allowed_tools needs its 'mode', auto or required, and its 'tools'.")
    named = [each for each in tools if isinstance(each, dict) and str(each.get("type")) not in box.left_out]
    return mode, {_flat(box, each) for each in named}


def _flat(box: Toolbox, choice: Json) -> str:
    """The name that the model knows the chosen tool by."""
    kind, name = choice.get("type"), choice.get("name")
    if kind in _CALLERS and kind in box.offered:
        return str(kind)
    if kind not in ("function", "custom"):
        raise _invalid(f"asks for the tool '{str(kind)[:100]}', which models on Bedrock can't run.")
    if not isinstance(name, str):
        raise _invalid(f"of type {kind} needs the tool's 'name'.")
    for each in box.offered.values():
        if each.name == name and choice.get("namespace") in (None, each.namespace):
            return each.flat
    raise _invalid(f"names '{name[:100]}', which is none of the tools.")


def _invalid(why: str) -> Refusal:
    return Refusal("invalid_request", f"'tool_choice' {why}", param="tool_choice")
