"""PURE: the messages of OpenAI's chat completions, as the turns and system blocks of a conversation."""

from typing import Any, Literal

import msgspec

from gateway.call.places import Places
from gateway.conversation import Block, Message, SystemBlock, ToolResult, ToolResultBlock, ToolUse
from gateway.entrances.formats.anthropic_blocks import CacheControl
from gateway.entrances.formats.files import file_block
from gateway.entrances.formats.images import image_block
from gateway.entrances.formats.openai_request import (
    AudioPart,
    ChatMessage,
    FilePart,
    Function,
    ImagePart,
    Part,
    RedactedPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCall,
    VideoPart,
)
from gateway.refusals import Refusal


def turns_of(given: list[ChatMessage], places: Places) -> tuple[list[SystemBlock], list[Message]]:
    """System blocks, and messages in which the roles alternate, as Converse wants them. Refusal invalid_request."""
    return _Reader(places).read(given)


class _Reader:
    """Of one request. It counts documents, which want names of their own, and remembers legacy calls of functions."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._documents = 0
        self._legacy_calls = 0
        self._last_calls: dict[str, str] = {}
        """IDs of the calls that messages of the role `function` answer by a function's name."""

    def read(self, given: list[ChatMessage]) -> tuple[list[SystemBlock], list[Message]]:
        system: list[SystemBlock] = []
        messages: list[Message] = []
        for number, message in enumerate(given):
            where = f"messages[{number}]"
            if message.role in ("system", "developer"):
                system += _system(message, where)
                continue
            role: Literal["user", "assistant"] = "assistant" if message.role == "assistant" else "user"
            blocks = self._blocks(message, where)
            if message.cache_control is not None and blocks[-1].cache_point is None:
                blocks.append(self._places.note(_point(message.cache_control), where))
            if messages and messages[-1].role == role:
                messages[-1].content.extend(blocks)
            else:
                messages.append(Message(role=role, content=blocks))
        return system, messages

    def _blocks(self, message: ChatMessage, where: str) -> list[Block]:
        if message.role in ("tool", "function"):
            return self._answers(message, where)
        blocks = self._thoughts(message, where)
        blocks += self._content(message, where)
        for number, call in enumerate(message.tool_calls or ()):
            blocks += self._call(call, f"{where}.tool_calls[{number}]")
        if message.function_call is not None:
            blocks.append(self._legacy_call(message.function_call, where))
        return blocks or [self._places.note(Block(text=""), where)]

    def _answers(self, message: ChatMessage, where: str) -> list[Block]:
        """What a tool answered, by the ID of its call; a function by its name."""
        answered = message.tool_call_id
        if message.role == "function" and not answered:
            answered = self._last_calls.get(message.name or "")
        if not answered:
            needed = (
                "a tool message needs its 'tool_call_id'."
                if message.role == "tool"
                else "no call of this function stands before its answer."
            )
            raise Refusal("invalid_request", f"{where}: {needed}", param=where)
        result = ToolResult(tool_use_id=answered, content=self._results(message, where))
        blocks = [self._places.note(Block(tool_result=result), where)]
        if not isinstance(message.content, str):
            marks = [getattr(part, "cache_control", None) for part in message.content or ()]
            if (mark := next((each for each in marks if each), None)) is not None:
                blocks.append(self._places.note(_point(mark), where))
        return blocks

    def _call(self, call: ToolCall, where: str) -> list[Block]:
        if call.custom is not None:
            use = ToolUse(tool_use_id=call.id, name=call.custom.name, input={"input": call.custom.input})
        elif call.function is not None:
            arguments = _arguments(call.function, call.id, where)
            use = ToolUse(tool_use_id=call.id, name=call.function.name, input=arguments)
        else:
            raise Refusal("invalid_request", f"{where}: a tool call needs its 'function'.", param=where)
        blocks = [self._places.note(Block(tool_use=use), where)]
        if call.cache_control is not None:
            blocks.append(self._places.note(_point(call.cache_control), where))
        return blocks

    def _legacy_call(self, call: Function, where: str) -> Block:
        self._legacy_calls += 1
        call_id = f"call_legacy_{self._legacy_calls}"
        self._last_calls[call.name] = call_id
        place = f"{where}.function_call"
        use = ToolUse(tool_use_id=call_id, name=call.name, input=_arguments(call, call_id, place))
        return self._places.note(Block(tool_use=use), place)

    def _thoughts(self, message: ChatMessage, where: str) -> list[Block]:
        """Reasoning of an earlier answer, which is sent back with its signature. What has none no model takes back."""
        parts: list[ThinkingPart | RedactedPart] = list(message.thinking_blocks or ())
        if not parts:
            parts = [
                found for each in message.reasoning_details or () if (found := _detail(each)) is not None
            ]
        place = f"{where}.thinking_blocks"
        return [self._places.note(_thought(part), place) for part in parts]

    def _content(self, message: ChatMessage, where: str) -> list[Block]:
        content = message.content
        if isinstance(content, str):
            return [self._places.note(Block(text=content), where)] if content else []
        blocks: list[Block] = []
        for number, part in enumerate(content or ()):
            place = f"{where}.content[{number}]"
            blocks.append(self._places.note(self._block(part, place), place))
            if (mark := getattr(part, "cache_control", None)) is not None:
                blocks.append(self._places.note(_point(mark), place))
        return blocks

    def _block(self, part: Part, where: str) -> Block:
        match part:
            case TextPart(text):
                return Block(text=text)
            case RefusalPart(refusal):
                return Block(text=refusal)
            case ImagePart(image_url):
                return Block(
                    image=image_block(
                        image_url if isinstance(image_url, str) else image_url.url, where, self._places
                    )
                )
            case FilePart(file):
                self._documents += 1
                return file_block(
                    data=file.file_data, filename=file.filename, where=where, number=self._documents
                )
            case ThinkingPart() | RedactedPart():
                return _thought(part)
            case AudioPart():
                told = (
                    "audio is not supported for models on Bedrock's Converse API. Send a transcript as text."
                )
            case VideoPart():
                told = "videos are not supported here. Send them at Bedrock's own entrance, /bedrock."
        raise Refusal("invalid_request", f"{where}: {told}", param=where)

    def _results(self, message: ChatMessage, where: str) -> list[ToolResultBlock]:
        """What a tool answered: texts, and images and documents where it sent some."""
        if isinstance(message.content, str):
            return [ToolResultBlock(text=message.content)] if message.content else []
        blocks = [
            self._block(part, f"{where}.content[{number}]")
            for number, part in enumerate(message.content or ())
        ]
        return [
            ToolResultBlock(text=block.text, image=block.image, document=block.document) for block in blocks
        ]


