"""PURE: the items of a Responses request, as the system blocks and messages of a conversation.

Source: the types of the `openai` SDK (`ResponseInputItemParam`). Items of tools that OpenAI runs are passed over, and said,
where the answer that followed them is in the history too; those that hold what nobody here can read are refused by name.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.call.response import is_reference
from gateway.conversation import Block, Json, Message, SystemBlock, ToolUse
from gateway.entrances.formats.files import file_block
from gateway.entrances.formats.images import image_block
from gateway.entrances.formats.members import say_dropped, unknown_members
from gateway.entrances.formats.responses_outputs import OUTPUTS
from gateway.entrances.formats.responses_request import (
    CustomToolCall,
    FunctionCall,
    LocalShellCall,
    MessageItem,
    MoreTools,
    Part,
    PatchCall,
    ReasoningItem,
    Reference,
    ShellCall,
)
from gateway.entrances.formats.responses_tools import Toolbox
from gateway.refusals import Refusal
from gateway.wire.sealed_reasoning import opened_reasoning

Role = Literal["user", "assistant"]
Shape = TypeVar("Shape")
_PASSED_OVER = frozenset({"web_search_call", "file_search_call", "tool_search_call", "mcp_list_tools"})
"""What such a tool found is in the answer that followed it."""
LET_GO = frozenset(
    {
        "type", "id", "status", "role", "object", "created_by",  # what a response says of its own items
        "phase", "annotations", "logprobs", "content", "name", "namespace",  # … and of the answer that was given
        "async", "caller", "environment", "max_output_length",  # … and of how a call came to be, and where it was made
        "mode",  # of a mark for the cache: it is a mark by its place
    }
)  # fmt: skip
"""Members of items that change nothing for a model which reads the item; all others that are not read are said."""
SHAPES: Mapping[str, type[msgspec.Struct]] = {
    "message": MessageItem,
    "function_call": FunctionCall,
    "custom_tool_call": CustomToolCall,
    "local_shell_call": LocalShellCall,
    "shell_call": ShellCall,
    "apply_patch_call": PatchCall,
    "reasoning": ReasoningItem,
    "additional_tools": MoreTools,
    "item_reference": Reference,
    **{kind: shape for kind, (shape, _) in OUTPUTS.items()},
}
_TEXTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})


class ItemReader:
    """Reads the items of one request, in order. `found` has items that references name, by their ids."""

    def __init__(self, places: Places, box: Toolbox, found: Mapping[str, Json] | None = None) -> None:
        self.system: list[SystemBlock] = []
        self.messages: list[Message] = []
        self._places = places
        self._box = box
        self._found = found or {}
        self._files = 0
        self._readers: dict[str, Callable[[Json, str], None]] = {
            "message": self._message,
            "function_call": self._function_call,
            "custom_tool_call": self._custom_call,
            "local_shell_call": self._local_shell,
            "shell_call": self._shell,
            "apply_patch_call": self._patch,
            "reasoning": self._reasoning,
            "additional_tools": self._more_tools,
            "item_reference": self._reference,
            **dict.fromkeys(OUTPUTS, self._output),
        }

    def read(self, items: list[Any], where: str = "input") -> None:
        """Adds items. Refusal invalid_request, by its place, for what can't be honoured."""
        for number, item in enumerate(items):
            self._item(item, f"{where}[{number}]")

    def say(self, text: str, where: str = "input") -> None:
        """Adds a user's text."""
        self._add("user", Block(text=text), where)

    def _item(self, item: Any, where: str) -> None:
        if not isinstance(item, dict):
            raise _invalid(where, "an item is an object.")
        kind = item.get("type") or ("message" if "role" in item else "item_reference" if "id" in item else "")
        if not isinstance(kind, str):
            raise _invalid(where, "'type' is a text.")
        reader = self._readers.get(kind)
        if reader is not None:
            reader(item, where)
            say_dropped(
                [f"{where}.{path}" for path in unknown_members(item, SHAPES[kind], LET_GO)], self._places
            )
        elif kind in _PASSED_OVER:
            self._places.adjustments.append(Adjustment(where, "dropped", kind))
        else:
            raise _invalid(
                where,
                f"items of the type '{kind[:100]}' are not supported for models on Bedrock. Leave it out.",
            )

    def _add(self, role: Role, block: Block, where: str) -> None:
        self._places.note(block, where)
        if self.messages and self.messages[-1].role == role:
            self.messages[-1].content.append(block)
        else:
            self.messages.append(Message(role=role, content=[block]))

    def _message(self, item: Json, where: str) -> None:
        message = shaped(item, MessageItem, where)
        content = message.content or ""
        parts = [Part("input_text", text=content)] if isinstance(content, str) else content
        if message.role in ("system", "developer"):
            self._instructions(parts, where)
            return
        role: Role = "assistant" if message.role == "assistant" else "user"
        for number, part in enumerate(parts):
            place = where if isinstance(content, str) else f"{where}.content[{number}]"
            self._add(role, self.block(part, place), place)
            if (mark := part.prompt_cache_breakpoint or part.cache_control) is not None:
                self._add(role, Block(cache_point=mark.point()), place)

    def _instructions(self, parts: list[Part], where: str) -> None:
        for part in parts:
            if part.type not in _TEXTS:
                raise _invalid(where, "a system or developer message takes text only.")
            self.system.append(SystemBlock(text=part.text))
            if (mark := part.prompt_cache_breakpoint or part.cache_control) is not None:
                self.system.append(SystemBlock(cache_point=mark.point()))
        if self.messages:
            self._places.adjustments.append(Adjustment(where, "moved", "instructions"))

    def block(self, part: Part, where: str) -> Block:
        """A part of a message, or of what a tool answered."""
        if part.type in _TEXTS:
            return Block(text=part.text)
        if part.type == "refusal":
            return Block(text=part.refusal)
        if part.type == "input_image":
            if not part.image_url:
                raise _invalid(where, "send the image itself in 'image_url': there is no store of files.")
            return Block(image=image_block(part.image_url, where, self._places))
        if part.type == "input_file":
            if part.file_url:
                raise _invalid(
                    where, "send the file itself in 'file_data': addresses on the web are not fetched."
                )
            self._files += 1
            return file_block(data=part.file_data, filename=part.filename, where=where, number=self._files)
        if part.type == "input_audio":
            raise _invalid(where, "audio is not supported for models on Bedrock. Send its text.")
        raise _invalid(
            where, f"parts of the type '{part.type[:100]}' are not supported for models on Bedrock."
        )

    def _use(self, call_id: str, name: str, given: Any, where: str) -> None:
        self._add("assistant", Block(tool_use=ToolUse(tool_use_id=call_id, name=name, input=given)), where)

    def _function_call(self, item: Json, where: str) -> None:
        call = shaped(item, FunctionCall, where)
        try:
            given = msgspec.json.decode(call.arguments.strip() or "{}")
        except (msgspec.DecodeError, RecursionError) as error:
            why = "nested too deeply" if isinstance(error, RecursionError) else "not JSON"
            raise _invalid(where, f"the arguments of the call '{call.call_id[:100]}' are {why}.") from error
        self._use(call.call_id, self._box.flat_name(call.name, call.namespace), given, where)

    def _custom_call(self, item: Json, where: str) -> None:
        call = shaped(item, CustomToolCall, where)
        self._use(call.call_id, self._box.flat_name(call.name, call.namespace), {"input": call.input}, where)

    def _local_shell(self, item: Json, where: str) -> None:
        call = shaped(item, LocalShellCall, where)
        given = {
            name: value for name, value in call.action.items() if name != "type" and value not in (None, {})
        }
        self._use(call.call_id, "local_shell", given, where)

    def _shell(self, item: Json, where: str) -> None:
        call = shaped(item, ShellCall, where)
        given = {name: value for name, value in call.action.items() if value is not None}
        self._use(call.call_id, "shell", given, where)

    def _patch(self, item: Json, where: str) -> None:
        call = shaped(item, PatchCall, where)
        self._use(call.call_id, "apply_patch", {"operation": call.operation}, where)

    def _output(self, item: Json, where: str) -> None:
        shape, read = OUTPUTS[item["type"]]
        result = read(shaped(item, shape, where), self.block, where)
        self._add("user", Block(tool_result=result), where)

    def _reasoning(self, item: Json, where: str) -> None:
        """What Gatehouse gave; all other reasoning is of another model, which none takes back."""
        given = shaped(item, ReasoningItem, where)
        content = opened_reasoning(given.encrypted_content) if given.encrypted_content else None
        if content is None:
            self._places.adjustments.append(Adjustment(where, "dropped", "reasoning"))
            return
        self._add("assistant", Block(reasoning_content=content), where)

    def _more_tools(self, item: Json, where: str) -> None:
        self._box.add(shaped(item, MoreTools, where).tools, self._places, f"{where}.tools")

    def _reference(self, item: Json, where: str) -> None:
        reference = shaped(item, Reference, where)
        found = self._found.get(reference.id)
        if found is None:
            raise _invalid(
                where,
                f"there is no stored item '{reference.id[:100]}'. Send the item itself; items are stored only with "
                "'store' in teams that have switched that on.",
            )
        self._item(found, where)


def shaped(item: Json, shape: type[Shape], where: str) -> Shape:
    """An item as its kind has it. Refusal invalid_request, by its place."""
    try:
        return msgspec.convert(item, shape)
    except msgspec.ValidationError as error:
        told = str(error).replace("`$.", f"`{where}.").replace("`$", f"`{where}").rstrip(".")
        raise _invalid(where, f"{told}.") from error


def references_of(items: list[Any]) -> list[str]:
    """The ids of stored items that a request names instead of sending them."""
    return [item["id"] for item in items if is_reference(item)]


def _invalid(where: str, message: str) -> Refusal:
    return Refusal("invalid_request", f"{where}: {message}", param=where)
