"""PURE: what tools answered, among the items of a Responses request, as Converse's results of tools."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from gateway.conversation import Block, ToolResult, ToolResultBlock
from gateway.entrances.formats.responses_request import (
    LocalShellOutput,
    Part,
    PatchOutput,
    ShellOutput,
    ToolOutput,
)

ReadPart = Callable[[Part, str], Block]


def _of_tool(output: ToolOutput, part_of: ReadPart, where: str) -> ToolResult:
    if isinstance(output.output, str):
        return _of_text(output.call_id, output.output)
    blocks = [part_of(part, f"{where}.output[{number}]") for number, part in enumerate(output.output)]
    content = [
        ToolResultBlock(text=block.text, image=block.image, document=block.document) for block in blocks
    ]
    return ToolResult(tool_use_id=output.call_id, content=content)


def _of_local_shell(output: LocalShellOutput, part_of: ReadPart, where: str) -> ToolResult:
    return _of_text(output.call_id or output.id, output.output)


def _of_shell(output: ShellOutput, part_of: ReadPart, where: str) -> ToolResult:
    text = output.output if isinstance(output.output, str) else orjson.dumps(output.output).decode()
    return _of_text(output.call_id, text)


def _of_patch(output: PatchOutput, part_of: ReadPart, where: str) -> ToolResult:
    failed = output.status == "failed"
    text = output.output or ("The patch could not be applied." if failed else "Done.")
    return _of_text(output.call_id, text, status="error" if failed else None)


def _of_text(call_id: str, text: str, status: Any = None) -> ToolResult:
    content = [ToolResultBlock(text=text)] if text else []
    return ToolResult(tool_use_id=call_id, content=content, status=status)


OUTPUTS: Mapping[str, tuple[type[Any], Callable[..., ToolResult]]] = {
    "function_call_output": (ToolOutput, _of_tool),
    "custom_tool_call_output": (ToolOutput, _of_tool),
    "local_shell_call_output": (LocalShellOutput, _of_local_shell),
    "shell_call_output": (ShellOutput, _of_shell),
    "apply_patch_call_output": (PatchOutput, _of_patch),
}
"""By the item's type: its shape, and how it is read."""