def _system(message: ChatMessage, where: str) -> list[SystemBlock]:
    blocks: list[SystemBlock] = []
    if isinstance(message.content, str):
        blocks.append(SystemBlock(text=message.content))
    else:
        for part in message.content or ():
            if not isinstance(part, TextPart):
                raise Refusal(
                    "invalid_request", f"{where}: a {message.role} message takes text only.", param=where
                )
            blocks.append(SystemBlock(text=part.text))
            if part.cache_control is not None:
                blocks.append(SystemBlock(cache_point=part.cache_control.point()))
    if message.cache_control is not None and blocks and blocks[-1].cache_point is None:
        blocks.append(SystemBlock(cache_point=message.cache_control.point()))
    return blocks


def _point(mark: CacheControl) -> Block:
    return Block(cache_point=mark.point())


def _thought(part: ThinkingPart | RedactedPart) -> Block:
    if isinstance(part, RedactedPart):
        return Block(reasoning_content={"redactedContent": part.data})
    shown = {"text": part.thinking} | ({"signature": part.signature} if part.signature else {})
    return Block(reasoning_content={"reasoningText": shown})


def _detail(given: Any) -> ThinkingPart | RedactedPart | None:
    """Reasoning as OpenRouter writes it."""
    if not isinstance(given, dict):
        return None
    text, signature, data = given.get("text"), given.get("signature"), given.get("data")
    if isinstance(text, str) and isinstance(signature, str):
        return ThinkingPart(text, signature)
    return RedactedPart(data) if isinstance(data, str) else None


def _arguments(function: Function, call_id: str, where: str) -> Any:
    """The arguments of a call, which come as a JSON text."""
    if isinstance(function.arguments, dict):
        return function.arguments
    try:
        return msgspec.json.decode(function.arguments.strip() or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else "not JSON"
        told = f"{where}: the arguments of tool call '{call_id[:100]}' are {why}."
        raise Refusal("invalid_request", told, param=where) from error
